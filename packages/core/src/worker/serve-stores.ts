/// <reference lib="dom" />
import { ThermoclineError } from "../errors.js";
import { Thermocline } from "../thermocline.js";
import type { RecordInput } from "../types.js";
import { type Call, type Method, OPENING, type Opening, type Reply, type Request, type Verifying } from "./protocol.js";
import { sentError } from "./sent-error.js";

/**
 * Opens stores for the pages that ask this worker by `openInWorker`. Call it in a dedicated worker, before anything that
 * is awaited; messages that are not about stores are left alone, so the worker may have other work.
 *
 * @example
 * import { serveStores } from "@thermocline/core/browser"; // all of a file that the page gives to `new Worker`
 * serveStores();
 */
export function serveStores(): void {
  globalThis.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    if (!isAsked(data)) return;
    if (data.thermocline === "open") void new ServedStore(data.port).open(data);
    else if (data.thermocline === "verify") void verify(data);
  });
}

function isAsked(data: unknown): data is Opening | Verifying {
  return typeof data === "object" && data !== null && "thermocline" in data;
}

/** Verifies a file for a page. */
async function verify({ path, options, port }: Verifying): Promise<void> {
  const reply = (said: Reply) => port.postMessage(said);
  const controller = new AbortController();
  reply({ kind: "hello" });
  port.onmessage = () => controller.abort();
  try {
    const value = await Thermocline.verify(path, {
      ...options,
      signal: controller.signal,
      onProgress: (progress) => reply({ kind: "progress", id: OPENING, progress }),
    });
    reply({ kind: "result", id: OPENING, value });
  } catch (error) {
    reply({ kind: "error", id: OPENING, error: sentError(error) });
  }
  port.close();
}

/** One store, and the port of the page that asked for it. */
class ServedStore {
  readonly #port: MessagePort;
  /** What fires the signals of calls under way. */
  readonly #controllers = new Map<number, AbortController>();
  /** Records of calls that have not been made yet. */
  readonly #records = new Map<number, RecordInput[]>();
  #store: Thermocline | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  async open({ options, bytes }: Opening): Promise<void> {
    this.#reply({ kind: "hello" });
    try {
      this.#store = await (bytes ? Thermocline.fromBytes(bytes, options) : Thermocline.open(options));
      this.#port.onmessage = ({ data }: MessageEvent<Request>) => this.#take(data);
      this.#reply({ kind: "result", id: OPENING, value: undefined });
    } catch (error) {
      this.#reply({ kind: "error", id: OPENING, error: sentError(error) });
      this.#port.close();
    }
  }

  #take(request: Request): void {
    const { id } = request;
    if (request.kind === "call") void this.#answer(request);
    else if (request.kind === "abort") this.#controllers.get(id)?.abort();
    else if (request.kind === "forget") this.#records.delete(id);
    else {
      const before = this.#records.get(id);
      if (before) before.push(...request.records);
      else this.#records.set(id, [...request.records]);
    }
  }

  async #answer(call: Call): Promise<void> {
    const { id, method } = call;
    try {
      const value = await this.#run(call);
      this.#reply({ kind: "result", id, value }, value instanceof Uint8Array ? [value.buffer] : []);
      if (method === "close") this.#port.close();
    } catch (error) {
      this.#reply({ kind: "error", id, error: sentError(error) });
    } finally {
      this.#controllers.delete(id);
    }
  }

  #run({ id, method, args, options: { at, signal, onProgress } }: Call): unknown {
    const store = this.#store;
    if (!store || !isMethod(store, method)) {
      throw new ThermoclineError("UNSUPPORTED", `The worker's store has no ${method}; update the page and its worker.`);
    }
    const all = [...args];
    const records = this.#records.get(id);
    if (records) {
      all[0] = records;
      this.#records.delete(id);
    }
    if (signal || onProgress) {
      // A callback that throws in the page ends the call, too.
      const controller = new AbortController();
      this.#controllers.set(id, controller);
      const options: Record<string, unknown> = { ...(all[at] as object), signal: controller.signal };
      if (onProgress) options.onProgress = (progress: never) => this.#reply({ kind: "progress", id, progress });
      all[at] = options;
    }
    return store[method](...all);
  }

  #reply(reply: Reply, transfer: Transferable[] = []): void {
    this.#port.postMessage(reply, transfer);
  }
}

/** Whether the page asks for a method that this version has. */
function isMethod(
  store: Thermocline,
  name: string,
): store is Thermocline & Record<Method, (...args: unknown[]) => unknown> {
  return name !== "constructor" && typeof Reflect.get(store, name) === "function";
}
