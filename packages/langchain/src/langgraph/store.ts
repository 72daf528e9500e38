import {
  BaseStore,
  InvalidNamespaceError,
  type Item,
  type Operation,
  type OperationResults,
  type SearchItem,
} from "@langchain/langgraph-checkpoint";
import { type StoredRecord, type Thermocline, ThermoclineError } from "@thermocline/core";
import { LazyStore } from "../lazy-store.js";
import { embedded, type Vectors } from "./embedding.js";
import { byNamespace, headOf, itemOf, readItems, refreshItems, writeItems } from "./items.js";
import { namespacesOf } from "./listing.js";
import { nameOf } from "./namespaces.js";
import { type Checked, checkedOperation, type Put, type Search } from "./operations.js";
import { type PutOptions, type StoreViewOptions, type ThermoclineStoreConfig, type View, viewOf } from "./options.js";
import { type Found, filtered, ranked } from "./search.js";
import { WriteQueue } from "./write-queue.js";

/** Does work while nobody else puts. */
type Alone = <T>(work: () => Promise<T>) => Promise<T>;

/**
 * LangGraph's long-term memory in one SQLite file, or in memory: items in nested namespaces, found by key, by filters and by
 * meaning. Without `index`, searches rank nothing and a query is passed over, as in `InMemoryStore`; with it, a query finds the
 * items that have an embedded text, each by the best of its texts, with a cosine as `score`.
 *
 * Filters know `$eq`, `$ne`, `$gt`, `$gte`, `$lt`, `$lte`, `$in`, `$nin` and `$exists`, and mean what they mean to
 * `InMemoryStore`; others are errors. Items without a query come namespace by namespace, in the order of their last puts.
 *
 * Failures are `ThermoclineError`s, or `InvalidNamespaceError`s of LangGraph. An item is written with all of its vectors in one
 * transaction, or not at all. The underlying store is opened by the first call that needs it, or by `start`.
 *
 * @example
 * const store = new ThermoclineStore({ path: "memory.db", index: { dims: 1536, embeddings, fields: ["text"] } });
 * await store.put(["memories", "ada"], "tea", { text: "Ada drinks tea" });
 * const [item] = await store.search(["memories", "ada"], { query: "What does she drink?" });
 * await store.stop();
 */
export class ThermoclineStore extends BaseStore {
  readonly #view: View;
  #store: LazyStore;
  #writes = new WriteQueue();
  /** Whether the underlying store has said that it is not to be written to. */
  #readOnly = false;

  /** @throws ThermoclineError `ARGUMENT` for bad options; those of the underlying store are checked when it is opened */
  constructor(config: ThermoclineStoreConfig = {}) {
    super();
    const { index, ttl, namespace, ...options } = config;
    this.#view = viewOf({ index, ttl, namespace });
    const minutes = ttl?.sweepIntervalMinutes;
    const sweeping = minutes === undefined ? {} : { sweepInterval: 60_000 * minutes };
    const dim = index && { dim: index.dims };
    this.#store = LazyStore.of("LangGraph store", { ...options, ...sweeping, ...dim, metric: "cosine" });
  }

  /**
   * A store in one that is open already, which stays yours to close. Its metric must be `cosine`.
   *
   * @throws `ARGUMENT` for another metric, or bad options
   * @example
   * const store = ThermoclineStore.fromExistingStore(await vectors.thermocline(), { index: { dims: 1536, embeddings } });
   */
  static fromExistingStore(thermocline: Thermocline, view: StoreViewOptions = {}): ThermoclineStore {
    const { index, ttl, namespace } = view;
    const store = new ThermoclineStore({ index, ttl, namespace });
    store.#store = LazyStore.lentCosine("LangGraph store", thermocline);
    store.#writes = WriteQueue.of(thermocline);
    return store;
  }

  /** The underlying store, opened if it is not yet, for what LangGraph has no words for: `stats`, `backup`, `demote`… */
  async thermocline(): Promise<Thermocline> {
    return this.#store.open();
  }

  /**
   * Does operations one after the other: each sees what those before it have put. All of them are checked, and all texts
   * embedded, before the first is done; puts that follow each other are written in one transaction a namespace. Batches that put
   * take effect in the order in which they were called.
   *
   * @returns of a get the item or null, of a search items, of a listing namespaces, of a put nothing
   * @throws `InvalidNamespaceError`, `ARGUMENT` or `FILTER` for a bad operation, what the embeddings throw, `DIMENSION`, `IO`,
   * `CLOSED`
   * @example
   * const [, item] = await store.batch([{ namespace: ["a"], key: "k", value: { n: 1 } }, { namespace: ["a"], key: "k" }]);
   */
  override async batch<Op extends Operation[]>(operations: Op): Promise<OperationResults<Op>> {
    const checked = operations.map((operation) => checkedOperation(operation, this.#view));
    const vectors = embedded(checked, this.#view.index);
    // Of a batch that waits for its turn, nobody else would see the failure.
    vectors.catch(() => undefined);
    const results = checked.some(({ kind }) => kind === "put")
      ? this.#writes.run(async () => this.#run(checked, await vectors, (work) => work()))
      : this.#run(checked, await vectors, (work) => this.#writes.run(work));
    return (await results) as OperationResults<Op>;
  }

  /**
   * Stores an item, replacing the one that is there. `index` says what of it is embedded instead of the fields that the store
   * embeds: paths, or `false` for nothing. `ttl` is in minutes.
   *
   * @throws as `batch`
   * @example
   * await store.put(["memories", "ada"], "tea", { text: "Ada drinks tea" }, ["text"], { ttl: 60 });
   */
  override async put(
    namespace: string[],
    key: string,
    value: Item["value"],
    index?: false | string[],
    options?: PutOptions,
  ): Promise<void> {
    if (namespace?.[0] === "langgraph") {
      throw new InvalidNamespaceError(`Root label for namespace cannot be "langgraph". Got: ${namespace}`);
    }
    const operation = { namespace, key, value, ...(index !== undefined && { index }), ...(options && { options }) };
    await this.batch([operation]);
  }

  /**
   * Deletes what has expired, here and elsewhere in the underlying store, and returns how many records that were: an item is one,
   * and so is each of its texts. It is done in the background, too.
   *
   * @example
   * await store.sweepExpiredItems();
   */
  async sweepExpiredItems(): Promise<number> {
    return (await this.#store.open()).sweep();
  }

  /** Opens the underlying store, which the first call would do otherwise. */
  override async start(): Promise<void> {
    await this.#store.open();
  }

  /**
   * Waits for writes under way and closes the store, or only this view of it when it came from `fromExistingStore`. Calls after it
   * reject with `CLOSED`, but for another `stop`.
   */
  override async stop(): Promise<void> {
    await this.#writes.run(async () => {
      if (!this.#store.closed) await this.#store.close();
    });
  }

  /** Does checked operations. */
  async #run(operations: readonly Checked[], vectors: Vectors, alone: Alone): Promise<unknown[]> {
    const core = await this.#store.open();
    const results: unknown[] = [];
    const seen: StoredRecord[] = [];
    let puts: Put[] = [];
    const flush = async () => {
      const { root } = this.#view;
      for (const [name, some] of byNamespace(puts, ({ labels }) => nameOf(root, labels))) {
        await writeItems(core, name, some, vectors.ofText);
      }
      puts = [];
    };
    for (const operation of operations) {
      if (operation.kind === "put") {
        puts.push(operation);
        results.push(undefined);
        continue;
      }
      await flush();
      results.push(await this.#read(core, operation, vectors, alone, seen));
    }
    await flush();
    const lasting = this.#view.refreshOnRead ? seen.filter((record) => headOf(record).ttl !== undefined) : [];
    if (lasting.length > 0 && !this.#readOnly) await alone(() => this.#refresh(core, lasting));
    return results;
  }

  /** Adds the records of the items that it returns to `seen`. */
  async #read(
    core: Thermocline,
    operation: Exclude<Checked, Put>,
    vectors: Vectors,
    alone: Alone,
    seen: StoredRecord[],
  ): Promise<unknown> {
    const { root } = this.#view;
    if (operation.kind === "list") return namespacesOf(core, root, operation);
    if (operation.kind === "search") {
      const found = await this.#search(core, operation, vectors, alone);
      seen.push(...found.map(({ record }) => record));
      return found.map(({ record, ...score }): SearchItem => ({ ...itemOf(root, record), ...score }));
    }
    const record = (await readItems(core, nameOf(root, operation.labels), [operation.key])).get(operation.key);
    if (!record) return null;
    seen.push(record);
    return itemOf(root, record);
  }

  async #search(core: Thermocline, search: Search, vectors: Vectors, alone: Alone): Promise<Found[]> {
    const { root, refreshOnRead } = this.#view;
    if (search.query === undefined) return filtered(core, root, search, refreshOnRead);
    const vector = vectors.ofQuery(search.query);
    return vector ? ranked(core, root, search, vector, alone) : [];
  }

  async #refresh(core: Thermocline, seen: readonly StoredRecord[]): Promise<void> {
    try {
      for (const [name, some] of byNamespace(seen, ({ namespace }) => namespace)) await refreshItems(core, name, some);
    } catch (error) {
      // What only reads may read without writing; times then run out as they were.
      if (!(error instanceof ThermoclineError) || error.code !== "UNSUPPORTED") throw error;
      this.#readOnly = true;
    }
  }
}
