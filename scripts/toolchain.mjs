// The tools that a build needs: each is used as found, else installed, else named with the reason and the remedy.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { root } from "./files.mjs";
import { ask, onPath, run, SetupError, say, step } from "./run.mjs";

const pnpmVersion = "10.34.9";
const oldestRust = 89; // 1.89, which has the AVX-512 intrinsics
const toolchain = ["--profile", "minimal", "--component", "rustfmt", "--component", "clippy"];

// Login shells have rustup's folder on their PATH; editors, cron and CI often do not.
const cargoBin = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "bin");
process.env.PATH = `${process.env.PATH}${delimiter}${cargoBin}`;

/** Throws on a Node that the dependencies do not run on. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new SetupError(
    `Node 20.19 or newer is needed; this is ${process.versions.node}. Install a current one from https://nodejs.org.`,
  );
}

/**
 * Runs pnpm 10: the one on PATH, else one that npm fetches.
 * @param {string[]} args
 */
export function pnpm(...args) {
  // Our pin and not the `packageManager` field decides here, so that pnpm does not go and fetch itself. Under
  // `npm --silent` it would inherit the silence, and a failure would have no reason.
  const env = { npm_config_manage_package_manager_versions: "false", npm_config_loglevel: "warn" };
  const found = ask("pnpm", ["--version"], { env })?.startsWith("10.");
  const [command, before] = found ? ["pnpm", []] : ["npx", ["--yes", `pnpm@${pnpmVersion}`]];
  return run(command, [...before, ...args], { env });
}

/** A C compiler that links: Rust calls it for every binary. On Windows rustc finds Microsoft's linker itself. */
export async function ensureLinker() {
  if (process.platform === "win32" || canLink()) return;
  const packages = ["gcc", "libc6-dev"];
  if (canApt()) await step(`Debian packages ${packages.join(" ")}`, () => apt(packages));
  if (canLink()) return;
  const debian = onPath("apt-get") ? `sudo apt-get install ${packages.join(" ")}` : "your distribution's gcc or clang";
  const remedy = process.platform === "darwin" ? "xcode-select --install" : debian;
  throw new SetupError(
    "A C compiler (`cc`) that can link a program is needed to build the native kernel, and there is none.\n" +
      `Install one and run the same command again: ${remedy}`,
  );
}

function canLink() {
  const folder = mkdtempSync(join(tmpdir(), "thermocline-"));
  const linked = ask("cc", ["-x", "c", "-", "-o", join(folder, "probe")], { input: "int main(void) { return 0; }" });
  rmSync(folder, { recursive: true });
  return linked !== undefined;
}

/**
 * Leaves a recent enough cargo first on this process's PATH, with rustfmt and clippy when `lint` is asked for.
 * @param {{ lint?: boolean }} [options]
 */
export async function ensureRust({ lint = false } = {}) {
  if (useRust(lint)) return;
  /** @type {string[]} */
  const failures = [];
  for (const { title, applies, install } of rustSources) {
    if (!applies()) continue;
    try {
      await step(title, install);
    } catch (error) {
      const [reason = "", ...output] = String(error instanceof Error ? error.message : error).split("\n");
      say(`        ${reason}\n`);
      failures.push(`- ${title}: ${[reason, ...output.slice(-4)].join("\n  ")}\n`);
    }
    if (useRust(lint)) return;
  }
  const remedy =
    process.platform === "win32"
      ? "winget install Rustlang.Rustup"
      : "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal -c rustfmt -c clippy";
  throw new SetupError(
    `Rust 1.${oldestRust} or newer (cargo, rustc${lint ? ", rustfmt, clippy" : ""}) is needed to build the native kernel. ` +
      `It was not found, and installing it did not work:\n${failures.join("")}` +
      `Install it by hand and run the same command again: ${remedy}`,
  );
}

/** Ways to get Rust, best first. */
const rustSources = [
  {
    title: "rustfmt and clippy, by rustup",
    applies: () => onPath("rustup") && useRust(false),
    install: () => run("rustup", ["component", "add", "rustfmt", "clippy"], { cwd: `${root}native` }),
  },
  {
    title: "Rust stable, by rustup",
    applies: () => onPath("rustup") && !useRust(false),
    install: () => run("rustup", ["toolchain", "install", "stable", ...toolchain]),
  },
  { title: "Rust stable, by rustup-init", applies: () => !onPath("rustup"), install: rustupInit },
  {
    title: "Rust, by Debian packages",
    applies: canApt,
    install: () => apt(["cargo-web", "rustc-web", "rustfmt-web", "rust-web-clippy"]),
  },
];

/**
 * Looks on PATH, then where rustup and Debian install, and puts the first Rust that will do at the front of PATH.
 * @param {boolean} lint
 */
function useRust(lint) {
  const path = process.env.PATH ?? "";
  return [path, `${cargoBin}${delimiter}${path}`, `/usr/bin${delimiter}${path}`].some((candidate) => {
    process.env.PATH = candidate;
    // The probe must not download: a toolchain that rustup only knows by name counts as missing.
    const works = (/** @type {string} */ command, /** @type {string[]} */ ...args) =>
      ask(command, [...args, "--version"], { cwd: `${root}native`, env: { RUSTUP_AUTO_INSTALL: "0" } });
    const minor = Number(works("rustc")?.match(/^rustc 1\.(\d+)/)?.[1]);
    if (minor >= oldestRust && works("cargo") && (!lint || (works("cargo", "fmt") && works("cargo", "clippy"))))
      return true;
    process.env.PATH = path;
    return false;
  });
}

/** Downloads rustup's installer, checks it against the published digest, and runs it without touching shell profiles. */
async function rustupInit() {
  const windows = process.platform === "win32";
  const file = windows ? "rustup-init.exe" : "rustup-init";
  const url = `https://static.rust-lang.org/rustup/dist/${hostTriple()}/${file}`;
  const [installer, digest] = await Promise.all([download(url), download(`${url}.sha256`)]);
  const expected = digest.toString().slice(0, 64);
  const actual = createHash("sha256").update(installer).digest("hex");
  if (actual !== expected) throw new Error(`${url} has sha256 ${actual}, but ${expected} is published`);

  const folder = mkdtempSync(join(tmpdir(), "thermocline-"));
  try {
    writeFileSync(join(folder, file), installer, { mode: 0o755 });
    // An older Rust elsewhere on the machine is no reason to refuse.
    const env = { RUSTUP_INIT_SKIP_PATH_CHECK: "yes" };
    await run(join(folder, file), ["-y", "--no-modify-path", "--default-toolchain", "stable", ...toolchain], { env });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function hostTriple() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  const arch = new Map([
    ["x64", "x86_64"],
    ["arm64", "aarch64"],
  ]).get(process.arch);
  const system = new Map([
    ["linux", report.header.glibcVersionRuntime ? "unknown-linux-gnu" : "unknown-linux-musl"],
    ["darwin", "apple-darwin"],
    ["win32", "pc-windows-msvc"],
  ]).get(process.platform);
  if (!arch || !system) throw new Error(`there is no installer for ${process.platform} on ${process.arch}`);
  return `${arch}-${system}`;
}

/** @param {string} url */
async function download(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(300_000) });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  } catch (error) {
    const { message, cause } = /** @type {Error} */ (error);
    throw new Error(`${url} could not be downloaded: ${cause instanceof Error ? cause.message : message}`);
  }
}

const wasmBindgen = "0.2.130"; // the one that native/Cargo.lock has: another refuses what it has bound
const wasmPack = "0.15.1";

/** The WebAssembly target, wasm-pack, and wasm-bindgen's program: as found, else in `.setup/cargo`, which takes minutes. */
export async function ensureWasmTools() {
  const target = "wasm32-unknown-unknown";
  const native = { cwd: `${root}native` };
  const sysroot = ask("rustc", ["--print", "sysroot"], native)?.trim() ?? "";
  if (!existsSync(join(sysroot, "lib", "rustlib", target))) {
    if (!onPath("rustup")) {
      throw new SetupError(
        `Rust's target ${target} is needed to build the WebAssembly kernel, and there is no rustup to add it with.\n` +
          `Install rustup (https://rustup.rs), or the package of your distribution that has it.`,
      );
    }
    await step(`Rust's target ${target}, by rustup`, () => run("rustup", ["target", "add", target], native));
  }
  const own = join(root, ".setup", "cargo");
  process.env.PATH = `${join(own, "bin")}${delimiter}${process.env.PATH}`;
  const install = (/** @type {string[]} */ ...args) => run("cargo", ["install", "--debug", "--root", own, ...args]);
  // Optimised, the tools would take three times as long to compile as they ever save.
  if (!ask("wasm-pack", ["--version"])) {
    await step("wasm-pack, by cargo", () => install("wasm-pack", "--version", wasmPack, "--locked"));
  }
  if (ask("wasm-bindgen", ["--version"])?.trim().endsWith(wasmBindgen) !== true) {
    // Its lock file names a crate that not every mirror has.
    await step("wasm-bindgen, by cargo", () =>
      install("wasm-bindgen-cli", "--version", wasmBindgen, "--bin", "wasm-bindgen"),
    );
  }
}

/**
 * A Python that has NumPy, for the tests that read and write files with it: the one on PATH, else one in `.setup/python`,
 * made by `venv` and pip, else Debian's.
 * @returns {Promise<string>} its path or command
 */
export async function ensureNumpy() {
  const own = join(root, ".setup", "python");
  const bin = process.platform === "win32" ? join(own, "Scripts", "python.exe") : join(own, "bin", "python");
  const runs = (/** @type {string} */ python, /** @type {string} */ program) =>
    ask(python, ["-c", program]) !== undefined;
  const find = () => ["python3", "python", bin, "/usr/bin/python3"].find((python) => runs(python, "import numpy"));
  const present = find();
  if (present) return present;

  /** @type {string[]} */
  const failures = [];
  const python = ["python3", "python"].find((each) => runs(each, "import sys; assert sys.version_info >= (3, 9)"));
  const sources = [
    {
      title: "NumPy, by pip in .setup/python",
      applies: python !== undefined,
      install: async () => {
        await run(python ?? "", ["-m", "venv", "--clear", own]);
        await run(bin, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "numpy"]);
      },
    },
    { title: "Debian package python3-numpy", applies: canApt(), install: () => apt(["python3-numpy"]) },
  ];
  for (const { title, applies, install } of sources) {
    if (!applies) continue;
    try {
      await step(title, install);
    } catch (error) {
      failures.push(`- ${title}: ${error instanceof Error ? error.message : error}\n`);
    }
    const installed = find();
    if (installed) return installed;
  }
  throw new SetupError(
    "Python 3 with NumPy is needed to test the files that Python users open. It was not found, and installing it did " +
      `not work:\n${failures.join("")}Install them by hand and run the same command again: https://www.python.org, ` +
      "then `python3 -m pip install numpy`",
  );
}

/** Rust's name of the arm64 machines that the kernel is tested for. */
export const arm64 = "aarch64-unknown-linux-gnu";

const arm64Linker = "aarch64-linux-gnu-gcc";
const arm64Emulator = "qemu-aarch64";

/**
 * What it takes to build Rust for arm64 Linux and to run it on another processor: the target's standard library, a cross
 * linker and an emulator.
 * @returns {Promise<Record<string, string>>} the environment that makes cargo use them
 */
export async function ensureArm64() {
  await ensureLinker();
  await ensureRust();
  const hasStd = () => {
    const folder = ask("rustc", ["--print", "target-libdir", "--target", arm64], { cwd: `${root}native` })?.trim();
    return folder !== undefined && existsSync(folder);
  };
  if (!hasStd() && onPath("rustup"))
    await step(`Rust's ${arm64}, by rustup`, () => run("rustup", ["target", "add", arm64], { cwd: `${root}native` }));
  if (!hasStd())
    throw new SetupError(`Rust's standard library for ${arm64} is missing. Install it: rustup target add ${arm64}`);

  const packages = ["qemu-user", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"];
  const hasTools = () => onPath(arm64Linker) && onPath(arm64Emulator);
  if (!hasTools() && canApt()) await step(`Debian packages ${packages.join(" ")}`, () => apt(packages));
  if (!hasTools())
    throw new SetupError(
      `${arm64Linker} and ${arm64Emulator} are needed to test the kernel for arm64 on this machine, and are not both on PATH.\n` +
        `Install them and run the same command again; on Debian: sudo apt-get install ${packages.join(" ")}`,
    );
  const cargo = `CARGO_TARGET_${arm64.toUpperCase().replaceAll("-", "_")}`;
  return { [`${cargo}_LINKER`]: arm64Linker, [`${cargo}_RUNNER`]: `${arm64Emulator} -L /usr/aarch64-linux-gnu` };
}

/**
 * A Chromium for the tests in a real browser: one that is installed, else Debian's.
 * @returns {Promise<string>} its path
 */
export async function ensureChromium() {
  const known = [
    ...["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"].map((name) => `/usr/bin/${name}`),
    "/snap/bin/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  ];
  const find = () => known.find((path) => existsSync(path));
  const present = process.env.CHROMIUM ?? find();
  if (present) return present;
  let failure = "";
  try {
    if (canApt()) await step("Debian package chromium", () => apt(["chromium"]));
  } catch (error) {
    failure = ` Installing it did not work: ${error instanceof Error ? error.message : error}\n`;
  }
  const installed = find();
  if (installed) return installed;
  const remedy = onPath("apt-get")
    ? "sudo apt-get install chromium"
    : "https://www.chromium.org/getting-involved/download-chromium";
  throw new SetupError(
    `Chromium or Chrome is needed to test stores in a page, and there is none in the usual places.\n${failure}` +
      `Install one, or give its path in the environment variable CHROMIUM, and run the same command again: ${remedy}`,
  );
}

/**
 * Whether a shell is there, for the tests of what completes in it; installed where that can be done without asking.
 * @param {string} shell
 */
export async function hasShell(shell) {
  try {
    if (!onPath(shell) && canApt()) await step(`Debian package ${shell}`, () => apt([shell]));
  } catch {
    // Offline, say: tests that need it say that they are left out.
  }
  return onPath(shell);
}

function canApt() {
  return process.getuid?.() === 0 && onPath("apt-get");
}

/** @param {readonly string[]} packages */
async function apt(packages) {
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update", "-q"], { env });
  await run("apt-get", ["install", "-q", "-y", "--no-install-recommends", ...packages], { env });
}
