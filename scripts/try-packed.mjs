// Installs packed packages into an empty project, with the addon of this platform, and runs it: what a release is tested with on every
// platform. Needs nothing but Node and npm.
//   node scripts/try-packed.mjs <folder of tarballs>
import { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { root } from "./files.mjs";
import { ask, SetupError } from "./run.mjs";
import { command } from "./setup.mjs";

/** @param {readonly string[]} names of tarballs @returns {string} the one of this platform's addon */
function addonOf(names) {
  const { platform, arch } = process;
  const { glibcVersionRuntime } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (
    process.report.getReport()
  ).header;
  const abi = platform === "linux" ? (glibcVersionRuntime ? "-gnu" : "-musl") : platform === "win32" ? "-msvc" : "";
  const found = names.find((name) => name.startsWith(`thermocline-native-${platform}-${arch}${abi}-`));
  if (!found) throw new SetupError(`There is no addon for ${platform}-${arch}${abi}.`);
  return found;
}

await command(async () => {
  const folder = resolve(process.argv[2] ?? "packed");
  const names = readdirSync(folder);
  const wanted = [/^thermocline-core-/, /^thermocline-wasm-/, /^thermocline-native-\d/];
  const tarballs = [...names.filter((name) => wanted.some((pattern) => pattern.test(name))), addonOf(names)];
  const project = mkdtempSync(join(realpathSync(tmpdir()), "thermocline-packed-"));
  try {
    writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }');
    cpSync(`${root}tests/install/programs`, project, { recursive: true });
    const files = tarballs.map((name) => join(folder, name));
    if (ask("npm", ["install", "--ignore-scripts", "--no-audit", ...files], { cwd: project }) === undefined) {
      throw new SetupError(`npm could not install ${tarballs.join(", ")}.`);
    }
    for (const backend of ["native", "wasm"]) {
      const env = { THERMOCLINE_KERNEL: backend };
      const said = ask(process.execPath, ["print.mjs", `${backend}.db`], { cwd: project, env })?.trim();
      console.log(`${process.platform}-${process.arch} ${process.version}: ${said}`);
      const answer = JSON.parse(said ?? "{}");
      if (answer.found !== "r7" || answer.backend !== backend) throw new SetupError(`The ${backend} kernel failed.`);
    }
    return 0;
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
});
