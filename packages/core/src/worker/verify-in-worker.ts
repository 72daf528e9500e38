/// <reference lib="dom" />
import type { VerifyOptions, VerifyReport } from "../types.js";
import { askWorker, ownWorker, travelling } from "./ask-worker.js";
import type { InWorkerOptions } from "./open-in-worker.js";

/**
 * What `Thermocline.verify` says of a store in the origin private file system, read in a dedicated worker, which may be given.
 *
 * @throws as `Thermocline.verify`; `LOCKED` while a tab or worker has the store open; `IO` when the worker cannot be loaded
 * @example
 * const { ok, problems } = await verifyInWorker("memory.db");
 */
export async function verifyInWorker(
  path: string,
  options: VerifyOptions = {},
  { worker: given }: Pick<InWorkerOptions, "worker"> = {},
): Promise<VerifyReport> {
  const { signal, onProgress, ...sent } = options;
  const worker = given ?? ownWorker();
  try {
    const asked = { thermocline: "verify", path, options: travelling(sent) } as const;
    const { port, value } = await askWorker(worker, asked, { signal, onProgress });
    port.close();
    return value as VerifyReport;
  } finally {
    if (!given) worker.terminate();
  }
}
