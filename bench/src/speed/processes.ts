import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { root } from "../../../scripts/files.mjs";
import { CONTENDERS } from "./contenders.js";
import type { Figures, Order } from "./measure.js";
import { PYTHON_COMMAND } from "./peers.js";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** Room for arrays of numbers, and a collector that can be called before memory is read. */
const NODE_OPTIONS = ["--import", "tsx", "--expose-gc", "--max-old-space-size=8192"];

/** A contender that takes longer has an error for a row. */
const TIMEOUT_MS = { build: 30 * 60_000, measure: 3 * 60_000 };

/** Lets a process of its own carry out an order, so that none profits from what another has warmed. */
export async function inFreshProcess(order: Order & { readonly phase: "build" }): Promise<{ seconds: number }>;
export async function inFreshProcess(order: Order & { readonly phase: "measure" }): Promise<Figures>;
export async function inFreshProcess(order: Order): Promise<unknown> {
  const python = CONTENDERS[order.contender].load === "python";
  const command = python ? PYTHON_COMMAND : [process.execPath, ...NODE_OPTIONS, MAIN, "speed", "--order"];
  const [program = "", ...args] = [...command, JSON.stringify(order)];
  const env = order.phase === "measure" ? { ...process.env, ...threadLimits(order.threads) } : process.env;
  const timeout = TIMEOUT_MS[order.phase];
  const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"], timeout });
  const { stdout, stderr, how } = await outcome(child);
  // Libraries print what they like before our line, which is the last.
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (how === undefined) return JSON.parse(last);
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  // Node prints its own error amid a stack and properties; Python's is the last line.
  const named = lines.find((line) => /^\w*Error\b.*: /.test(line));
  throw new Error(`${how}: ${(named ?? lines.at(-1) ?? "it said nothing").slice(0, 400)}`);
}

/** What the libraries that start threads of their own read when they are loaded. */
function threadLimits(threads: number): Record<string, string> {
  const names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "LANCE_CPU_THREADS"];
  return Object.fromEntries(names.map((name) => [name, String(threads)]));
}

function outcome(child: ChildProcess): Promise<{ stdout: string; stderr: string; how: string | undefined }> {
  return new Promise((resolve) => {
    let [stdout, stderr] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", (error) => resolve({ stdout, stderr, how: error.message }));
    child.on("close", (code, signal) => {
      resolve({ stdout, stderr, how: code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}` });
    });
  });
}
