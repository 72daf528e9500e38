/// <reference lib="dom" />
import { ThermoclineError } from "../errors.js";
import { throwIfAborted } from "../pace.js";
import type { OpenOptions, Progress } from "../types.js";
import { OPENING, type Opening, type Reply, type Request, type Verifying } from "./protocol.js";
import { receivedError } from "./sent-error.js";

/** How long a worker may take to load before it counts as one that serves no stores. */
const HELLO_MS = 30_000;

/** The worker that this package brings. */
export function ownWorker(): Worker {
  return new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "thermocline" });
}

/** Options as a worker understands them, to which addresses are relative to its own script. */
export function travelling<T extends Pick<OpenOptions, "wasm">>(options: T): T {
  if (typeof options?.wasm !== "object" || options.wasm === null) return options;
  const sources = Object.entries(options.wasm).map(([name, source]: [string, unknown]) => {
    const address = typeof source === "string" || source instanceof URL;
    return [name, address ? new URL(source, globalThis.location?.href).href : source];
  });
  return { ...options, wasm: Object.fromEntries(sources) as OpenOptions["wasm"] };
}

/** What the caller has beside what can be sent. */
export interface Watching {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Asks a worker for a store or a verification; resolves with what it answers, and the port on which it goes on. */
export function askWorker(
  worker: Worker,
  asked: Omit<Opening, "port"> | Omit<Verifying, "port">,
  { signal, onProgress }: Watching = {},
): Promise<{ readonly port: MessagePort; readonly value: unknown }> {
  throwIfAborted(signal);
  const { port1, port2 } = new MessageChannel();
  const settled = new AbortController();
  return new Promise<{ port: MessagePort; value: unknown }>((resolve, reject) => {
    const refuse = (why: string) => {
      reject(
        new ThermoclineError("IO", `The store's worker ${why}; is its script served, and does it call serveStores?`),
      );
    };
    const timer = setTimeout(() => refuse(`said nothing for ${HELLO_MS / 1_000} s`), HELLO_MS);
    const heard = () => clearTimeout(timer);
    settled.signal.addEventListener("abort", heard);
    worker.addEventListener("error", ({ message }) => refuse(`could not be loaded (${message || "no reason given"})`), {
      signal: settled.signal,
    });
    const abort = () => port1.postMessage({ kind: "abort", id: OPENING } satisfies Request);
    signal?.addEventListener("abort", abort, { signal: settled.signal });
    port1.onmessage = ({ data }: MessageEvent<Reply>) => {
      if (data.kind === "hello") heard();
      else if (data.id !== OPENING) return;
      else if (data.kind === "result") resolve({ port: port1, value: data.value });
      else if (data.kind === "error") reject(receivedError(data.error, signal?.aborted ? signal.reason : undefined));
      else {
        try {
          onProgress?.(data.progress);
        } catch (error) {
          abort();
          reject(error);
        }
      }
    };
    try {
      worker.postMessage({ ...asked, port: port2 }, [port2]);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      reject(new ThermoclineError("ARGUMENT", `The options cannot be sent to a worker: ${reason}.`, { cause }));
    }
  }).finally(() => settled.abort());
}
