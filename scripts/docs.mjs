// Builds the documentation's site, or serves it while it is written; needs dependencies, but none of the builds:
//   node scripts/docs.mjs [dev]
import { root } from "./files.mjs";
import { inherit } from "./run.mjs";
import { command, setup } from "./setup.mjs";

await command(async () => {
  await setup({ build: false });
  return inherit(process.execPath, [`${root}docs/build.mjs`, ...process.argv.slice(2)]);
});
