/// <reference lib="dom" />
import { ThermoclineError } from "../errors.js";
import type { Metadata, OpenOptions } from "../types.js";
import { OPENING, type Opening, type Reply } from "./protocol.js";
import { receivedError } from "./sent-error.js";
import { StoreInWorker } from "./store-in-worker.js";

/** How long a worker may take to load before it counts as one that serves no stores. */
const HELLO_MS = 30_000;

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
  const worker = given ?? new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "thermocline" });
  const end = () => {
    if (!given) worker.terminate();
  };
  try {
    const port = await opened(worker, options, bytes);
    const persisted = (persist && (await navigator.storage?.persist?.())) || (await navigator.storage?.persisted?.());
    return new StoreInWorker<M>(port, persisted ?? false, end);
  } catch (error) {
    end();
    throw error;
  }
}

/** Options as a worker understands them, to which addresses are relative to its own script. */
function travelling(options: OpenOptions): OpenOptions {
  if (typeof options?.wasm !== "object" || options.wasm === null) return options;
  const sources = Object.entries(options.wasm).map(([name, source]: [string, unknown]) => {
    const address = typeof source === "string" || source instanceof URL;
    return [name, address ? new URL(source, globalThis.location?.href).href : source];
  });
  return { ...options, wasm: Object.fromEntries(sources) as OpenOptions["wasm"] };
}

/** A port at whose other end a store is open. */
function opened(worker: Worker, options: OpenOptions, bytes: Opening["bytes"]): Promise<MessagePort> {
  const { port1, port2 } = new MessageChannel();
  const loading = new AbortController();
  return new Promise<MessagePort>((resolve, reject) => {
    const refuse = (why: string) => {
      reject(
        new ThermoclineError("IO", `The store's worker ${why}; is its script served, and does it call serveStores?`),
      );
    };
    const timer = setTimeout(() => refuse(`said nothing for ${HELLO_MS / 1_000} s`), HELLO_MS);
    const heard = () => clearTimeout(timer);
    loading.signal.addEventListener("abort", heard);
    worker.addEventListener("error", ({ message }) => refuse(`could not be loaded (${message || "no reason given"})`), {
      signal: loading.signal,
    });
    port1.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.kind === "hello") heard();
      else if (data.kind === "result" && data.id === OPENING) resolve(port1);
      else if (data.kind === "error") reject(receivedError(data.error));
    };
    const opening: Opening = { thermocline: "open", options: travelling(options), bytes, port: port2 };
    try {
      worker.postMessage(opening, [port2]);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      reject(new ThermoclineError("ARGUMENT", `The options cannot be sent to a worker: ${reason}.`, { cause }));
    }
  }).finally(() => loading.abort());
}
