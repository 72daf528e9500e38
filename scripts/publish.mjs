// Publishes packed packages with provenance, those that others need first. Ones that are there already are passed over, so a release that
// broke off is started again.
//   node scripts/publish.mjs <folder of tarballs> <tag> [--dry-run]
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { ask, inherit, SetupError } from "./run.mjs";
import { command } from "./setup.mjs";

/** Addons, then kernels, then core, then adapters: no package is there before what it depends on. */
const order = [/^thermocline-native-\D/, /^thermocline-(native|wasm)-\d/, /^thermocline-core-/, /^/];

await command(async () => {
  const [folder = "packed", tag = "", ...options] = process.argv.slice(2);
  const ranked = readdirSync(resolve(folder))
    .filter((name) => name.endsWith(".tgz"))
    .map((name) => ({ name, rank: order.findIndex((pattern) => pattern.test(name)) }))
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
  for (const { name } of ranked) {
    const [, short = "", version = ""] = name.match(/^thermocline-(.*?)-(\d+\.\d+\.\d+.*)\.tgz$/) ?? [];
    if (tag !== `v${version}`)
      throw new SetupError(`${name} is not what the tag ${tag} says; bump the versions first.`);
    if (ask("npm", ["view", `@thermocline/${short}@${version}`, "version"])?.trim() === version) continue;
    const channel = version.includes("-") ? "next" : "latest";
    const args = ["publish", join(resolve(folder), name), "--access", "public", "--provenance", "--tag", channel];
    if ((await inherit("npm", [...args, ...options])) !== 0) throw new SetupError(`${name} was not published.`);
  }
  return 0;
});
