// Every check that a change must pass, one stage after another, and the runners' own counts as the last line:
//   node scripts/test.mjs [lint | types | arm64 | wasm [<filters for vitest>] | install [<filters>] | <filters for vitest>]
// `lint`, `types` and `arm64` run only those stages, `install` what is in no other run; anything else goes to vitest, which then runs alone.
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { root } from "./files.mjs";
import { ask, inherit, SetupError, seconds } from "./run.mjs";
import { command, exclusively, setup } from "./setup.mjs";
import { arm64, ensureArm64 } from "./toolchain.mjs";

/** @typedef {{ ok: boolean, passed: number, failed: number, failures: string[] }} Outcome */

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
  { name: "cargo test", group: "test", run: () => cargoTest(["--workspace"]) },
  { name: "arm64 test", group: "arm64", run: arm64Test },
  { name: "vitest", group: "vitest", run: (/** @type {string[]} */ filters) => vitest(filters) },
  { name: "vitest on WebAssembly", group: "wasm", run: onWasm },
  { name: "vitest on installed packages", group: "install", run: onInstalled, alone: true },
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

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Outcome>}
 */
function cargoTest(args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn("cargo", ["test", ...args], {
      ...native,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
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
 * The kernel's instruction set for arm64, under an emulator. Asked for by name, all of the kernel's tests but the fits; as a
 * part of all tests, without what fits need, those of the instruction set and of the stored codebooks; and where the tools for
 * it cannot be had, none.
 * @param {string[]} args
 * @returns {Promise<Outcome>}
 */
async function arm64Test(args) {
  const alone = args.length > 0;
  if (process.platform === "linux" && process.arch === "arm64") {
    console.log("This machine is an arm64 itself: `cargo test` has run these tests.");
    return outcome(true, 0, 0);
  }
  let env;
  try {
    env = await exclusively(ensureArm64);
  } catch (error) {
    if (alone || !(error instanceof SetupError)) throw error;
    console.log(`Left out: ${error.message}`);
    return outcome(true, 0, 0);
  }
  // Optimising the dependencies would take longer than the tests run without.
  const build = ["-p", "thermocline-kernel", "--target", arm64, "--config", 'profile.dev.package."*".opt-level=0'];
  if (!alone) build.push("--no-default-features");
  const names = alone ? ["golden", "golden_spectra_ltm", "spectral_golden"] : ["golden"];
  const golden = names.flatMap((name) => ["--test", name]);
  const modules = alone ? ["arch::", "fourier::", "partition::", "top_k::"] : ["arch::"];
  const variables = { PROPTEST_CASES: alone ? "256" : "32", ...process.env, ...env };
  const inside = await cargoTest([...build, "--lib", "--", ...modules], variables);
  const vectors = await cargoTest([...build, ...golden], variables);
  return outcome(inside.ok && vectors.ok, inside.passed + vectors.passed, inside.failed + vectors.failed);
}

/**
 * @param {string[]} filters
 * @param {"auto" | "wasm"} kernel
 * @returns {Promise<Outcome>}
 */
async function vitest(filters, kernel = "auto") {
  const report = `${root}.setup/vitest.json`;
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const ok =
    (await inherit(process.execPath, ["node_modules/vitest/vitest.mjs", "run", ...reporters, ...filters], {
      env: { THERMOCLINE_KERNEL: kernel },
    })) === 0;
  try {
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
    return outcome(ok, numPassedTests, numFailedTests, testResults.flatMap(failures));
  } catch {
    return outcome(false, 0, 0); // it stopped before it could report
  }
}

/**
 * What failed in a file of tests, a line for each, and the file itself where it could not be run.
 * @param {{ name: string, status: string, message: string, assertionResults: { fullName: string, status: string, failureMessages: string[] }[] }} file
 * @returns {string[]}
 */
function failures(file) {
  const path = file.name.replace(root, "");
  const failed = file.assertionResults.filter(({ status }) => status === "failed");
  if (failed.length === 0) return file.status === "failed" ? [`${path}: ${file.message}`] : [];
  return failed.map(({ fullName, failureMessages }) => `${path}: ${fullName}\n    ${failureMessages.join("\n    ")}`);
}

/** What all of core's tests would find of a difference between the kernels, the most part of it in a fraction of the time. */
const wasmSample = [
  "golden",
  "wasm",
  "store.test",
  "store-search",
  "store-reopen",
  "store-tiers",
  "filter.test",
  "conformance.test",
];

/**
 * @param {string[]} args
 * @returns {Promise<Outcome>}
 */
function onWasm([group, ...filters]) {
  return vitest(group === "wasm" ? filters : wasmSample, "wasm");
}

/**
 * The packages in projects of their own.
 * @param {string[]} args
 * @returns {Promise<Outcome>}
 */
function onInstalled([, ...filters]) {
  return vitest(["--config", "vitest.install.config.ts", ...filters]);
}

/**
 * A failure that no runner counted, such as a test that does not compile, counts as one.
 * @param {boolean} ok
 * @param {number} passed
 * @param {number} failed
 * @param {string[]} [failures]
 * @returns {Outcome}
 */
function outcome(ok, passed, failed, failures = []) {
  return { ok, passed, failed: ok ? failed : Math.max(failed, 1), failures };
}

await command(async () => {
  const args = process.argv.slice(2);
  const [first] = args;
  const group = first === undefined ? "all" : /^(lint|types|arm64|wasm|install)$/.test(first) ? first : "vitest";
  const build = group !== "lint" && group !== "arm64";
  await setup({ build, lint: group === "all" || group === "lint", wasm: build });

  const total = { passed: 0, failed: 0 };
  const summary = [];
  for (const stage of stages) {
    if (group === "all" ? stage.alone : group !== stage.group) continue;
    console.log(`\n=== ${stage.name}`);
    const start = performance.now();
    const { ok, passed, failed, failures } = await stage.run(args);
    total.passed += passed;
    total.failed += failed;
    const counts = /test/.test(stage.name) ? `, ${passed} passed, ${failed} failed` : "";
    summary.push(`${ok ? "ok    " : "FAILED"} ${stage.name} (${seconds(start)}${counts})`);
    summary.push(...failures.map((failure) => `  ${failure}`));
  }
  console.log(`\n${summary.join("\n")}\n${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 ? 1 : 0;
});
