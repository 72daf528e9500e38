// Builds the addon and its generated loader. `napi build` can fail to write its type definitions and still exit 0,
// so what it must leave behind is checked here.
import { spawnSync } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const outputs = ["index.js", "index.d.ts"].map((name) => `${here}${name}`);
for (const output of outputs) rmSync(output, { force: true });

const flags = ["--platform", "--release", "--esm", "--no-const-enum", "--js", "index.js", "--dts", "index.d.ts"];
const { status, error } = spawnSync("napi", ["build", ...flags, ...process.argv.slice(2)], {
  cwd: here,
  stdio: "inherit",
  shell: process.platform === "win32",
});
if (error) throw error;
if (status !== 0) process.exit(status ?? 1);

for (const output of outputs) {
  if (!statSync(output, { throwIfNoEntry: false })?.size) {
    console.error(`napi build ended without an error, but ${output} is missing or empty.`);
    process.exit(1);
  }
}
