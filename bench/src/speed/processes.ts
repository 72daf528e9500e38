import { answerOf, inFreshProcess } from "../fresh-process.js";
import { CONTENDERS } from "./contenders.js";
import type { Figures, Order } from "./measure.js";
import { PYTHON_COMMAND } from "./peers.js";

/** A contender that takes longer has an error for a row. */
const TIMEOUT_MS = { build: 30 * 60_000, measure: 3 * 60_000 };

/** Lets a process of its own carry out an order, of Python where the contender is. */
export async function carriedOut(order: Order & { readonly phase: "build" }): Promise<{ seconds: number }>;
export async function carriedOut(order: Order & { readonly phase: "measure" }): Promise<Figures>;
export async function carriedOut(order: Order): Promise<unknown> {
  const env = order.phase === "measure" ? { ...process.env, ...threadLimits(order.threads) } : process.env;
  const options = { env, timeout: TIMEOUT_MS[order.phase] };
  const python = CONTENDERS[order.contender].load === "python";
  return python ? answerOf(PYTHON_COMMAND, order, options) : inFreshProcess("speed", order, options);
}

/** What the libraries that start threads of their own read when they are loaded. */
function threadLimits(threads: number): Record<string, string> {
  const names = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "LANCE_CPU_THREADS"];
  return Object.fromEntries(names.map((name) => [name, String(threads)]));
}
