// Builds both modules, each with SIMD and without: wasm-pack compiles and binds, binaryen optimises. What comes of it is put together
// in dist/, where one binding serves both builds of a module, with the program of a worker thread.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";
import { bundleWorker } from "./bundle-worker.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = `${here}dist`;
const modules = { search: [], calibrate: ["--features", "calibrate"] };
const builds = [
  { folder: dist, flags: "-C target-feature=+simd128" },
  { folder: `${dist}/portable`, flags: "" },
];
const path = [`${here}../../.setup/cargo/bin`, process.env.PATH].join(delimiter);

rmSync(dist, { recursive: true, force: true });
for (const [name, features] of Object.entries(modules)) {
  for (const { folder, flags } of builds) {
    const out = `${here}../target/wasm-pack/${name}`;
    const args = ["build", "--target", "web", "--profile", "wasm", "--mode", "no-install", "--no-pack"];
    const { status, error } = spawnSync(
      "wasm-pack",
      [...args, "--out-name", name, "--out-dir", out, here, "--", "--locked", ...features],
      {
        stdio: "inherit",
        // Not RUSTFLAGS, which would build the crates' build scripts anew too.
        env: { ...process.env, PATH: path, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: flags },
      },
    );
    if (error) throw error;
    if (status !== 0) process.exit(status ?? 1);
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${name}_bg.wasm`, smallest(readFileSync(`${out}/${name}_bg.wasm`)));
    for (const binding of [`${name}.js`, `${name}.d.ts`]) {
      if (folder === dist) copyFileSync(`${out}/${binding}`, `${dist}/${binding}`);
      else if (!readFileSync(`${out}/${binding}`).equals(readFileSync(`${dist}/${binding}`))) {
        console.error(`${binding} differs between the builds with SIMD and without; one binding cannot serve both.`);
        process.exit(1);
      }
    }
  }
}

await bundleWorker();

/**
 * The module without what puts panics into words, which nobody would read: a panic is a trap, and this is where it traps. Then
 * optimised for size, twice, as the second time still finds something.
 * @param {Uint8Array} bytes
 */
function smallest(bytes) {
  const module = binaryen.readBinary(bytes);
  // What compilers use by themselves, and SIMD: with others, binaryen writes what engines of today refuse.
  const {
    BulkMemory,
    BulkMemoryOpt,
    Multivalue,
    MutableGlobals,
    NontrappingFPToInt,
    ReferenceTypes,
    SIMD128,
    SignExt,
  } = binaryen.Features;
  const { CallIndirectOverlong } = binaryen.Features;
  const plain = BulkMemory | BulkMemoryOpt | Multivalue | MutableGlobals | NontrappingFPToInt | SignExt;
  module.setFeatures(plain | ReferenceTypes | CallIndirectOverlong | SIMD128);
  // Its types do not have what it has.
  const functions = /** @type {{ Function: typeof module.Function }} */ (/** @type {unknown} */ (binaryen)).Function;
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const { name } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (!/panic_fmt|rust_begin_unwind/.test(name)) continue;
    functions.setBody(module.getFunction(name), module.unreachable());
  }
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  module.optimize();
  module.optimize();
  return module.emitBinary();
}
