import { ThermoclineError } from "../errors.js";
import { nodeModule } from "../node-module.js";
import { INTEGRITY_CHECK } from "./examine.js";
import { sqlError } from "./sqlite.js";

/** What the thread runs: no file of its own, so that bundlers need not know of it. */
const PROGRAM = `
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
const { createRequire } = process.getBuiltinModule("node:module");
const { DatabaseSync } = createRequire(workerData.sqlite.from)(workerData.sqlite.name);
try {
  const database = new DatabaseSync(workerData.address, { readOnly: true });
  try {
    parentPort.postMessage({ rows: database.prepare(workerData.sql).all() });
  } finally {
    database.close();
  }
} catch ({ message, errcode }) {
  parentPort.postMessage({ message, errcode });
}`;

type Answer =
  | { readonly rows: readonly { readonly integrity_check: string }[] }
  | { readonly message: string; readonly errcode: number | undefined };

/**
 * SQLite's check of a file's structure on a thread of its own: one call that lasts as long as reading the whole file. `sqlite`
 * is the driver's module, as the file at the address `from` finds it. What SQLite refuses to read is a finding, too.
 */
export function checkIntegrity(
  path: string,
  address: string,
  sqlite: { readonly name: string; readonly from: string },
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const threads = nodeModule("node:worker_threads");
    if (!threads) throw new ThermoclineError("UNSUPPORTED", "This platform has no worker threads.");
    const thread = new threads.Worker(PROGRAM, { eval: true, workerData: { address, sqlite, sql: INTEGRITY_CHECK } });
    const abort = () => void thread.terminate();
    const settled = () => signal?.removeEventListener("abort", abort);
    signal?.addEventListener("abort", abort);
    thread.on("message", (answer: Answer) => {
      settled();
      if ("rows" in answer) return resolve(answer.rows.map(({ integrity_check: message }) => message));
      const error = sqlError(path, Object.assign(new Error(answer.message), { errcode: answer.errcode }));
      if (error.code === "CORRUPT" || error.code === "FORMAT") resolve([error.message]);
      else reject(error);
    });
    const lost = (cause?: unknown) => {
      settled();
      const reason = cause instanceof Error ? cause.message : "it ended";
      reject(
        signal?.aborted
          ? new ThermoclineError("ABORTED", "The call was aborted by its signal; nothing was changed.", {
              cause: signal.reason,
            })
          : new ThermoclineError("IO", `${path}: the thread that checks the file failed: ${reason}.`, { cause }),
      );
    };
    thread.on("error", lost);
    thread.on("exit", () => lost());
  });
}
