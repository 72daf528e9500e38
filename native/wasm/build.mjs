// Builds both modules, each with SIMD and without: wasm-pack compiles, binds and optimises. What it writes is put together in
// dist/, where one binding serves both builds of a module.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const dist = `${here}dist`;
const modules = { search: [], calibrate: ["--features", "calibrate"] };
const builds = [
  { folder: dist, flags: "-C target-feature=+simd128" },
  { folder: `${dist}/portable`, flags: "" },
];
// The project's own tools, and wasm-opt.
const tools = [`${here}../../.setup/cargo/bin`, `${here}node_modules/.bin`];
const path = [...tools, process.env.PATH].join(delimiter);

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
    copyFileSync(`${out}/${name}_bg.wasm`, `${folder}/${name}_bg.wasm`);
    for (const binding of [`${name}.js`, `${name}.d.ts`]) {
      if (folder === dist) copyFileSync(`${out}/${binding}`, `${dist}/${binding}`);
      else if (!readFileSync(`${out}/${binding}`).equals(readFileSync(`${dist}/${binding}`))) {
        console.error(`${binding} differs between the builds with SIMD and without; one binding cannot serve both.`);
        process.exit(1);
      }
    }
  }
}
