// biome-ignore-all lint/complexity/noThisInStatic: a subclass's factories make that subclass
import { Document, type DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { type MaxMarginalRelevanceSearchOptions, SaveableVectorStore } from "@langchain/core/vectorstores";
import { type Hit, type OpenOptions, type StoredRecord, Thermocline, ThermoclineError } from "@thermocline/core";
import { savedFile, saveInto } from "./directory.js";
import { both, type ThermoclineFilter } from "./filter.js";
import { idsOf, isGeneratedId } from "./ids.js";
import { sameNumber } from "./lists.js";
import { chooseMarginal, marginalOptions } from "./marginal-relevance.js";
import {
  type AddOptions,
  addOptions,
  type DeleteOptions,
  type ThermoclineConfig,
  type ViewOptions,
} from "./options.js";
import { selectionOf } from "./selection.js";

/** SemanticSimilarityExampleSelector.fromExamples hands these of its own options on to `fromTexts`. */
const SELECTOR_KEYS = ["k", "inputKeys", "exampleKeys"];

/**
 * A LangChain vector store over Thermocline. Documents are addressed by id: adding one that is there replaces it. Scores
 * are similarities, higher is better, under every metric. Failures are `ThermoclineError`s, and a call that failed has
 * changed nothing. The underlying store is opened by the first call that needs it.
 *
 * @example
 * const store = new ThermoclineVectorStore(embeddings, { path: "memory.db" });
 * await store.addDocuments([{ pageContent: "hello", metadata: { lang: "en" } }], { ids: ["a"] });
 * const [document] = await store.similaritySearch("hi", 1, { lang: "en" });
 * await store.close();
 */
export class ThermoclineVectorStore extends SaveableVectorStore {
  declare FilterType: ThermoclineFilter;
  readonly #options: OpenOptions;
  readonly #view: ViewOptions;
  #opening: Promise<Thermocline> | undefined;
  #borrowed = false;
  #closed = false;

  /** LangChain's name of the class, which minifying does not change. */
  static override lc_name(): string {
    return "ThermoclineVectorStore";
  }

  constructor(embeddings: EmbeddingsInterface, config: ThermoclineConfig = {}) {
    // What LangChain gets here it may serialize and trace.
    super(embeddings, {});
    const { namespace, exposeIds, filter, ...options } = config;
    this.#options = options;
    this.#view = { namespace, exposeIds, filter };
  }

  /** The kind of store, as LangChain tags it in traces: `"thermocline"`. */
  override _vectorstoreType(): string {
    return "thermocline";
  }

  /** Whose documents these are. */
  get namespace(): string {
    return this.#view.namespace ?? "default";
  }

  /**
   * The underlying store, opened if it is not yet, for what LangChain has no words for: `stats`, `count`, `demote`…
   *
   * @throws what `Thermocline.open` throws, and `CLOSED`; the next call tries again to open it
   * @example
   * const { hot, cold } = (await store.thermocline()).stats();
   */
  async thermocline(): Promise<Thermocline> {
    this.#assertOpen();
    this.#opening ??= Thermocline.open(this.#options).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /**
   * Embeds documents and adds them, replacing those of the same id. All of them are added, or none.
   *
   * @returns the ids, in the order of the documents
   * @throws `ARGUMENT` when ids and documents differ in number, and what `addVectors` throws
   * @example
   * const ids = await store.addDocuments([{ pageContent: "hello", metadata: {} }], { signal });
   */
  override async addDocuments(
    documents: DocumentInterface[],
    options: AddOptions | readonly string[] = {},
  ): Promise<string[]> {
    const add = addOptions(options);
    // Before the embedding, which may cost money.
    const ids = idsOf(documents, add.ids);
    if (add.signal?.aborted) {
      const { reason: cause } = add.signal;
      throw new ThermoclineError("ABORTED", "The call was aborted by its signal; nothing was added.", { cause });
    }
    if (documents.length === 0) return [];
    const vectors = await this.embeddings.embedDocuments(documents.map(({ pageContent }) => pageContent));
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
    options: AddOptions | readonly string[] = {},
  ): Promise<string[]> {
    const { ids: given, signal, onProgress } = addOptions(options);
    sameNumber("vectors", vectors, documents);
    const ids = idsOf(documents, given);
    const records = documents.map(({ pageContent, metadata }, i) => {
      return { id: ids[i] ?? "", vector: vectors[i] ?? [], text: pageContent, metadata };
    });
    const store = await this.thermocline();
    await store.upsert(records, { namespace: this.#view.namespace, signal, onProgress });
    return ids;
  }

  /**
   * The `k` documents most similar to a vector, with their similarities, best first. Fewer only when fewer match.
   *
   * @throws `DIMENSION`, `NOT_FINITE`, `ZERO_VECTOR`, `ARGUMENT` or `FILTER` for a bad query, `CLOSED`
   * @example
   * const [[document, score]] = await store.similaritySearchVectorWithScore([1, 0, 0], 1, { year: { $gte: 2015 } });
   */
  override async similaritySearchVectorWithScore(
    query: readonly number[],
    k: number,
    filter?: this["FilterType"],
  ): Promise<[Document, number][]> {
    const hits = await this.#query(query, k, filter, false);
    return hits.map((hit) => [this.#document(hit), hit.score]);
  }

  /**
   * The `k` documents that are similar to the query and unlike each other, chosen from the `fetchK` most similar (default
   * 20, at least `k`). `lambda` weighs similarity against diversity, from 0 (diverse) to 1; default 0.5. Vectors are the
   * stored ones; where a cold row keeps no original, what its code stands for.
   *
   * @throws what a similarity search throws
   * @example
   * const documents = await store.maxMarginalRelevanceSearch("storms", { k: 3, lambda: 0.3 });
   */
  override async maxMarginalRelevanceSearch(
    query: string,
    { filter, ...options }: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
  ): Promise<Document[]> {
    const wanted = marginalOptions(options);
    const vector = await this.embeddings.embedQuery(query);
    const hits = await this.#query(vector, wanted.fetchK, filter, true);
    return chooseMarginal(vector, hits, wanted).map((hit) => this.#document(hit));
  }

  /**
   * Documents by id, in the order of the ids; those that are not there are left out.
   *
   * @example
   * const documents = await store.getByIds(["a", "b"]);
   */
  async getByIds(ids: readonly string[]): Promise<Document[]> {
    const store = await this.thermocline();
    const records = await store.get(ids, { namespace: this.#view.namespace });
    return records.flatMap((record) => record ?? []).map((record) => this.#document(record));
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
    const selection = selectionOf(options, this.#view.filter);
    const store = await this.thermocline();
    await store.delete(selection, { namespace: this.#view.namespace });
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
    await saveInto(directory, await this.thermocline(), this.#options.path);
  }

  /**
   * Closes the store, or only this view of it when it came from `fromExistingStore`. Calls after it reject with `CLOSED`.
   */
  async close(): Promise<void> {
    this.#assertOpen();
    this.#closed = true;
    const store = await this.#opening?.catch(() => undefined);
    if (!this.#borrowed) await store?.close();
  }

  /**
   * Opens the file that `save` wrote into a directory. It is opened in place: what is added later is in that file too.
   *
   * @throws `IO` when there is none, and what `Thermocline.open` throws
   * @example
   * const store = await ThermoclineVectorStore.load("snapshots/monday", embeddings);
   */
  static override async load(
    directory: string,
    embeddings: EmbeddingsInterface,
    config: Omit<ThermoclineConfig, "path"> = {},
  ): Promise<ThermoclineVectorStore> {
    const store = new this(embeddings, { ...config, path: await savedFile(directory) });
    await store.thermocline();
    return store;
  }

  /**
   * A store with these texts. `metadatas` has an object for each text, or is one for all; a text past its end has none.
   *
   * @throws `ARGUMENT` when there are more metadatas than texts, and what `addDocuments` throws
   * @example
   * const store = await ThermoclineVectorStore.fromTexts(["hello", "bye"], { lang: "en" }, embeddings);
   */
  static override async fromTexts(
    texts: string[],
    metadatas: object[] | object,
    embeddings: EmbeddingsInterface,
    config: ThermoclineConfig = {},
  ): Promise<ThermoclineVectorStore> {
    const list: object[] = Array.isArray(metadatas) ? metadatas : texts.map(() => metadatas);
    if (list.length > texts.length) sameNumber("metadatas", list, texts);
    const documents = texts.map((pageContent, i) => new Document({ pageContent, metadata: { ...list[i] } }));
    const own = Object.entries(config).filter(([key]) => !SELECTOR_KEYS.includes(key));
    return this.fromDocuments(documents, embeddings, Object.fromEntries(own));
  }

  /**
   * A store with these documents.
   *
   * @example
   * const store = await ThermoclineVectorStore.fromDocuments(documents, embeddings, { path: "memory.db" });
   */
  static override async fromDocuments(
    documents: DocumentInterface[],
    embeddings: EmbeddingsInterface,
    config: ThermoclineConfig = {},
  ): Promise<ThermoclineVectorStore> {
    const store = new this(embeddings, config);
    await store.addDocuments(documents);
    return store;
  }

  /**
   * A view of a store that is open already, which stays yours to close. Several may look at different namespaces of it.
   *
   * @example
   * const alice = await ThermoclineVectorStore.fromExistingStore(embeddings, thermocline, { namespace: "alice" });
   */
  static async fromExistingStore(
    embeddings: EmbeddingsInterface,
    thermocline: Thermocline,
    view: ViewOptions = {},
  ): Promise<ThermoclineVectorStore> {
    const store = new this(embeddings, view);
    store.#opening = Promise.resolve(thermocline);
    store.#borrowed = true;
    return store;
  }

  #assertOpen(): void {
    if (this.#closed) throw new ThermoclineError("CLOSED", "This vector store is closed; make another to go on.");
  }

  async #query(
    vector: readonly number[],
    k: number,
    given: ThermoclineFilter | undefined,
    includeVectors: boolean,
  ): Promise<Hit[]> {
    const wanted = both(this.#view.filter, given);
    const filter = typeof wanted === "function" ? (record: StoredRecord) => wanted(this.#document(record)) : wanted;
    const store = await this.thermocline();
    return store.query({ vector, k, filter, includeVectors, namespace: this.#view.namespace });
  }

  #document({ id, text = "", metadata }: StoredRecord): Document {
    const hidden = this.#view.exposeIds === false && isGeneratedId(id);
    return new Document({ pageContent: text, metadata, ...(!hidden && { id }) });
  }
}
