import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { root } from "../../../scripts/files.mjs";
import { ask, run, step } from "../../../scripts/run.mjs";
import { pnpm } from "../../../scripts/toolchain.mjs";
import { CONTENDERS, type ContenderName } from "./contenders.js";

const FOLDER = path.join(root, "bench/peers");
const STATE = path.join(root, ".setup");
const VENV = path.join(STATE, "peers-python");
const PYTHON = process.platform === "win32" ? path.join(VENV, "Scripts/python.exe") : path.join(VENV, "bin/python");

/** Why a contender cannot run here, in one line; what is not in it can. */
export type Missing = ReadonlyMap<ContenderName, string>;

/** The command that carries out an order for a contender of Python. */
export const PYTHON_COMMAND: readonly string[] = [PYTHON, path.join(FOLDER, "measure.py")];

/**
 * Installs the peers that `wanted` names, once: npm's in the workspace `bench/peers`, Python's in a virtual environment. What
 * cannot be installed is a reason in the answer.
 */
export async function installPeers(wanted: ReadonlySet<ContenderName>): Promise<Missing> {
  const missing = new Map<ContenderName, string>();
  const names = [...wanted].filter((name) => CONTENDERS[name].package !== null);
  const python = names.filter((name) => CONTENDERS[name].load === "python");
  const node = names.filter((name) => !python.includes(name) && name !== "memory");
  for (const [group, install] of [
    [node, installNode],
    [python, installPython],
  ] as const) {
    if (group.length === 0) continue;
    const failure = await install().then(() => undefined, reason);
    for (const name of group) {
      const version = await versionOf(name).catch(() => undefined);
      const absent = version === undefined ? `${CONTENDERS[name].package} is not installed` : undefined;
      const why = failure ?? absent;
      if (why !== undefined) missing.set(name, why);
    }
  }
  return missing;
}

/** The version of what a contender is made of. */
export async function versionOf(name: ContenderName): Promise<string> {
  const { package: dependency, load } = CONTENDERS[name];
  if (load === "python") {
    const requirements = await readFile(path.join(FOLDER, "requirements.txt"), "utf8");
    const version = requirements.match(new RegExp(`^${dependency}==(.+)$`, "m"))?.[1];
    if (!version) throw new Error(`${dependency} is not in requirements.txt`);
    return version;
  }
  const home = name === "memory" ? "examples/beir-scifact" : "bench/peers";
  const folder = dependency === null ? "packages/core" : `${home}/node_modules/${dependency}`;
  const { version } = JSON.parse(await readFile(path.join(root, folder, "package.json"), "utf8"));
  return String(version);
}

async function installNode(): Promise<void> {
  await once(
    "peers",
    ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"],
    path.join(FOLDER, "node_modules"),
    () =>
      step("installing the stores to compare with (some 300 MB, in bench/peers)", () =>
        pnpm("--dir", FOLDER, "install", "--frozen-lockfile", "--config.confirm-modules-purge=false"),
      ),
  );
}

async function installPython(): Promise<void> {
  const recent = "import sys; assert sys.version_info >= (3, 10)";
  const found = ["python3", "python"].find((each) => ask(each, ["-c", recent]) !== undefined);
  if (found === undefined) throw new Error("there is no Python 3.10 or newer");
  await once("peers-requirements", ["requirements.txt"], PYTHON, () =>
    step("installing FAISS and turbovec in .setup/peers-python", async () => {
      await run(found, ["-m", "venv", "--clear", VENV]);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
      await run(PYTHON, [...pip, "-r", path.join(FOLDER, "requirements.txt")]);
    }),
  );
}

/** Does `action` unless it succeeded with the same inputs before and its `output` is still there. */
async function once(
  name: string,
  inputs: readonly string[],
  output: string,
  action: () => Promise<void>,
): Promise<void> {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${process.versions.modules}`);
  for (const input of inputs) hash.update(await readFile(path.join(FOLDER, input)));
  const digest = hash.digest("hex");
  const stamp = path.join(STATE, name);
  if (existsSync(output) && existsSync(stamp) && (await readFile(stamp, "utf8")) === digest) return;
  await action();
  await mkdir(STATE, { recursive: true });
  await writeFile(stamp, digest);
}

/** The first line of an error, and the last of what a tool printed before it failed. */
function reason(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split("\n");
  return [...new Set([lines[0], lines.at(-1)])].join(" … ");
}
