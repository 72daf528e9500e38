import type { Recommendation } from "./calibration/recommend.js";
import { ThermoclineError } from "./errors.js";
import type { Filter } from "./filter/filter.js";
import { abortable, throwIfAborted } from "./pace.js";
import { compactStore } from "./store/compact.js";
import { demoteSelected } from "./store/demote.js";
import { eachRecord } from "./store/each-record.js";
import type { Engine } from "./store/engine.js";
import { getRecords } from "./store/get.js";
import { recordPage } from "./store/list.js";
import { countRecords } from "./store/matching.js";
import { copyNamespace, dropNamespace, namespacesOf } from "./store/namespaces.js";
import { openEngine } from "./store/open.js";
import { checkOptions } from "./store/options.js";
import { pinSelected, promoteSelected, unpinSelected } from "./store/promote.js";
import { queryBatch, queryPage, queryRecords } from "./store/query.js";
import { Rebalancing } from "./store/rebalance.js";
import { recommendForStore } from "./store/recommend.js";
import { filteringOf } from "./store/selection.js";
import { shown } from "./store/settings.js";
import { spectrumOf } from "./store/spectrum.js";
import { statsOf } from "./store/stats.js";
import { Sweeping, sweepExpired } from "./store/sweep.js";
import { indexTexts, withTextIndex } from "./store/text-index.js";
import { nextTimestamp } from "./store/timestamp.js";
import { validBytes, validId, validNamespace, validPath } from "./store/validate.js";
import { verifyFile } from "./store/verify.js";
import { deleteRecords, upsertRecords } from "./store/write.js";
import type {
  CalibrateOptions,
  CallOptions,
  CompactOptions,
  CompactReport,
  DemoteOptions,
  Explain,
  ExplainedHits,
  FromBytesOptions,
  GetOptions,
  Hit,
  IndexTextsOptions,
  ListOptions,
  ListPageOptions,
  Metadata,
  NamespaceOptions,
  NamespaceSummary,
  OpenOptions,
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
  VerifyOptions,
  VerifyReport,
} from "./types.js";

/**
 * A vector store with a hot tier of exact float32 rows and a cold tier of spectral codes, searched as one, and all of it
 * in one SQLite file or in memory. Vectors have `dim` components; scores are similarities, higher is better.
 *
 * Every call may reject with a {@link ThermoclineError}; a call that rejects has changed nothing, and what a resolved
 * call promised is on disk. Calls may overlap: writes are done one after the other as they were called, queries see the
 * last finished write. Only a demotion that ends early keeps what it has done: tiers change, not records.
 *
 * @typeParam M - what the metadata of this store's records looks like
 * @example
 * const store = await Thermocline.open({ path: "memory.db", dim: 3 });
 * await store.upsert([{ id: "a", vector: [1, 0, 0], text: "north", metadata: { year: 2015 } }]);
 * const [hit] = await store.query({ vector: [0.9, 0.1, 0], k: 1, filter: { year: { $gte: 2010 } } });
 * await store.close();
 */
export class Thermocline<M extends Metadata = Metadata> {
  readonly #engine: Engine;
  readonly #rebalancing: Rebalancing;
  readonly #sweeping: Sweeping;
  /** Calls under way, which `close` waits for. They settle, and never reject. */
  readonly #calls = new Set<Promise<unknown>>();
  #closed = false;

  private constructor(engine: Engine) {
    this.#engine = engine;
    this.#rebalancing = new Rebalancing(engine);
    this.#sweeping = new Sweeping(engine);
    this.#sweeping.start();
  }

  /**
   * Opens a store, or makes it. Without `path` it lives in memory and ends with `close`.
   *
   * @throws `FORMAT` when the file is something else, `VERSION` when a newer Thermocline wrote it, `CORRUPT` when it is
   * damaged, `ARGUMENT` when the options contradict the file, `IO` and `LOCKED` when it cannot be opened.
   * @example
   * const store = await Thermocline.open({ path: "memory.db", dim: 384, cold: { bytes: 24 } });
   */
  static async open<M extends Metadata = Metadata>(options: OpenOptions = {}): Promise<Thermocline<M>> {
    return new Thermocline<M>(await openEngine(options));
  }

  /**
   * Opens a store in memory from the bytes of a store's file, which are copied: what `toBytes` returned, or a whole file
   * that no process has open. It ends with `close`; `toBytes` gives what it holds by then. In Node up to 1 GiB.
   *
   * @throws `FORMAT`, `VERSION` and `CORRUPT` as `open`, `ARGUMENT` when the options contradict the bytes, `UNSUPPORTED`
   * when they are too many
   * @example
   * const store = await Thermocline.fromBytes(await readFile("memory.db"));
   */
  static async fromBytes<M extends Metadata = Metadata>(
    bytes: Uint8Array | ArrayBuffer,
    options: FromBytesOptions = {},
  ): Promise<Thermocline<M>> {
    return new Thermocline<M>(await openEngine(options, validBytes(bytes)));
  }

  /**
   * Reads a store's file whole, and says what of it is damaged and how much is whole. It changes nothing, reads what `open` refuses,
   * too, and may be asked for while the store is in use: it then sees one moment.
   *
   * @throws `IO` when there is no such file or it cannot be read, `FORMAT` when it is something else, `VERSION` when a newer
   * Thermocline wrote it, `LOCKED` in a page where it is open, `ARGUMENT`, `ABORTED`
   * @example
   * const { ok, problems } = await Thermocline.verify("memory.db");
   * for (const { table, row, message } of problems) console.error(table, row, message);
   */
  static async verify(path: string, options: VerifyOptions = {}): Promise<VerifyReport> {
    return verifyFile(path, options);
  }

  /**
   * Adds records, replacing those of the same id in the namespace. All of them are written, or none. Of records with
   * the same id in one call the last one counts. From its `expiresAt` on a record is not found any more.
   *
   * @throws `DIMENSION`, `NOT_FINITE`, `ZERO_VECTOR` or `ARGUMENT` for a bad record, `ABORTED`, `IO`, `CLOSED`
   * @example
   * await store.upsert([{ id: "a", vector: embedding, text: "hello", metadata: { lang: "en" } }]);
   */
  async upsert(records: readonly RecordInput<M>[], options: UpsertOptions = {}): Promise<void> {
    await this.#call(async () => {
      checkOptions("upsert", options);
      await upsertRecords(this.#engine, records, options);
      this.#sweeping.start();
      await this.#rebalancing.start();
    });
  }

  /**
   * The `k` most similar records, best first; fewer only when fewer match. Ties go to the record written first.
   * Hot rows are scored exactly; cold ones too, from their originals, unless the store keeps none.
   *
   * With `text` instead of `vector`, the records whose texts have the words, by BM25; with both, one ranking made of the best
   * max(128, 4k) of either. How rare a word is counts over all namespaces; records come from one. The first query with a text
   * makes the index of words, as `indexTexts` does.
   *
   * @throws `DIMENSION`, `NOT_FINITE`, `ZERO_VECTOR`, `ARGUMENT` or `FILTER` for a bad query, `ABORTED`, `CLOSED`; `IO` when the
   * index of words cannot be written
   * @example
   * const hits = await store.query({ vector, k: 5, filter: { year: { $gte: 2015 } } });
   * const { explanation } = await store.query({ vector, explain: true });
   * const both = await store.query({ vector, text: "ocean currents", snippet: true });
   */
  query(options: QueryOptions<M> & Explain): Promise<ExplainedHits<M>>;
  query(options: QueryOptions<M>): Promise<Hit<M>[]>;
  async query(options: QueryOptions<M>): Promise<Hit<M>[]> {
    const engine = this.#engine;
    return this.#read("query", options, () => queryRecords(engine, options));
  }

  /**
   * What `query` finds, a page of `k` hits at a time. Later pages hold what scores below the last hit seen, so no record comes
   * twice, whatever is written in between. A later page searches deeper and costs more. Cold rows count as far as they are among the
   * candidates (`rerank`): one that is found only deeper, and would have stood on a page before, is passed over. BM25 changes
   * with every write, so pages by `text` are those of one ranking only while nothing is written.
   *
   * @throws as `query`, and `ARGUMENT` for a bad cursor, for `mmr`, and for a text with a vector
   * @example
   * const { hits, cursor } = await store.queryPage({ vector, k: 20 });
   * const more = cursor && (await store.queryPage({ vector, k: 20, cursor }));
   */
  async queryPage(options: QueryPageOptions<M>): Promise<QueryPage<M>> {
    const engine = this.#engine;
    return this.#read("queryPage", options, () => queryPage(engine, options));
  }

  /**
   * What `query` finds for each of many vectors, in their order and to the bit: faster than one query after the other, as all
   * of them share each pass over the rows. Filter, k and all else hold for every one of them.
   *
   * @throws as `query`
   * @example
   * const [first, second] = await store.queryBatch({ vectors: [question, answer], k: 5, filter: { lang: "en" } });
   */
  queryBatch(options: QueryBatchOptions<M> & Explain): Promise<ExplainedHits<M>[]>;
  queryBatch(options: QueryBatchOptions<M>): Promise<Hit<M>[][]>;
  async queryBatch(options: QueryBatchOptions<M>): Promise<Hit<M>[][]> {
    const engine = this.#engine;
    return this.#read("queryBatch", options, () => queryBatch(engine, options));
  }

  /**
   * Records by id, in the order of the ids; `undefined` where there is none.
   *
   * @example
   * const [first] = await store.get(["a"], { includeVectors: true });
   */
  async get(ids: readonly string[], options: GetOptions = {}): Promise<(StoredRecord<M> | undefined)[]> {
    const engine = this.#engine;
    return this.#call(async () => {
      checkOptions("get", options);
      if (!Array.isArray(ids))
        throw new ThermoclineError("ARGUMENT", `ids is ${shown(ids)}; give an array of strings.`);
      const checked = Array.from(ids, validId);
      const name = validNamespace(options.namespace);
      throwIfAborted(options.signal);
      return engine.catalogue.read(() => getRecords<M>(engine, name, checked, options.includeVectors === true));
    });
  }

  /**
   * All records of a namespace, or those that match, in the order in which they were written. They are read in pages, so calls
   * in between are welcome: what is deleted comes no more, and what is written after the listing began does not come, so a
   * loop may rewrite what it is given. A record that another caller replaces before its turn counts as written anew.
   *
   * @throws `FILTER` and `ARGUMENT` for bad options, `ABORTED`, `CLOSED`: when the first record is asked for
   * @example
   * for await (const { id, text } of store.list({ filter: { lang: "en" } })) console.log(id, text);
   */
  list(options: ListOptions<M> = {}): AsyncGenerator<StoredRecord<M>, void, undefined> {
    return eachRecord<M>((page) => this.listPage(page), options);
  }

  /**
   * A page of what `list` gives, and the cursor that the next page begins with. The cursor fixes where the listing ends, too;
   * filter and namespace are to be given with each page.
   *
   * @throws `FILTER` and `ARGUMENT` for bad options, `ABORTED`, `CLOSED`
   * @example
   * const { records, cursor } = await store.listPage({ limit: 50 });
   * const next = cursor && (await store.listPage({ limit: 50, cursor }));
   */
  async listPage(options: ListPageOptions<M> = {}): Promise<RecordPage<M>> {
    return this.#read("listPage", options, () => recordPage<M>(this.#engine, options));
  }

  /**
   * Deletes records by ids, by filter, or all of a namespace, and returns how many there were.
   *
   * @example
   * await store.delete({ filter: { lang: "en" } });
   */
  async delete(selection: Selection<M>, options: CallOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("delete", options);
      return deleteRecords(this.#engine, selection, options);
    });
  }

  /**
   * Deletes the records of all namespaces that have expired (`expiresAt`, `ttl`), some at a time, and returns how many there were.
   * It is done in the background, too, every `sweepInterval`; queries pass over expired records in any case. What has expired
   * is what `Date.now` says: where a clock is put back, records that are not swept yet are found again until it gets there.
   *
   * @throws `ARGUMENT`, `ABORTED`, `IO`, `CLOSED`
   * @example
   * const deleted = await store.sweep();
   */
  async sweep(options: SweepOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("sweep", options);
      return sweepExpired(this.#engine, options.signal);
    });
  }

  /**
   * How many records of a namespace match a filter; all of them without one.
   *
   * @example
   * const recent = await store.count({ year: { $gte: 2015 } });
   */
  async count(filter?: Filter<M>, options: CallOptions = {}): Promise<number> {
    const engine = this.#engine;
    return this.#call(async () => {
      checkOptions("count", options);
      const filtering = filteringOf(filter);
      const name = validNamespace(options.namespace);
      throwIfAborted(options.signal);
      const work = () => countRecords(engine, name, filtering, options.signal);
      return abortable(options.signal, engine.catalogue.read(work));
    });
  }

  /**
   * A time in whole milliseconds since 1970 that is later than every one that was given before, to whichever process had the file open,
   * and whatever became of the clock: `Date.now()`, or a millisecond after the last one where that is not later. What is to be told apart
   * from what was before gets its time from here. It is a small write of its own.
   *
   * @throws `IO`, `CLOSED`; `UNSUPPORTED` with `readOnly`
   * @example
   * const since = await store.timestamp();
   */
  async timestamp(): Promise<number> {
    return this.#call(() => nextTimestamp(this.#engine));
  }

  /**
   * The namespaces that hold records, and how many, in the order in which they were made.
   *
   * @example
   * for (const { name, records } of await store.namespaces()) console.log(name, records);
   */
  async namespaces(): Promise<NamespaceSummary[]> {
    const engine = this.#engine;
    return this.#call(() => engine.catalogue.read(() => namespacesOf(engine)));
  }

  /**
   * Copies all records of a namespace to another that holds none, and returns how many. Copies keep their order and their tier, and
   * codes and originals are copied as they are, so both namespaces give the same answers. All of them are copied, or none.
   *
   * @throws `ARGUMENT` for a bad name, or when the target holds records; `ABORTED`, `IO`, `CLOSED`
   * @example
   * await store.copyNamespace("alice", "alice-before");
   */
  async copyNamespace(source: string, target: string, options: NamespaceOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("copyNamespace", options);
      const copied = await copyNamespace(this.#engine, source, target, options);
      this.#sweeping.start();
      await this.#rebalancing.start();
      return copied;
    });
  }

  /**
   * Deletes a namespace with all of its records, and returns how many there were; one that is not there had none.
   *
   * @throws `ARGUMENT` for a bad name, `ABORTED`, `IO`, `CLOSED`
   * @example
   * await store.dropNamespace("alice-before");
   */
  async dropNamespace(name: string, options: NamespaceOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("dropNamespace", options);
      return dropNamespace(this.#engine, name, options);
    });
  }

  /**
   * Moves hot records to the cold tier now, calibrating first if need be, and returns how many moved. Pinned records stay, and
   * do not count.
   *
   * @example
   * await store.demote({ filter: { archived: true } });
   */
  async demote(selection: Selection<M>, options: DemoteOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("demote", options);
      return this.#rebalancing.exclusive(() => demoteSelected(this.#engine, selection, options));
    });
  }

  /**
   * Moves cold records to the hot tier now, from their originals, and returns how many moved. A record's score stays what
   * reranking gave, to the bit. What is above the capacity then moves down, the least valuable first, unless it is pinned.
   *
   * @throws `UNSUPPORTED` when a cold record has no original, `FILTER`, `ARGUMENT`, `ABORTED`, `IO`, `CLOSED`
   * @example
   * await store.promote({ filter: { project: "apollo" } });
   */
  async promote(selection: Selection, options: PromoteOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("promote", options);
      const moved = await this.#rebalancing.exclusive(() => promoteSelected(this.#engine, selection, options));
      await this.#rebalancing.start();
      return moved;
    });
  }

  /**
   * Keeps records hot from now on, moving those up that are cold, and returns how many were not pinned before. They count in
   * the capacity, but no one moves them down, neither the store itself nor `demote`. Pins are in the file: they last until
   * `unpin` or `delete`, also when a record is replaced.
   *
   * @throws as `promote`
   * @example
   * await store.pin({ ids: ["system-prompt"] });
   */
  async pin(selection: Selection, options: PromoteOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("pin", options);
      const pinned = await this.#rebalancing.exclusive(() => pinSelected(this.#engine, selection, options));
      await this.#rebalancing.start();
      return pinned;
    });
  }

  /**
   * Lets pinned records go down again when others are more valuable, and returns how many were pinned.
   *
   * @throws `FILTER`, `ARGUMENT`, `ABORTED`, `IO`, `CLOSED`
   * @example
   * await store.unpin({ all: true });
   */
  async unpin(selection: Selection, options: CallOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("unpin", options);
      const unpinned = await this.#rebalancing.exclusive(() => unpinSelected(this.#engine, selection, options));
      await this.#rebalancing.start();
      return unpinned;
    });
  }

  /**
   * Makes the index of words anew, from all records of all namespaces, and returns how many texts it holds. The first query
   * with a `text` does so by itself; from then on every write keeps the index, and takes longer. Call it to do that ahead, to
   * choose another tokenizer, or when `verify` finds the index damaged. Writes wait; queries go on with the index before.
   *
   * @throws `ARGUMENT` for a tokenizer that is none, `ABORTED`, `IO`, `CLOSED`
   * @example
   * await store.indexTexts({ tokenizer: "porter", onProgress: ({ done, total }) => console.log(`${done} of ${total}`) });
   */
  async indexTexts(options: IndexTextsOptions = {}): Promise<number> {
    return this.#call(async () => {
      checkOptions("indexTexts", options);
      return indexTexts(this.#engine, options);
    });
  }

  /**
   * Fits a new codebook on the store's own vectors and codes the cold rows anew, all of them at one moment. Demotion
   * calibrates by itself the first time. With `queries`, real ones, it is fitted for them, if that finds more.
   *
   * @throws `ARGUMENT` when nothing is stored, or too little for bytes `auto`, or too few queries; `DIMENSION`,
   * `NOT_FINITE` or `ZERO_VECTOR` for a bad query; `UNSUPPORTED` when cold rows have no originals to code anew from
   * @example
   * await store.calibrate({ queries, onProgress: ({ done, total }) => console.log(`${done} of ${total}`) });
   */
  async calibrate(options: CalibrateOptions = {}): Promise<void> {
    await this.#call(async () => {
      checkOptions("calibrate", options);
      await this.#rebalancing.calibrate(options);
    });
  }

  /**
   * Calibrates again, when what is stored has changed: see `stats().drift`. Queries, writes and moves go on with the old
   * codes until all new ones are ready, which takes as much RAM again as the cold tier, and then see only new ones.
   * Until then, cancelled or killed, it has changed nothing. Bytes that `auto` chose stay.
   *
   * @throws as `calibrate`, and `UNSUPPORTED` with `originals: "none"` in any case
   * @example
   * if (store.stats().drift?.recalibrate) await store.recalibrate();
   */
  async recalibrate(options: CalibrateOptions = {}): Promise<void> {
    await this.#call(async () => {
      checkOptions("recalibrate", options);
      if (this.#engine.settings.originals === "none") {
        const why = 'A store with originals "none" cannot code its cold rows anew: their vectors are gone';
        throw new ThermoclineError("UNSUPPORTED", `${why}; write the vectors to a new store.`);
      }
      await this.#rebalancing.calibrate(options);
    });
  }

  /**
   * What codes of each size would cost and find in this store, measured on a sample of its rows: see `recommend`. The
   * store's metric, codec, scoring, effort and seed count; nothing in it changes.
   *
   * @throws as `recommend`
   * @example
   * const { targets } = await store.recommend({ targets: [0.95], queries });
   * console.log(targets[0]?.advice);
   */
  async recommend(options: StoreRecommendOptions = {}): Promise<Recommendation> {
    return this.#call(async () => {
      checkOptions("store.recommend", options);
      return recommendForStore(this.#engine, options);
    });
  }

  /**
   * How the store's vectors spread over their eigen-coordinates, and which bits of a code each of these is given, measured on a sample of
   * rows that have an original; with `points`, where some of them are in the plane of the first two. Nothing changes. Work grows with the
   * cube of the dimension; it is done off the main thread.
   *
   * @throws `ARGUMENT` for options out of range, or when fewer than two rows have originals; `UNSUPPORTED` above 8,192 dimensions; `ABORTED`,
   * `CLOSED`
   * @example
   * const { eigenvalues, bits } = await store.spectrum();
   * console.log(`the first coordinate varies by ${eigenvalues[0]} and gets ${bits?.[0]} bits`);
   */
  async spectrum(options: SpectrumOptions = {}): Promise<Spectrum> {
    return this.#call(async () => {
      checkOptions("spectrum", options);
      return abortable(options.signal, spectrumOf(this.#engine, options));
    });
  }

  /**
   * Makes the store smaller after many deletions: code blocks lose the rows that are gone, in RAM and on disk, and pages that are
   * free are given back to the disk. Nothing is coded anew, every answer stays what it was, and queries and writes go on meanwhile.
   * Pages that are only half empty stay; new rows fill them.
   *
   * @throws `ABORTED`, `IO`, `CLOSED`; what had been compacted stays so
   * @example
   * const { diskBytes } = await store.compact();
   * console.log(`${diskBytes.before} bytes before, ${diskBytes.after} after`);
   */
  async compact(options: CompactOptions = {}): Promise<CompactReport> {
    return this.#call(async () => {
      checkOptions("compact", options);
      return compactStore(this.#engine, options);
    });
  }

  /** Resolves when the moves between tiers that are due have ended, also those that wait for their time; rejects if one of them failed. */
  async settled(): Promise<void> {
    await this.#call(() => this.#rebalancing.settled());
  }

  /**
   * What the store holds, what it costs, and which kernel runs it.
   *
   * @example
   * const { hot, cold, diskBytes } = store.stats();
   */
  stats(): StoreStats {
    this.#assertOpen();
    return statsOf(this.#engine);
  }

  /**
   * Copies the store to a new file, as it is at one moment, while it is in use.
   *
   * @throws `IO` when the file cannot be written
   * @example
   * await store.backup("memory-2024-05-01.db");
   */
  async backup(path: string): Promise<void> {
    await this.#call(async () => this.#engine.catalogue.backup(validPath(path)));
  }

  /**
   * The store as the bytes of one whole SQLite file, as it is at one moment, with everything that was written before the
   * call. `open` takes them from a file, `fromBytes` takes them as they are, in Node, in a page and on edge runtimes.
   *
   * @throws `IO` when there is no space for a copy
   * @example
   * await bucket.put("memory.db", await store.toBytes());
   */
  async toBytes(): Promise<Uint8Array> {
    return this.#call(() => this.#engine.catalogue.toBytes());
  }

  /**
   * Ends background moves at the next block, waits for writes under way, and closes the file. Every call after it
   * rejects with `CLOSED`, a second `close` too.
   */
  async close(): Promise<void> {
    this.#assertOpen();
    this.#closed = true;
    this.#rebalancing.stop();
    this.#sweeping.stop();
    this.#engine.indexes.stop();
    await Promise.all(this.#calls);
    await this.#sweeping.ended();
    await this.#engine.indexes.ended();
    await this.#rebalancing.ended();
    await this.#engine.catalogue.idle();
    await this.#engine.catalogue.close();
    this.#engine.partitions.clear();
  }

  /** Closes the store at the end of an `await using` block, unless it is closed already. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#closed) await this.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new ThermoclineError("CLOSED", "This store is closed; open it again to use it.");
  }

  /** A call that changes nothing rejects as soon as its signal fires; `close` still waits for what it has begun. */
  async #read<T>(
    of: "query" | "queryPage" | "queryBatch" | "listPage",
    options: CallOptions,
    work: () => Promise<T>,
  ): Promise<T> {
    this.#assertOpen();
    checkOptions(of, options);
    const result = await abortable(
      options.signal,
      this.#call(() => withTextIndex(this.#engine, options.signal, () => this.#engine.catalogue.read(work))),
    );
    // What queries returned may be worth a place in the hot tier now.
    if (!this.#closed) this.#rebalancing.begin();
    return result;
  }

  /** Every call goes through here: the store must be open, and `close` waits for its end. */
  async #call<T>(work: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    const result = work();
    const ended = result.then(
      () => {
        this.#calls.delete(ended);
      },
      () => {
        this.#calls.delete(ended);
      },
    );
    this.#calls.add(ended);
    return result;
  }
}
