/// <reference lib="dom" />
import type { Recommendation } from "../calibration/recommend.js";
import type { Filter } from "../filter/filter.js";
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
import { WorkerCalls } from "./worker-calls.js";

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
  readonly #calls: WorkerCalls;
  readonly #ended: () => void;

  /** For `openInWorker`: a port at whose other end a store is open, and what to do when it is closed. */
  constructor(port: MessagePort, persisted: boolean, ended: () => void) {
    this.#calls = new WorkerCalls(port);
    this.persisted = persisted;
    this.#ended = ended;
  }

  /** As {@link Thermocline.upsert}. */
  async upsert(records: readonly RecordInput<M>[], options?: UpsertOptions): Promise<void> {
    await this.#calls.call("upsert", [records, options], 1);
  }

  /** As {@link Thermocline.query}; a filter that is a function rejects with `UNSUPPORTED`. */
  query(options: QueryOptions<M> & Explain): Promise<ExplainedHits<M>>;
  query(options: QueryOptions<M>): Promise<Hit<M>[]>;
  query(options: QueryOptions<M>): Promise<Hit<M>[]> {
    return this.#calls.call("query", [options], 0);
  }

  /** As {@link Thermocline.queryPage}; a filter that is a function rejects with `UNSUPPORTED`. */
  queryPage(options: QueryPageOptions<M>): Promise<QueryPage<M>> {
    return this.#calls.call("queryPage", [options], 0);
  }

  /** As {@link Thermocline.queryBatch}; a filter that is a function rejects with `UNSUPPORTED`. */
  queryBatch(options: QueryBatchOptions<M> & Explain): Promise<ExplainedHits<M>[]>;
  queryBatch(options: QueryBatchOptions<M>): Promise<Hit<M>[][]>;
  queryBatch(options: QueryBatchOptions<M>): Promise<Hit<M>[][]> {
    return this.#calls.call("queryBatch", [options], 0);
  }

  /** As {@link Thermocline.get}. */
  get(ids: readonly string[], options?: GetOptions): Promise<(StoredRecord<M> | undefined)[]> {
    return this.#calls.call("get", [ids, options], 1);
  }

  /** As {@link Thermocline.list}. */
  list(options: ListOptions<M> = {}): AsyncGenerator<StoredRecord<M>, void, undefined> {
    return eachRecord<M>((page) => this.listPage(page), options);
  }

  /** As {@link Thermocline.listPage}. */
  listPage(options?: ListPageOptions<M>): Promise<RecordPage<M>> {
    return this.#calls.call("listPage", [options], 0);
  }

  /** As {@link Thermocline.delete}. */
  delete(selection: Selection<M>, options?: CallOptions): Promise<number> {
    return this.#calls.call("delete", [selection, options], 1);
  }

  /** As {@link Thermocline.sweep}. */
  sweep(options?: SweepOptions): Promise<number> {
    return this.#calls.call("sweep", [options], 0);
  }

  /** As {@link Thermocline.count}. */
  count(filter?: Filter<M>, options?: CallOptions): Promise<number> {
    return this.#calls.call("count", [filter, options], 1);
  }

  /** As {@link Thermocline.timestamp}. */
  timestamp(): Promise<number> {
    return this.#calls.call("timestamp", [], 0);
  }

  /** As {@link Thermocline.namespaces}. */
  namespaces(): Promise<NamespaceSummary[]> {
    return this.#calls.call("namespaces", [], 0);
  }

  /** As {@link Thermocline.copyNamespace}. */
  copyNamespace(source: string, target: string, options?: NamespaceOptions): Promise<number> {
    return this.#calls.call("copyNamespace", [source, target, options], 2);
  }

  /** As {@link Thermocline.dropNamespace}. */
  dropNamespace(name: string, options?: NamespaceOptions): Promise<number> {
    return this.#calls.call("dropNamespace", [name, options], 1);
  }

  /** As {@link Thermocline.demote}. */
  demote(selection: Selection<M>, options?: DemoteOptions): Promise<number> {
    return this.#calls.call("demote", [selection, options], 1);
  }

  /** As {@link Thermocline.promote}. */
  promote(selection: Selection, options?: PromoteOptions): Promise<number> {
    return this.#calls.call("promote", [selection, options], 1);
  }

  /** As {@link Thermocline.pin}. */
  pin(selection: Selection, options?: PromoteOptions): Promise<number> {
    return this.#calls.call("pin", [selection, options], 1);
  }

  /** As {@link Thermocline.unpin}. */
  unpin(selection: Selection, options?: CallOptions): Promise<number> {
    return this.#calls.call("unpin", [selection, options], 1);
  }

  /** As {@link Thermocline.indexTexts}. */
  indexTexts(options?: IndexTextsOptions): Promise<number> {
    return this.#calls.call("indexTexts", [options], 0);
  }

  /** As {@link Thermocline.calibrate}. */
  calibrate(options?: CalibrateOptions): Promise<void> {
    return this.#calls.call("calibrate", [options], 0);
  }

  /** As {@link Thermocline.recalibrate}. */
  recalibrate(options?: CalibrateOptions): Promise<void> {
    return this.#calls.call("recalibrate", [options], 0);
  }

  /** As {@link Thermocline.recommend}. */
  recommend(options?: StoreRecommendOptions): Promise<Recommendation> {
    return this.#calls.call("recommend", [options], 0);
  }

  /** As {@link Thermocline.spectrum}. */
  spectrum(options?: SpectrumOptions): Promise<Spectrum> {
    return this.#calls.call("spectrum", [options], 0);
  }

  /** As {@link Thermocline.compact}. */
  compact(options?: CompactOptions): Promise<CompactReport> {
    return this.#calls.call("compact", [options], 0);
  }

  /** As {@link Thermocline.settled}. */
  settled(): Promise<void> {
    return this.#calls.call("settled", [], 0);
  }

  /** As {@link Thermocline.stats}, by promise. */
  stats(): Promise<StoreStats> {
    return this.#calls.call("stats", [], 0);
  }

  /** As {@link Thermocline.backup}; in a page it rejects with `UNSUPPORTED`, and `toBytes` does it. */
  backup(path: string): Promise<void> {
    return this.#calls.call("backup", [path], 1);
  }

  /** As {@link Thermocline.toBytes}. */
  toBytes(): Promise<Uint8Array> {
    return this.#calls.call("toBytes", [], 0);
  }

  /** As {@link Thermocline.close}; then ends the worker, unless it was given. */
  async close(): Promise<void> {
    await this.#calls.call("close", [], 0);
    this.#calls.close();
    this.#ended();
  }

  /** Closes the store at the end of an `await using` block, unless it is closed already. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#calls.isClosed) await this.close();
  }
}
