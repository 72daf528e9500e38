// Every check that a change must pass, one stage after another, and the runners' own counts as the last line:
//   node scripts/test.mjs [lint | types | <filters for vitest>]
// `lint` and `types` run only those stages; anything else goes to vitest, which then runs alone.
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { root } from "./files.mjs";
import { ask, inherit, seconds } from "./run.mjs";
import { command, setup } from "./setup.mjs";

/** @typedef {{ ok: boolean, passed: number, failed: number }} Outcome */

// The newest clippy (0.1.x) that the crates were read against. Lints that a newer one brings are advice, so that
// a fresh machine does not fail on a release that came after the code.
const newestClippy = 99;

const native = { cwd: `${root}native` };
const colors = `--colors=${process.stdout.isTTY ? "force" : "off"}`; // biome colours what it writes into files, too
const stages = [
  {
    name: "biome",
    group: "lint",
    run: () => check(process.execPath, "node_modules/@biomejs/biome/bin/biome", "ci", colors, "."),
  },
  { name: "rules", group: "lint", run: () => check(process.execPath, "scripts/check-rules.mjs") },
  { name: "rustfmt", group: "lint", run: () => cargo("fmt", "--all", "--check") },
  { name: "clippy", group: "lint", run: clippy },
  { name: "types", group: "types", run: () => check(process.execPath, "node_modules/typescript/bin/tsc", "-p", ".") },
  { name: "cargo test", group: "test", run: cargoTest },
  { name: "vitest", group: "vitest", run: vitest },
];

/**
 * A stage that passes or fails as a whole: passing adds nothing to the counts, failing adds one.
 * @param {string} name
 * @param {string[]} args
 * @returns {Promise<Outcome>}
 */
async function check(name, ...args) {
  return outcome((await inherit(name, args)) === 0, 0, 0);
}

/**
 * @param {string[]} args
 * @returns {Promise<Outcome>}
 */
async function cargo(...args) {
  return outcome((await inherit("cargo", args, native)) === 0, 0, 0);
}

/** @returns {Promise<Outcome>} */
function clippy() {
  const minor = Number(ask("cargo", ["clippy", "--version"], native)?.match(/0\.1\.(\d+)/)?.[1]);
  return cargo("clippy", "--workspace", "--all-targets", ...(minor > newestClippy ? [] : ["--", "-D", "warnings"]));
}

/** @returns {Promise<Outcome>} */
function cargoTest() {
  return new Promise((resolve, reject) => {
    const child = spawn("cargo", ["test", "--workspace"], { ...native, stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const results = [...output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed;/gm)];
      const sum = (/** @type {number} */ group) => results.reduce((total, result) => total + Number(result[group]), 0);
      resolve(outcome(code === 0, sum(1), sum(2)));
    });
  });
}

/**
 * @param {string[]} filters
 * @returns {Promise<Outcome>}
 */
async function vitest(filters) {
  const report = `${root}.setup/vitest.json`;
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const ok =
    (await inherit(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...filters])) === 0;
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
    return outcome(ok, numPassedTests, numFailedTests);
  } catch {
    return outcome(false, 0, 0); // it stopped before it could report
  }
}

/**
 * A failure that no runner counted, such as a test that does not compile, counts as one.
 * @param {boolean} ok
 * @param {number} passed
 * @param {number} failed
 * @returns {Outcome}
 */
function outcome(ok, passed, failed) {
  return { ok, passed, failed: ok ? failed : Math.max(failed, 1) };
}

await command(async () => {
  const args = process.argv.slice(2);
  const group = args.length === 0 ? "all" : args[0] === "lint" || args[0] === "types" ? args[0] : "vitest";
  await setup({ build: group !== "lint", lint: group === "all" || group === "lint" });

  const total = { passed: 0, failed: 0 };
  const summary = [];
  for (const stage of stages) {
    if (group !== "all" && group !== stage.group) continue;
    console.log(`\n=== ${stage.name}`);
    const start = performance.now();
    const { ok, passed, failed } = await stage.run(args);
    total.passed += passed;
    total.failed += failed;
    const counts = /test/.test(stage.name) ? `, ${passed} passed, ${failed} failed` : "";
    summary.push(`${ok ? "ok    " : "FAILED"} ${stage.name} (${seconds(start)}${counts})`);
  }
  console.log(`\n${summary.join("\n")}\n${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 ? 1 : 0;
});
