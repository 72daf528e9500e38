import { Document, type DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { SaveableVectorStore } from "@langchain/core/vectorstores";
import { type NamespaceOptions, type StoredRecord, type Thermocline, ThermoclineError } from "@thermocline/core";
import { saveInto } from "./directory.js";
import { embedInBatches } from "./embed.js";
import { both, type ThermoclineFilter } from "./filter.js";
import { idsOf, isGeneratedId } from "./ids.js";
import { LazyStore } from "./lazy-store.js";
import { sameNumber } from "./lists.js";
import {
  type AddOptions,
  type AddVectorsOptions,
  addOptions,
  type DeleteOptions,
  type ListDocumentsOptions,
  type ThermoclineConfig,
  type ViewOptions,
} from "./options.js";
import { throwIfAborted } from "./pace.js";
import { selectionOf } from "./selection.js";

/** The documents of a vector store: opened, added, read, deleted, saved. What searches them is `ThermoclineVectorStore`. */
export abstract class ThermoclineDocuments extends SaveableVectorStore {
  declare FilterType: ThermoclineFilter;
  /** How this store looks at the records. */
  protected readonly view: ViewOptions;
  readonly #path: string | undefined;
  #store: LazyStore;

  constructor(embeddings: EmbeddingsInterface, config: ThermoclineConfig = {}) {
    // What LangChain gets here it may serialize and trace.
    super(embeddings, {});
    const { namespace, exposeIds, filter, ...options } = config;
    this.#path = options.path;
    this.#store = LazyStore.of("vector store", options);
    this.view = { namespace, exposeIds, filter };
  }

  /** The kind of store, as LangChain tags it in traces: `"thermocline"`. */
  override _vectorstoreType(): string {
    return "thermocline";
  }

  /** Whose documents these are. */
  get namespace(): string {
    return this.view.namespace ?? "default";
  }

  /**
   * The underlying store, opened if it is not yet, for what LangChain has no words for: `stats`, `demote`, `calibrate`…
   *
   * @throws what `Thermocline.open` throws, and `CLOSED`; the next call tries again to open it
   * @example
   * const { hot, cold } = (await store.thermocline()).stats();
   */
  thermocline(): Promise<Thermocline> {
    return this.#store.open();
  }

  /**
   * Embeds documents and adds them, replacing those of the same id. All of them are added, or none: texts are embedded first,
   * some at a time, and what of that was paid for is lost when the call fails. Retries are those of the embeddings.
   *
   * @returns the ids, in the order of the documents
   * @throws `ARGUMENT` when ids and documents differ in number, `ABORTED`, what the embeddings and `addVectors` throw
   * @example
   * const ids = await store.addDocuments([{ pageContent: "hello", metadata: {} }], { signal });
   */
  override async addDocuments(
    documents: DocumentInterface[],
    options: AddOptions | readonly string[] = {},
  ): Promise<string[]> {
    const { batchSize, ...add } = addOptions(options);
    // Before the embedding, which may cost money.
    const ids = await idsOf(documents, add.ids, add.signal);
    this.#store.assertOpen();
    throwIfAborted(add.signal);
    if (documents.length === 0) return [];
    const texts = documents.map(({ pageContent }) => pageContent);
    const vectors = await embedInBatches(this.embeddings, texts, { ...add, batchSize });
    return this.addVectors(vectors, documents, { ...add, ids });
  }

  /**
   * Adds documents with vectors that are computed already, replacing those of the same id. All of them, or none.
   *
   * @returns the ids, in the order of the documents
   * @throws `ARGUMENT` when vectors, documents and ids differ in number, `DIMENSION`, `NOT_FINITE` or `ZERO_VECTOR` for a
   * bad vector, `ABORTED`, `IO`, `CLOSED`
   * @example
   * const ids = await store.addVectors([[1, 0, 0]], [{ pageContent: "north", metadata: {} }], { ids: ["n"] });
   */
  override async addVectors(
    vectors: readonly ArrayLike<number>[],
    documents: DocumentInterface[],
    options: AddVectorsOptions | readonly string[] = {},
  ): Promise<string[]> {
    const { ids: given, expiresAt, ttl, signal, onProgress } = addOptions(options);
    sameNumber("vectors", vectors, documents);
    const ids = await idsOf(documents, given, signal);
    const records = documents.map(({ pageContent, metadata }, i) => {
      return { id: ids[i] ?? "", vector: vectors[i] ?? [], text: pageContent, metadata, expiresAt };
    });
    const store = await this.thermocline();
    await store.upsert(records, { namespace: this.namespace, ttl, signal, onProgress });
    return ids;
  }

  /**
   * Documents by id, in the order of the ids; those that are not there are left out.
   *
   * @example
   * const documents = await store.getByIds(["a", "b"]);
   */
  async getByIds(ids: readonly string[]): Promise<Document[]> {
    const store = await this.thermocline();
    const records = await store.get(ids, { namespace: this.namespace });
    return records.flatMap((record) => record ?? []).map((record) => this.documentOf(record));
  }

  /**
   * Deletes documents by id, by filter, or all of the namespace. Ids that are not there are passed over.
   *
   * @throws `ARGUMENT` unless exactly one of `ids`, `filter` and `deleteAll: true` is given; `FILTER`, `IO`, `CLOSED`
   * @example
   * await store.delete({ ids: ["a"] });
   * await store.delete({ filter: { year: { $lt: 2015 } } });
   */
  override async delete(options: DeleteOptions | readonly string[]): Promise<void> {
    const selection = selectionOf(options, this.view.filter);
    const store = await this.thermocline();
    await store.delete(selection, { namespace: this.namespace });
  }

  /**
   * All documents, or those that match, in the order in which they were added, read some at a time. A loop may change what it is
   * given: what is deleted comes no more, what is added after the listing began does not come.
   *
   * @throws `FILTER` and `ARGUMENT` for bad options, `ABORTED`, `CLOSED`: when the first document is asked for
   * @example
   * for await (const { id, pageContent } of store.list({ filter: { lang: "en" } })) console.log(id, pageContent);
   */
  async *list({ filter: given, limit, signal }: ListDocumentsOptions = {}): AsyncGenerator<Document, void, undefined> {
    const filter = both(this.view.filter, given);
    const { namespace } = this;
    const store = await this.thermocline();
    if (typeof filter !== "function") {
      const records = store.list({ filter, limit, signal, namespace });
      for await (const record of records) yield this.documentOf(record);
      return;
    }
    if (limit !== undefined && !(Number.isInteger(limit) && limit > 0)) {
      throw new ThermoclineError("ARGUMENT", `limit is ${limit}; give a whole number from 1.`);
    }
    let left = limit ?? Number.POSITIVE_INFINITY;
    for await (const record of store.list({ signal, namespace })) {
      const document = this.documentOf(record);
      if (!filter(document)) continue;
      yield document;
      if (--left === 0) return;
    }
  }

  /**
   * How many documents there are, or how many match. Object filters are counted by the database, functions by reading everything.
   *
   * @throws `FILTER`, `ABORTED`, `CLOSED`
   * @example
   * const recent = await store.count({ year: { $gte: 2015 } });
   */
  async count(given?: ThermoclineFilter, { signal }: { readonly signal?: AbortSignal } = {}): Promise<number> {
    const filter = both(this.view.filter, given);
    if (typeof filter !== "function") {
      return (await this.thermocline()).count(filter, { namespace: this.namespace, signal });
    }
    let count = 0;
    for await (const _ of this.list({ filter: given, signal })) count++;
    return count;
  }

  /**
   * Copies this store's namespace to another one of the same file, which must hold nothing, and returns how many documents it has.
   * Both then give the same answers. All are copied, or none.
   *
   * @throws `ARGUMENT` for a bad name or when the target holds documents, `UNSUPPORTED` when the store has a filter of its own,
   * which a copy would see past; `ABORTED`, `IO`, `CLOSED`
   * @example
   * await store.copyNamespace("alice-before");
   */
  async copyNamespace(target: string, options: NamespaceOptions = {}): Promise<number> {
    const store = await this.#whole("copied");
    return store.copyNamespace(this.namespace, target, options);
  }

  /**
   * Deletes this store's namespace with all of its documents, and returns how many there were. Adding makes it anew.
   *
   * @throws `UNSUPPORTED` when the store has a filter of its own, which bounds what it may delete; `ABORTED`, `IO`, `CLOSED`
   * @example
   * await alice.dropNamespace();
   */
  async dropNamespace(options: NamespaceOptions = {}): Promise<number> {
    const store = await this.#whole("dropped");
    return store.dropNamespace(this.namespace, options);
  }

  /**
   * Copies the store, with all its namespaces, to `thermocline.db` in a directory. What was in that file before is
   * replaced in one transaction; stores that have it open see the new contents. When it is this store's own file, there is
   * nothing to do.
   *
   * @throws `IO` when it cannot be written
   * @example
   * await store.save("snapshots/monday");
   */
  override async save(directory: string): Promise<void> {
    await saveInto(directory, await this.thermocline(), this.#path);
  }

  /**
   * Closes the store, or only this view of it when it came from `fromExistingStore`. Calls after it reject with `CLOSED`.
   */
  close(): Promise<void> {
    return this.#store.close();
  }

  /** Closes the store at the end of an `await using` block, unless it is closed already. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#store.closed) await this.close();
  }

  /** Looks at a store that is open already, and leaves it open. */
  protected borrow(store: Thermocline): void {
    this.#store = LazyStore.lent("vector store", store);
  }

  protected documentOf({ id, text = "", metadata }: StoredRecord): Document {
    const hidden = this.view.exposeIds === false && isGeneratedId(id);
    return new Document({ pageContent: text, metadata, ...(!hidden && { id }) });
  }

  async #whole(done: string): Promise<Thermocline> {
    if (this.view.filter === undefined) return this.thermocline();
    const rule = `only a store without can be ${done} with its namespace`;
    throw new ThermoclineError("UNSUPPORTED", `This store has a filter of its own; ${rule}.`);
  }
}
