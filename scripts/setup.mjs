// Brings a checkout to where it runs, doing only what is missing, and then runs Node with what follows `--`:
//   node scripts/setup.mjs [--rebuild] [-- <arguments for node>]
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { files, root } from "./files.mjs";
import { inherit, SetupError, say, step } from "./run.mjs";
import { checkNode, ensureLinker, ensureRust, ensureWasmTools, pnpm } from "./toolchain.mjs";

const state = `${root}.setup/`;

/**
 * Dependencies, then the builds unless `build` is false; `lint` asks for the Rust linters too, `wasm` for WebAssembly, whose
 * tools take minutes to install.
 * @param {{ build?: boolean, lint?: boolean, rebuild?: boolean, wasm?: boolean }} [options]
 */
export async function setup({ build = true, lint = false, rebuild = false, wasm = false } = {}) {
  checkNode();
  mkdirSync(state, { recursive: true });
  if (rebuild) for (const name of ["native", "wasm", "packages", "static"]) rmSync(state + name, { force: true });

  // `bench/peers` is a workspace of its own, which the speed suite installs when it needs it.
  const manifests = files().filter((file) =>
    /^(?!bench\/peers\/)(.*\/)?(package\.json|pnpm-(lock|workspace)\.yaml)$/.test(file),
  );
  // pnpm gives a folder to every package that depends on something.
  const linked = manifests
    .filter((file) => file.endsWith("package.json") && readFileSync(root + file, "utf8").includes('ependencies":'))
    .map((file) => `${file.slice(0, -"package.json".length)}node_modules`);
  await once("dependencies", manifests, ["node_modules/.modules.yaml", ...linked], () =>
    step("installing dependencies", () => pnpm("install", "--frozen-lockfile", "--config.confirm-modules-purge=false")),
  );
  if (lint) await exclusively(() => ensureRust({ lint }));
  if (!build) return;

  const crates = files("native/").filter((file) => /\.(rs|toml|lock|json|mjs)$/.test(file));
  const of = (/** @type {string} */ binding) => crates.filter((file) => !file.startsWith(`native/${binding}/`));
  const addon = ["index.js", "index.d.ts", "thermocline.*.node"].map((name) => `native/node/${name}`);
  await once("native", of("wasm"), addon, async () => {
    await ensureLinker();
    await ensureRust();
    await step("building the native kernel", () => pnpm("--filter", "@thermocline/native", "run", "build"));
  });

  const modules = ["search", "calibrate"].flatMap((name) => [
    `${name}.js`,
    `${name}_bg.wasm`,
    `portable/${name}_bg.wasm`,
  ]);
  if (wasm) {
    await once(
      "wasm",
      of("node"),
      [...modules, "worker.mjs"].map((name) => `native/wasm/dist/${name}`),
      async () => {
        await ensureLinker();
        await ensureRust();
        await ensureWasmTools();
        await step("building the WebAssembly kernel", () => pnpm("--filter", "@thermocline/wasm", "run", "build"));
      },
    );
  }

  const sources = files("packages/").filter((file) => /\.(tsx?|json|css|html)$/.test(file));
  const bundles = sources.flatMap((file) => file.match(/^packages\/.+\/(?=package\.json$)/) ?? []);
  await once(
    "packages",
    [...sources, "tsconfig.base.json", "pnpm-lock.yaml"],
    [...bundles.map((folder) => `${folder}dist/index.js`), "packages/inspector/dist/page/index.html"],
    () => step("building the packages", () => pnpm("--filter", "./packages/*", "run", "build")),
  );
  if (!wasm) return;
  // The page that opens files in the browser has the engine inside.
  await once(
    "static",
    [...sources, ...of("node"), "tsconfig.base.json", "pnpm-lock.yaml"],
    ["packages/inspector/dist/static/index.html"],
    () =>
      step("building the inspector's page", () => pnpm("--filter", "@thermocline/inspector", "run", "build:static")),
  );
}

/**
 * Does `action` unless it has succeeded on this platform with the same `inputs` and its `outputs` are still there.
 * @param {string} name
 * @param {readonly string[]} inputs
 * @param {readonly string[]} outputs
 * @param {() => Promise<void>} action
 */
async function once(name, inputs, outputs, action) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const input of inputs) hash.update(`\0${input}\0`).update(readFileSync(root + input));
  const digest = hash.digest("hex");
  const stamp = state + name;
  const done = () => existsSync(stamp) && readFileSync(stamp, "utf8") === digest && outputs.every(present);

  if (done()) return;
  await exclusively(async () => {
    if (done()) return;
    rmSync(stamp, { force: true });
    await action();
    writeFileSync(`${stamp}.new`, digest);
    renameSync(`${stamp}.new`, stamp);
  });
}

/** @param {string} output a path from the root, whose last part may have one `*` */
function present(output) {
  if (!output.includes("*")) return existsSync(root + output);
  const [before = "", after = ""] = basename(output).split("*");
  return readdirSync(root + dirname(output)).some((name) => name.startsWith(before) && name.endsWith(after));
}

/**
 * Runs `action` while no other set-up of this checkout changes anything. The lock names its process, so that one left
 * behind by a process that was killed does not count.
 * @template T
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function exclusively(action) {
  const lock = `${state}lock`;
  for (let told = false; !tryLock(lock); told = true) {
    if (!told) say(`set-up: waiting for another set-up to end (if there is none, delete ${lock})\n`);
    await sleep(250);
  }
  try {
    return await action();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** @param {string} lock */
function tryLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    try {
      process.kill(Number(readFileSync(lock, "utf8")), 0);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === "ESRCH") rmSync(lock, { force: true });
    }
    return false;
  }
}

/**
 * Runs `main` as a command: a set-up that failed says why in its own words, anything else is a defect and shows its stack.
 * @param {() => Promise<number>} main
 */
export async function command(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`\n${error.message}\n`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await command(async () => {
    const separator = process.argv.indexOf("--");
    await setup({ rebuild: process.argv[2] === "--rebuild", wasm: separator < 0 });
    return separator < 0 ? 0 : inherit(process.execPath, process.argv.slice(separator + 1));
  });
}
