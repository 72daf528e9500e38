// Removes what builds leave behind, and the stamps that say they are current. Dependencies stay.
import { readdirSync, rmSync } from "node:fs";
import { root } from "./files.mjs";

const addon = readdirSync(`${root}native/node`).filter((name) => /^index\.|\.node$/.test(name));
const bundles = readdirSync(`${root}packages`).map((name) => `packages/${name}/dist`);
for (const path of [
  ".setup",
  "native/target",
  "native/wasm/dist",
  ...addon.map((name) => `native/node/${name}`),
  ...bundles,
]) {
  rmSync(root + path, { recursive: true, force: true });
}
