import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { CONTENDERS } from "./contenders.js";
import type { Figures, Order } from "./measure.js";
import { PYTHON_COMMAND } from "./peers.js";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

/** A contender that takes longer has an error for a row. */
const TIMEOUT_MS = { build: 30 * 60_000, measure: 3 * 60_000 };
const KEPT_ERROR_LINES = 3;

/** Lets a process of its own carry out an order, so that none profits from what another has warmed. */
export async function inFreshProcess(order: Order & { readonly phase: "build" }): Promise<{ seconds: number }>;
export async function inFreshProcess(order: Order & { readonly phase: "measure" }): Promise<Figures>;
export async function inFreshProcess(order: Order): Promise<unknown> {
  const python = CONTENDERS[order.contender].load === "python";
  const command = python
    ? PYTHON_COMMAND
    : [process.execPath, ...process.execArgv, "--expose-gc", "--max-old-space-size=8192", MAIN, "speed", "--order"];
  const [program = "", ...args] = [...command, JSON.stringify(order)];
  const env = order.phase === "measure" ? { ...process.env, ...threadLimits(order.threads) } : process.env;
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: TIMEOUT_MS[order.phase] });
  const { stdout, stderr, how } = await outcome(child);
  // Libraries print what they like before our line, which is the last.
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (how === undefined) return JSON.parse(last);
  const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^\s+at |^Node\.js v/.test(line));
  throw new Error(`${how}: ${lines.slice(-KEPT_ERROR_LINES).join(" ").slice(0, 400)}`);
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
