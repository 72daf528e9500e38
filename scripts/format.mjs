// Formats every file and applies the safe fixes of the linter.
import { root } from "./files.mjs";
import { inherit } from "./run.mjs";
import { command, setup } from "./setup.mjs";

await command(async () => {
  await setup({ build: false, lint: true });
  const biome = await inherit(process.execPath, ["node_modules/@biomejs/biome/bin/biome", "check", "--write", "."]);
  const rustfmt = await inherit("cargo", ["fmt", "--all"], { cwd: `${root}native` });
  return biome || rustfmt;
});
