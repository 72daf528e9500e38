// Packs every package that is published, as the registry gets it, and prints what each weighs:
//   node scripts/pack.mjs [--out <folder>] [--addons <folder>] [--release]
// `--addons` is where built addons lie, by default those of this machine; with `--release` one of them may not be missing.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { root } from "./files.mjs";
import { faultsOf } from "./package-contents.mjs";
import { ask, run, SetupError, step } from "./run.mjs";
import { command, setup } from "./setup.mjs";
import { pnpm } from "./toolchain.mjs";

/**
 * @typedef {import("./package-contents.mjs").Manifest} Manifest
 * @typedef {{ name: string, version: string, file: string, bytes: number, unpacked: number, paths: string[] }} Tarball
 */

/** The folders whose packages are published, as pnpm's filters. */
const published = ["./packages/*", "./native/node", "./native/wasm"];

/**
 * Packs into `out`: pnpm says which versions, then what is of use in this repository only is taken out, and the addon's package
 * gets a package for each platform beside it in place of addons inside it. Throws when a package holds what it should not.
 * @param {string} out
 * @param {{ addons?: string, release?: boolean }} [options]
 * @returns {Promise<Tarball[]>}
 */
export async function pack(out, { addons = `${root}native/node`, release = false } = {}) {
  const stage = mkdtempSync(join(tmpdir(), "thermocline-pack-"));
  try {
    const filters = published.flatMap((filter) => ["--filter", filter]);
    await pnpm(...filters, "--recursive", "pack", "--pack-destination", stage);
    const folders = [];
    for (const file of readdirSync(stage)) {
      const folder = join(stage, file.slice(0, -".tgz".length));
      mkdirSync(folder);
      await run("tar", ["-xzf", file, "-C", folder, "--strip-components=1"], { cwd: stage });
      const { name } = publish(folder);
      if (name === "@thermocline/native") folders.push(...(await splitByPlatform(folder, addons, release)));
      folders.push(folder);
    }
    mkdirSync(out, { recursive: true });
    const said = ask("npm", ["pack", ...folders, "--json", "--ignore-scripts", "--pack-destination", resolve(out)]);
    if (said === undefined) throw new SetupError("`npm pack` failed.");
    const tarballs = packed(JSON.parse(said), out);
    const faults = folders.flatMap((folder) => {
      const manifest = read(folder);
      const paths = tarballs.find(({ name }) => name === manifest.name)?.paths ?? [];
      return faultsOf(manifest, paths).map((fault) => `${manifest.name}: ${fault}`);
    });
    if (faults.length > 0) throw new SetupError(`These packages cannot be published:\n${faults.join("\n")}`);
    return tarballs;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * Makes a packed manifest the one to publish. On GitHub's machines it names the repository, which provenance is checked against.
 * @param {string} folder
 * @returns {Manifest}
 */
function publish(folder) {
  const { devDependencies: _, scripts: __, imports = {}, ...rest } = read(folder);
  /** @type {Manifest} */
  const manifest = rest;
  // Of the others, what is bundled was chosen when it was built.
  const kept = Object.entries(imports).filter(([, target]) => !JSON.stringify(target).includes('"./src/'));
  if (kept.length > 0) manifest.imports = Object.fromEntries(kept);
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  if (server && repository) manifest.repository = { type: "git", url: `git+${server}/${repository}.git` };
  write(folder, manifest);
  return manifest;
}

/**
 * Takes the addons out of the package in `folder` and makes a package of each that lies in `addons`; napi's manifests say on which
 * systems, processors and C libraries it is installed. All of them become optional dependencies.
 * @param {string} folder
 * @param {string} addons
 * @param {boolean} release
 * @returns {Promise<string[]>} the folders of those packages
 */
async function splitByPlatform(folder, addons, release) {
  for (const file of readdirSync(folder)) if (file.endsWith(".node")) rmSync(join(folder, file));
  const napi = `${root}native/node/node_modules/@napi-rs/cli/dist/cli.js`;
  await run(process.execPath, [napi, "create-npm-dirs"], { cwd: folder });
  const platforms = `${folder}-platforms`;
  cpSync(join(folder, "npm"), platforms, { recursive: true });
  rmSync(join(folder, "npm"), { recursive: true });

  const { napi: _, ...manifest } = read(folder);
  const optionalDependencies = /** @type {Record<string, string>} */ ({});
  const present = [];
  const missing = [];
  for (const platform of readdirSync(platforms)) {
    const target = join(platforms, platform);
    const { name, version, main } = read(target);
    optionalDependencies[name] = version;
    const addon = join(addons, main ?? "");
    if (existsSync(addon)) {
      copyFileSync(addon, join(target, main ?? ""));
      copyFileSync(`${root}LICENSE`, join(target, "LICENSE"));
      publish(target);
      present.push(target);
    } else missing.push(main);
  }
  if (release && missing.length > 0) throw new SetupError(`${addons} lacks ${missing.join(", ")}.`);
  write(folder, { ...manifest, optionalDependencies });
  return present;
}

/**
 * What `npm pack --json` said, which is an array or, of newer versions, an object by name.
 * @param {object} said
 * @param {string} out
 * @returns {Tarball[]}
 */
function packed(said, out) {
  /** @type {{ name: string, version: string, filename: string, size: number, unpackedSize: number, files: { path: string }[] }[]} */
  const all = Object.values(said);
  return all.map(({ name, version, filename, size, unpackedSize, files }) => ({
    name,
    version,
    file: join(out, filename),
    bytes: size,
    unpacked: unpackedSize,
    paths: files.map(({ path }) => path),
  }));
}

/**
 * @param {string} folder
 * @returns {Manifest}
 */
function read(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

/**
 * @param {string} folder
 * @param {Manifest} manifest
 */
function write(folder, manifest) {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await command(async () => {
    const { values } = parseArgs({
      options: { out: { type: "string" }, addons: { type: "string" }, release: { type: "boolean" } },
    });
    const { out = `${root}.setup/packed`, addons, release = false } = values;
    // A release has built everything elsewhere.
    if (!release) await setup({ wasm: true });
    const tarballs = await step("packing", () => pack(out, { ...(addons && { addons }), release }));
    const kilobytes = (/** @type {number} */ bytes) => (bytes / 1000).toFixed(0).padStart(8);
    console.log("      kB unpacked");
    for (const { file, bytes, unpacked } of tarballs) {
      console.log(`${kilobytes(bytes)} ${kilobytes(unpacked)}  ${relative(process.cwd(), file)}`);
    }
    return 0;
  });
}
