/// <reference lib="dom" />
import type { Metadata, OpenOptions } from "../types.js";
import { askWorker, ownWorker, travelling } from "./ask-worker.js";
import { StoreInWorker } from "./store-in-worker.js";

/** How a page opens a store in a worker. */
export interface InWorkerOptions {
  /** A dedicated worker that calls `serveStores`. Default: one that this package brings, ended when the store is closed. */
  readonly worker?: Worker | undefined;
  /** A file's bytes, to be opened in memory, as by `Thermocline.fromBytes`. */
  readonly bytes?: Uint8Array | ArrayBuffer | undefined;
  /**
   * Asks the browser never to delete the site's files when space runs out; `persisted` says what it answered. Some
   * browsers ask the user. Default false.
   */
  readonly persist?: boolean | undefined;
}

/**
 * Opens a store in a dedicated worker, so that nothing of it holds up the page. With `path` it lies in the origin private
 * file system, where one tab at a time can have it; without, in the worker's memory.
 *
 * @throws as `Thermocline.open`; `LOCKED` when another tab or worker has it open; `IO` when the worker cannot be loaded;
 * `UNSUPPORTED` where there is no origin private file system
 * @example
 * const store = await openInWorker({ path: "memory.db", dim: 384 }, { persist: true });
 */
export async function openInWorker<M extends Metadata = Metadata>(
  options: OpenOptions = {},
  { worker: given, bytes, persist = false }: InWorkerOptions = {},
): Promise<StoreInWorker<M>> {
  const worker = given ?? ownWorker();
  const end = () => {
    if (!given) worker.terminate();
  };
  try {
    const { port } = await askWorker(worker, { thermocline: "open", options: travelling(options), bytes });
    const persisted = (persist && (await navigator.storage?.persist?.())) || (await navigator.storage?.persisted?.());
    return new StoreInWorker<M>(port, persisted ?? false, end);
  } catch (error) {
    end();
    throw error;
  }
}
