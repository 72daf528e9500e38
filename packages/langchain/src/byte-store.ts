import { BaseStore } from "@langchain/core/stores";
import { type OpenOptions, type RecordInput, type Thermocline, ThermoclineError } from "@thermocline/core";
import { bytesOf, storedBytes } from "./bytes.js";
import { LazyStore } from "./lazy-store.js";

/** Records that one call of core reads. */
const PAGE = 256;

/**
 * How to open a byte store: the options of `Thermocline.open`, and the namespace that its keys are in. Without `path` it
 * lives in memory.
 *
 * @example
 * const config: ByteStoreConfig = { path: "memory.db", namespace: "parents" };
 */
export interface ByteStoreConfig extends OpenOptions {
  /** Default `"bytes"`. It should hold nothing else. */
  readonly namespace?: string | undefined;
}

/**
 * Bytes by key, for whatever of LangChain takes a `BaseStore<string, Uint8Array>`: `ParentDocumentRetriever` and
 * `MultiVectorRetriever` (as `byteStore`), `CacheBackedEmbeddings`, `LocalFileStore`'s users. It may live in the file of a
 * vector store, in a namespace of its own. Keys are not empty and have no U+0000. Failures are `ThermoclineError`s, and a call
 * that failed has changed nothing.
 *
 * @example
 * const store = new ThermoclineByteStore({ path: "memory.db" });
 * await store.mset([["a", new TextEncoder().encode("hello")]]);
 * const [bytes] = await store.mget(["a"]);
 */
export class ThermoclineByteStore extends BaseStore<string, Uint8Array> {
  lc_namespace = ["langchain", "storage", "thermocline"];
  #store: LazyStore;
  readonly #namespace: string;

  /** LangChain's name of the class, which minifying does not change. */
  static override lc_name(): string {
    return "ThermoclineByteStore";
  }

  constructor(config: ByteStoreConfig = {}) {
    // What LangChain gets here it may serialize and trace.
    super({});
    const { namespace = "bytes", ...options } = config;
    this.#namespace = namespace;
    this.#store = LazyStore.of("byte store", options);
  }

  /**
   * Bytes in a store that is open already, which stays yours to close.
   *
   * @example
   * const parents = ThermoclineByteStore.fromExistingStore(await vectors.thermocline(), { namespace: "parents" });
   */
  static fromExistingStore(
    thermocline: Thermocline,
    view: Pick<ByteStoreConfig, "namespace"> = {},
  ): ThermoclineByteStore {
    const store = new ThermoclineByteStore({ namespace: view.namespace });
    store.#store = LazyStore.lent("byte store", thermocline);
    return store;
  }

  /** The underlying store, opened if it is not yet. */
  async thermocline(): Promise<Thermocline> {
    return this.#store.open();
  }

  /**
   * The bytes of each key, in the order of the keys; `undefined` where there are none.
   *
   * @throws `ARGUMENT` for a key that cannot be, `CORRUPT`, `CLOSED`
   * @example
   * const [a, b] = await store.mget(["a", "b"]);
   */
  override async mget(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    const store = await this.#store.open();
    const found: (Uint8Array | undefined)[] = [];
    for (let at = 0; at < keys.length; at += PAGE) {
      const records = await store.get(keys.slice(at, at + PAGE), { namespace: this.#namespace });
      for (const record of records) found.push(record && bytesOf(record));
    }
    return found;
  }

  /**
   * Sets bytes, replacing those of the same key. All of them are set, or none.
   *
   * @throws `ARGUMENT` for a key that cannot be or a value that is no `Uint8Array`, `IO`, `CLOSED`
   * @example
   * await store.mset([["a", new Uint8Array([1, 2])]]);
   */
  override async mset(keyValuePairs: [string, Uint8Array][]): Promise<void> {
    const records = keyValuePairs.map(([id, bytes]): RecordInput => {
      if (bytes instanceof Uint8Array) return { id, ...storedBytes(bytes) };
      throw new ThermoclineError("ARGUMENT", `The value of key ${JSON.stringify(id)} is no Uint8Array; give bytes.`);
    });
    const store = await this.#store.open();
    await store.upsert(records, { namespace: this.#namespace });
  }

  /**
   * Deletes keys; those that are not there are passed over.
   *
   * @example
   * await store.mdelete(["a", "b"]);
   */
  override async mdelete(keys: string[]): Promise<void> {
    const store = await this.#store.open();
    await store.delete({ ids: keys }, { namespace: this.#namespace });
  }

  /**
   * The keys, or those that begin with `prefix`, in the order in which they were last set. Setting and deleting in between is
   * welcome.
   *
   * @example
   * for await (const key of store.yieldKeys("session:")) console.log(key);
   */
  override async *yieldKeys(prefix = ""): AsyncGenerator<string> {
    const store = await this.#store.open();
    for await (const { id } of store.list({ namespace: this.#namespace })) if (id.startsWith(prefix)) yield id;
  }

  /** Closes the store, or only this view of it when it came from `fromExistingStore`. Calls after it reject with `CLOSED`. */
  async close(): Promise<void> {
    await this.#store.close();
  }
}
