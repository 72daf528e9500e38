// What a package may hold when it is published.

/**
 * @typedef {{
 *   name: string,
 *   version: string,
 *   main?: string,
 *   module?: string,
 *   types?: string,
 *   exports?: unknown,
 *   imports?: Record<string, unknown>,
 *   napi?: unknown,
 *   bin?: unknown,
 *   repository?: unknown,
 *   scripts?: Record<string, string>,
 *   dependencies?: Record<string, string>,
 *   devDependencies?: Record<string, string>,
 *   optionalDependencies?: Record<string, string>,
 *   peerDependencies?: Record<string, string>,
 * }} Manifest
 */

const always = ["package.json", "README.md", "LICENSE"];

/** Scripts that run on the machine of whoever installs. */
export const installScripts = ["preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare"];

/** Built files, with their maps and declarations, and what was written as it is published. */
const built =
  /^(dist\/.*\.(js|cjs|mjs|wasm|html|css|map|d\.ts|d\.cts|d\.mts)|(binaries\/)?[\w-]+\.(js|d\.ts)|[\w.-]+\.node)$/;

/**
 * Why a package of these files cannot be published: one line a fault.
 * @param {Manifest} manifest
 * @param {readonly string[]} paths
 * @returns {string[]}
 */
export function faultsOf(manifest, paths) {
  const faults = always.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`);
  for (const path of paths)
    if (!always.includes(path) && !built.test(path)) faults.push(`${path} does not belong in it`);
  for (const target of targetsOf(manifest)) {
    if (!paths.includes(target.replace(/^\.\//, ""))) faults.push(`its manifest names ${target}, which is missing`);
  }
  for (const script of installScripts) if (manifest.scripts?.[script]) faults.push(`it has the script ${script}`);
  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  for (const [name, range] of Object.entries({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    if (/^(workspace|catalog|file|link):/.test(range)) faults.push(`${name}@${range} is no version`);
  }
  const addons = paths.filter((path) => path.endsWith(".node"));
  const expected = /^@thermocline\/native-/.test(manifest.name) ? 1 : 0;
  if (addons.length !== expected) faults.push(`it has ${addons.length} addons in place of ${expected}`);
  return faults;
}

/**
 * Every file that a manifest promises to those who import the package.
 * @param {Manifest} manifest
 * @returns {Set<string>}
 */
export function targetsOf({ main, module, types, exports, imports }) {
  const found = new Set([main, module, types].filter((path) => path !== undefined));
  const collect = (/** @type {unknown} */ value) => {
    if (typeof value === "string") found.add(value);
    else if (value && typeof value === "object") Object.values(value).forEach(collect);
  };
  collect(exports);
  collect(imports);
  return found;
}
