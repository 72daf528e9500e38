// biome-ignore-all lint/complexity/noThisInStatic: a subclass's factories make that subclass
import type { Callbacks } from "@langchain/core/callbacks/manager";
import type { Document, DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { MaxMarginalRelevanceSearchOptions, VectorStoreRetrieverInput } from "@langchain/core/vectorstores";
import type { Hit, QueryOptions, StoredRecord, Thermocline } from "@thermocline/core";
import { savedFile } from "./directory.js";
import { ThermoclineDocuments } from "./documents.js";
import { both, type ThermoclineFilter } from "./filter.js";
import { readFaiss } from "./moving-in/faiss.js";
import { readHNSWLib } from "./moving-in/hnswlib.js";
import { type MemoryVectors, readMemoryVectorStore } from "./moving-in/memory-vector-store.js";
import { moveIn } from "./moving-in/move-in.js";
import { readSimpleVectorStore } from "./moving-in/simple-vector-store.js";
import type { Moving } from "./moving-in/source.js";
import type { MoveConfig, ThermoclineConfig, ViewOptions } from "./options.js";
import { type RetrieverFields, ThermoclineRetriever } from "./retriever.js";
import { askedOf, type ExplainedSearch, type SearchRequest } from "./search.js";
import { documentsOf, ownConfig } from "./texts.js";

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
export class ThermoclineVectorStore extends ThermoclineDocuments {
  /** LangChain's name of the class, which minifying does not change. */
  static override lc_name(): string {
    return "ThermoclineVectorStore";
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
    return this.#scored(await this.#query({ vector: query, k }, filter));
  }

  /**
   * The `k` documents that are similar to the query and unlike each other, chosen from the `fetchK` most similar (default
   * 20, at least `k`). `lambda` weighs similarity against diversity, from 0 (diverse) to 1; default 0.5. Both are measured by
   * the store's metric, on stored vectors; where a cold row keeps no original, on what its code stands for.
   *
   * @throws what a similarity search throws
   * @example
   * const documents = await store.maxMarginalRelevanceSearch("storms", { k: 3, lambda: 0.3 });
   */
  override async maxMarginalRelevanceSearch(
    query: string,
    { k, fetchK, lambda, filter }: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
  ): Promise<Document[]> {
    const found = await this.search(query, { searchType: "mmr", k, filter, searchKwargs: { fetchK, lambda } });
    return found.map(([document]) => document);
  }

  /**
   * Documents by any of the ways to search, with their scores, best first: what `ThermoclineRetriever` asks for. Of `mmr` the
   * scores are similarities, and the order is that of their choice.
   *
   * @throws `ARGUMENT` for an option that the search type has no use for, and what a similarity search throws; `IO` when the
   * index of words, which the first search by words makes, cannot be written
   * @example
   * const found = await store.search("ocean currents", { searchType: "keyword", textMatch: "all", k: 10 });
   */
  async search(query: string, fields: SearchRequest = {}): Promise<[Document, number][]> {
    return this.#scored(await this.#query(await askedOf(query, fields, this.embeddings), fields.filter));
  }

  /**
   * The `k` best documents by meaning and by words at once, with the scores of their fusion: `fusion`, `alpha`, `textMatch`.
   *
   * @throws as `search`
   * @example
   * const found = await store.hybridSearch("error E4107", 5, { alpha: 0.3 });
   */
  async hybridSearch(
    query: string,
    k?: number,
    fields: Omit<SearchRequest, "searchType" | "k" | "searchKwargs"> = {},
  ): Promise<[Document, number][]> {
    return this.search(query, { ...fields, k, searchType: "hybrid" });
  }

  /**
   * What `search` finds, and how: for each document its tier, its scores and its place, and where the time went.
   *
   * @throws as `search`
   * @example
   * const { hits, explanation } = await store.explain("ocean currents", { searchType: "hybrid" });
   */
  async explain(query: string, fields: SearchRequest = {}): Promise<ExplainedSearch> {
    const asked = await askedOf(query, fields, this.embeddings);
    const store = await this.thermocline();
    const hits = await store.query({ ...this.#narrowed(asked, fields.filter), explain: true });
    return {
      hits: hits.map((hit) => ({ document: this.documentOf(hit), score: hit.score, explanation: hit.explanation })),
      explanation: hits.explanation,
    };
  }

  /**
   * This store as a retriever: with a number and a filter, or with fields, among them `searchType`.
   *
   * @throws `ARGUMENT` for a search type that is none, and for options that the search type has no use for
   * @example
   * const retriever = store.asRetriever({ searchType: "hybrid", k: 5, filter: { lang: "en" } });
   */
  override asRetriever(
    kOrFields?: number | Partial<VectorStoreRetrieverInput<this>>,
    filter?: this["FilterType"],
    callbacks?: Callbacks,
    tags?: string[],
    metadata?: Record<string, unknown>,
    verbose?: boolean,
  ): ThermoclineRetriever<this>;
  override asRetriever(fields: RetrieverFields): ThermoclineRetriever<this>;
  override asRetriever(
    kOrFields?: number | Partial<VectorStoreRetrieverInput<this>> | RetrieverFields,
    filter?: this["FilterType"],
    callbacks?: Callbacks,
    tags?: string[],
    metadata?: Record<string, unknown>,
    verbose?: boolean,
  ): ThermoclineRetriever<this> {
    const positional = { k: kOrFields, filter, callbacks, tags, metadata, verbose };
    const fields = (typeof kOrFields === "object" ? kOrFields : positional) as RetrieverFields;
    const own = [...(fields.tags ?? []), this._vectorstoreType()];
    return new ThermoclineRetriever({ ...fields, vectorStore: this, tags: own });
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
    return this.fromDocuments(documentsOf(texts, metadatas), embeddings, ownConfig(config));
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
    store.borrow(thermocline);
    return store;
  }

  /**
   * A store with everything that LangChain's `MemoryVectorStore` holds, with its vectors and embeddings. Where two documents have the
   * same id, the last one stays.
   *
   * @throws `ARGUMENT` when it is none, `ABORTED`, and what `addVectors` throws
   * @example
   * const store = await ThermoclineVectorStore.fromMemoryVectorStore(memory, { path: "memory.db" });
   */
  static async fromMemoryVectorStore(store: MemoryVectors, config: MoveConfig = {}): Promise<ThermoclineVectorStore> {
    const read = (moving: Moving) => readMemoryVectorStore(store, moving);
    return moveIn(read, config, (own) => new this(store.embeddings, own));
  }

  /**
   * A store with everything that LangChain's `HNSWLib.save` wrote into a directory, but for points marked as deleted. Its space
   * decides the metric, unless the config does; vectors of the space `cosine` have length 1.
   *
   * @throws `IO` when a file cannot be read, `FORMAT` when it is something else, `CORRUPT` when it is cut off or the files
   * contradict each other; `ABORTED`, and what `addVectors` throws
   * @example
   * const store = await ThermoclineVectorStore.fromHNSWLib("old-index", embeddings, { path: "memory.db" });
   */
  static async fromHNSWLib(
    directory: string,
    embeddings: EmbeddingsInterface,
    config: MoveConfig = {},
  ): Promise<ThermoclineVectorStore> {
    return moveIn(
      (moving) => readHNSWLib(directory, moving),
      config,
      (own) => new this(embeddings, own),
    );
  }

  /**
   * A store with everything that LangChain's `FaissStore.save` wrote into a directory, under its ids. The index must be flat
   * (`IndexFlatL2`, `IndexFlatIP`, also within an `IndexIDMap`); it decides the metric, unless the config does.
   *
   * @throws as `fromHNSWLib`, and `UNSUPPORTED` for other kinds of index
   * @example
   * const store = await ThermoclineVectorStore.fromFaiss("old-index", embeddings, { path: "memory.db", metric: "cosine" });
   */
  static async fromFaiss(
    directory: string,
    embeddings: EmbeddingsInterface,
    config: MoveConfig = {},
  ): Promise<ThermoclineVectorStore> {
    return moveIn(
      (moving) => readFaiss(directory, moving),
      config,
      (own) => new this(embeddings, own),
    );
  }

  /**
   * A store with everything that LlamaIndex.TS's `SimpleVectorStore` persisted, under its nodes' ids: a directory, or the path of its
   * vector_store.json. Texts come from the doc_store.json beside it; without that they are empty.
   *
   * @throws as `fromHNSWLib`
   * @example
   * const store = await ThermoclineVectorStore.fromSimpleVectorStore("storage", embeddings, { path: "memory.db" });
   */
  static async fromSimpleVectorStore(
    path: string,
    embeddings: EmbeddingsInterface,
    config: MoveConfig = {},
  ): Promise<ThermoclineVectorStore> {
    return moveIn(
      (moving) => readSimpleVectorStore(path, moving),
      config,
      (own) => new this(embeddings, own),
    );
  }

  /** A search of this store's documents only. */
  #narrowed(options: Omit<QueryOptions, "filter">, given: ThermoclineFilter | undefined): QueryOptions {
    const wanted = both(this.view.filter, given);
    const filter = typeof wanted === "function" ? (record: StoredRecord) => wanted(this.documentOf(record)) : wanted;
    return { ...options, filter, namespace: this.view.namespace };
  }

  async #query(options: Omit<QueryOptions, "filter">, filter: ThermoclineFilter | undefined): Promise<Hit[]> {
    return (await this.thermocline()).query(this.#narrowed(options, filter));
  }

  #scored(hits: readonly Hit[]): [Document, number][] {
    return hits.map((hit) => [this.documentOf(hit), hit.score]);
  }
}
