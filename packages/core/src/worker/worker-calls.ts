/// <reference lib="dom" />
import { ThermoclineError } from "../errors.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { Progress, RecordInput } from "../types.js";
import type { Method, Reply, Request } from "./protocol.js";
import { receivedError } from "./sent-error.js";

/** Records sent in one message: about a millisecond of copying. */
const PART = 128;

/** A call that has no answer yet. */
interface Pending {
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  /** What the progress callback threw. */
  thrown?: { readonly error: unknown };
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** The page's end of a store's port: calls go out in the order in which they are made, and each gets its own answer. */
export class WorkerCalls {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  /** Settles when the requests so far have been sent. */
  #sent: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<Reply>) => this.#take(data);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** From now on all calls are refused. */
  close(): void {
    this.#closed = true;
    this.#port.close();
  }

  /** Sends a call after those before it; `at` is the argument that the options are. */
  call<T>(method: Method, given: readonly unknown[], at: number): Promise<T> {
    if (this.#closed) {
      return Promise.reject(new ThermoclineError("CLOSED", "This store is closed; open it again to use it."));
    }
    this.#calls += 1;
    const id = this.#calls;
    const { options, signal, onProgress } = travelling(given[at]);
    const args = [...given];
    if (at < args.length) args[at] = options;
    const records = method === "upsert" && Array.isArray(given[0]) ? (given[0] as readonly RecordInput[]) : undefined;
    if (records) args[0] = [];
    const abort = () => this.#post({ kind: "abort", id });
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { signal, onProgress, resolve, reject });
    });
    const sent = this.#sent.then(async () => {
      if (records) await this.#sendRecords(id, records, signal);
      throwIfAborted(signal);
      const what = { at, signal: signal !== undefined, onProgress: onProgress !== undefined };
      this.#post({ kind: "call", id, method, args, options: what });
      signal?.addEventListener("abort", abort);
    });
    this.#sent = sent.catch((error: unknown) => {
      this.#post({ kind: "forget", id });
      this.#pending.get(id)?.reject(error);
    });
    return answer.finally(() => {
      this.#pending.delete(id);
      signal?.removeEventListener("abort", abort);
    }) as Promise<T>;
  }

  async #sendRecords(id: number, records: readonly RecordInput[], signal: AbortSignal | undefined): Promise<void> {
    const pace = new Pace(signal);
    for (let at = 0; at < records.length; at += PART) {
      this.#post({ kind: "records", id, records: records.slice(at, at + PART).map(withOwnVector) });
      if (pace.due) await pace.pause();
    }
  }

  #post(request: Request): void {
    try {
      this.#port.postMessage(request);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const advice = "give plain data (a filter in the filter language, not a function)";
      throw new ThermoclineError("UNSUPPORTED", `An argument cannot be sent to a worker: ${reason}; ${advice}.`, {
        cause,
      });
    }
  }

  #take(reply: Reply): void {
    const pending = reply.kind === "hello" ? undefined : this.#pending.get(reply.id);
    if (!pending || reply.kind === "hello") return;
    if (reply.kind === "progress") {
      this.#progress(reply.id, pending, reply.progress);
    } else if (reply.kind === "result") {
      pending.resolve(reply.value);
      // It was too late to end the call, and a call that did its work does not reject.
      if (pending.thrown) reportError(pending.thrown.error);
    } else {
      const aborted = reply.error.code === "ABORTED";
      pending.reject(
        aborted && pending.thrown
          ? pending.thrown.error
          : receivedError(reply.error, aborted ? pending.signal?.reason : undefined),
      );
    }
  }

  #progress(id: number, pending: Pending, progress: Progress): void {
    if (pending.thrown) return;
    try {
      pending.onProgress?.(progress);
    } catch (error) {
      pending.thrown = { error };
      this.#post({ kind: "abort", id });
    }
  }
}

/** Options without what a message cannot carry. Anything else is for the store in the worker to refuse. */
function travelling(given: unknown): {
  readonly options: unknown;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: Progress) => void) | undefined;
} {
  if (typeof given !== "object" || given === null) return { options: given, signal: undefined, onProgress: undefined };
  const options: Record<string, unknown> = { ...given };
  for (const name of ["vector", "vectors", "queries"]) {
    const value = options[name];
    options[name] = Array.isArray(value) ? value.map(withOwnMemory) : withOwnMemory(value);
    if (value === undefined) delete options[name];
  }
  const { signal, onProgress } = options;
  if (signal instanceof AbortSignal) delete options.signal;
  if (typeof onProgress === "function") delete options.onProgress;
  return {
    options,
    signal: signal instanceof AbortSignal ? signal : undefined,
    onProgress: typeof onProgress === "function" ? (onProgress as (progress: Progress) => void) : undefined,
  };
}

function withOwnVector(record: RecordInput): RecordInput {
  const vector = withOwnMemory(record?.vector);
  return vector === undefined || vector === record?.vector ? record : { ...record, vector };
}

/** A message carries the whole buffer that a view is of, so a vector that is a row of a matrix gets memory of its own. */
function withOwnMemory<T>(value: T): T {
  const part = ArrayBuffer.isView(value) && value.byteLength < value.buffer.byteLength && "slice" in value;
  return part ? ((value as unknown as Float32Array).slice() as unknown as T) : value;
}
