/// <reference lib="dom" />
import type { Recommendation } from "../calibration/recommend.js";
import { ThermoclineError } from "../errors.js";
import type { Filter } from "../filter/filter.js";
import { Pace, throwIfAborted } from "../pace.js";
import { eachRecord } from "../store/each-record.js";
import type { Thermocline } from "../thermocline.js";
import type {
  CalibrateOptions,
  CallOptions,
  CompactOptions,
  CompactReport,
  DemoteOptions,
  Explain,
  ExplainedHits,
  GetOptions,
  Hit,
  IndexTextsOptions,
  ListOptions,
  ListPageOptions,
  Metadata,
  NamespaceOptions,
  NamespaceSummary,
  Progress,
  PromoteOptions,
  QueryBatchOptions,
  QueryOptions,
  QueryPage,
  QueryPageOptions,
  RecordInput,
  RecordPage,
  Selection,
  Spectrum,
  SpectrumOptions,
  StoredRecord,
  StoreRecommendOptions,
  StoreStats,
  SweepOptions,
  UpsertOptions,
} from "../types.js";
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

/**
 * A store in a worker: the methods of {@link Thermocline}, which say the same, throw the same and are done in the order
 * of the calls, while this thread stays free. Vectors and records are copied; signals, progress and error codes come
 * through. Three things differ: `stats` is a promise; a filter cannot be a function; and a progress callback that throws
 * ends its call only while that is still under way.
 *
 * @typeParam M - what the metadata of this store's records looks like
 * @example
 * const store = await openInWorker({ path: "memory.db" });
 * await store.upsert([{ id: "a", vector: [1, 0, 0] }], { onProgress: ({ done, total }) => bar.show(done / total) });
 */
export class StoreInWorker<M extends Metadata = Metadata>
  implements Omit<Thermocline<M>, "stats" | typeof Symbol.asyncDispose>
{
  /** Whether the browser has promised to keep the site's files when space runs out; see `persist` of `openInWorker`. */
  readonly persisted: boolean;
  readonly #port: MessagePort;
  readonly #ended: () => void;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  /** Settles when the requests so far have been sent. */
  #sent: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** For `openInWorker`: a port at whose other end a store is open, and what to do when it is closed. */
  constructor(port: MessagePort, persisted: boolean, ended: () => void) {
    this.#port = port;
    this.persisted = persisted;
    this.#ended = ended;
    port.onmessage = ({ data }: MessageEvent<Reply>) => this.#take(data);
  }

  /** As {@link Thermocline.upsert}. */
  async upsert(records: readonly RecordInput<M>[], options?: UpsertOptions): Promise<void> {
    await this.#call("upsert", [records, options], 1);
  }

  /** As {@link Thermocline.query}; a filter that is a function rejects with `UNSUPPORTED`. */
  query(options: QueryOptions<M> & Explain): Promise<ExplainedHits<M>>;
  query(options: QueryOptions<M>): Promise<Hit<M>[]>;
  query(options: QueryOptions<M>): Promise<Hit<M>[]> {
    return this.#call("query", [options], 0);
  }

  /** As {@link Thermocline.queryPage}; a filter that is a function rejects with `UNSUPPORTED`. */
  queryPage(options: QueryPageOptions<M>): Promise<QueryPage<M>> {
    return this.#call("queryPage", [options], 0);
  }

  /** As {@link Thermocline.queryBatch}; a filter that is a function rejects with `UNSUPPORTED`. */
  queryBatch(options: QueryBatchOptions<M> & Explain): Promise<ExplainedHits<M>[]>;
  queryBatch(options: QueryBatchOptions<M>): Promise<Hit<M>[][]>;
  queryBatch(options: QueryBatchOptions<M>): Promise<Hit<M>[][]> {
    return this.#call("queryBatch", [options], 0);
  }

  /** As {@link Thermocline.get}. */
  get(ids: readonly string[], options?: GetOptions): Promise<(StoredRecord<M> | undefined)[]> {
    return this.#call("get", [ids, options], 1);
  }

  /** As {@link Thermocline.list}. */
  list(options: ListOptions<M> = {}): AsyncGenerator<StoredRecord<M>, void, undefined> {
    return eachRecord<M>((page) => this.listPage(page), options);
  }

  /** As {@link Thermocline.listPage}. */
  listPage(options?: ListPageOptions<M>): Promise<RecordPage<M>> {
    return this.#call("listPage", [options], 0);
  }

  /** As {@link Thermocline.delete}. */
  delete(selection: Selection<M>, options?: CallOptions): Promise<number> {
    return this.#call("delete", [selection, options], 1);
  }

  /** As {@link Thermocline.sweep}. */
  sweep(options?: SweepOptions): Promise<number> {
    return this.#call("sweep", [options], 0);
  }

  /** As {@link Thermocline.count}. */
  count(filter?: Filter<M>, options?: CallOptions): Promise<number> {
    return this.#call("count", [filter, options], 1);
  }

  /** As {@link Thermocline.timestamp}. */
  timestamp(): Promise<number> {
    return this.#call("timestamp", [], 0);
  }

  /** As {@link Thermocline.namespaces}. */
  namespaces(): Promise<NamespaceSummary[]> {
    return this.#call("namespaces", [], 0);
  }

  /** As {@link Thermocline.copyNamespace}. */
  copyNamespace(source: string, target: string, options?: NamespaceOptions): Promise<number> {
    return this.#call("copyNamespace", [source, target, options], 2);
  }

  /** As {@link Thermocline.dropNamespace}. */
  dropNamespace(name: string, options?: NamespaceOptions): Promise<number> {
    return this.#call("dropNamespace", [name, options], 1);
  }

  /** As {@link Thermocline.demote}. */
  demote(selection: Selection<M>, options?: DemoteOptions): Promise<number> {
    return this.#call("demote", [selection, options], 1);
  }

  /** As {@link Thermocline.promote}. */
  promote(selection: Selection, options?: PromoteOptions): Promise<number> {
    return this.#call("promote", [selection, options], 1);
  }

  /** As {@link Thermocline.pin}. */
  pin(selection: Selection, options?: PromoteOptions): Promise<number> {
    return this.#call("pin", [selection, options], 1);
  }

  /** As {@link Thermocline.unpin}. */
  unpin(selection: Selection, options?: CallOptions): Promise<number> {
    return this.#call("unpin", [selection, options], 1);
  }

  /** As {@link Thermocline.indexTexts}. */
  indexTexts(options?: IndexTextsOptions): Promise<number> {
    return this.#call("indexTexts", [options], 0);
  }

  /** As {@link Thermocline.calibrate}. */
  calibrate(options?: CalibrateOptions): Promise<void> {
    return this.#call("calibrate", [options], 0);
  }

  /** As {@link Thermocline.recalibrate}. */
  recalibrate(options?: CalibrateOptions): Promise<void> {
    return this.#call("recalibrate", [options], 0);
  }

  /** As {@link Thermocline.recommend}. */
  recommend(options?: StoreRecommendOptions): Promise<Recommendation> {
    return this.#call("recommend", [options], 0);
  }

  /** As {@link Thermocline.spectrum}. */
  spectrum(options?: SpectrumOptions): Promise<Spectrum> {
    return this.#call("spectrum", [options], 0);
  }

  /** As {@link Thermocline.compact}. */
  compact(options?: CompactOptions): Promise<CompactReport> {
    return this.#call("compact", [options], 0);
  }

  /** As {@link Thermocline.settled}. */
  settled(): Promise<void> {
    return this.#call("settled", [], 0);
  }

  /** As {@link Thermocline.stats}, by promise. */
  stats(): Promise<StoreStats> {
    return this.#call("stats", [], 0);
  }

  /** As {@link Thermocline.backup}; in a page it rejects with `UNSUPPORTED`, and `toBytes` does it. */
  backup(path: string): Promise<void> {
    return this.#call("backup", [path], 1);
  }

  /** As {@link Thermocline.toBytes}. */
  toBytes(): Promise<Uint8Array> {
    return this.#call("toBytes", [], 0);
  }

  /** As {@link Thermocline.close}; then ends the worker, unless it was given. */
  async close(): Promise<void> {
    await this.#call("close", [], 0);
    this.#closed = true;
    this.#port.close();
    this.#ended();
  }

  /** Closes the store at the end of an `await using` block, unless it is closed already. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.close();
  }

  /** Sends a call after those before it; `at` is the argument that the options are. */
  #call<T>(method: Method, given: readonly unknown[], at: number): Promise<T> {
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
