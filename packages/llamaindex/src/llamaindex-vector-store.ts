// biome-ignore-all lint/complexity/noThisInStatic: a subclass's factory makes that subclass
import type { BaseEmbedding } from "@llamaindex/core/embeddings";
import { Settings } from "@llamaindex/core/global";
import { type BaseNode, jsonToNode } from "@llamaindex/core/schema";
import { BaseVectorStore, type VectorStoreQuery, type VectorStoreQueryResult } from "@llamaindex/core/vector-store";
import type { Thermocline } from "@thermocline/core";
import { NodeStore } from "./node-store.js";
import type { AddOptions, SignalOptions, ThermoclineConfig, ThermoclineQueryParams, ViewOptions } from "./options.js";

/**
 * What embeds nodes that an index or a memory adds. Default: `Settings.embedModel`, when it is needed, so that a store that is
 * given embeddings needs none.
 */
export interface EmbedModelOptions {
  readonly embedModel?: BaseEmbedding | undefined;
  /** @deprecated LlamaIndex's former name of `embedModel`. */
  readonly embeddingModel?: BaseEmbedding | undefined;
}

/**
 * A LlamaIndex.TS vector store over Thermocline. It keeps nodes whole, by id: adding one that is there replaces it.
 * Similarities are higher for better under every metric. Failures are `ThermoclineError`s, and a call that failed has changed
 * nothing. The underlying store is opened by the first call that needs it.
 *
 * @example
 * const vectorStore = new ThermoclineVectorStore({ path: "memory.db", embedModel });
 * const storageContext = await storageContextFromDefaults({ vectorStore });
 * const index = await VectorStoreIndex.fromDocuments(documents, { storageContext });
 * await vectorStore.close();
 */
export class ThermoclineVectorStore extends BaseVectorStore<Promise<Thermocline>, ThermoclineQueryParams> {
  /** Nodes come back with their texts, so an index needs no document store to find them. */
  storesText = true;
  readonly #nodes: NodeStore<BaseNode>;

  /**
   * @throws `ARGUMENT` when a client is given with options to open one, and for a `requireEmbeddings` that is no boolean
   */
  constructor({ embedModel, embeddingModel, ...config }: ThermoclineConfig & EmbedModelOptions = {}) {
    const given = embedModel ?? embeddingModel;
    // The base class would ask Settings here and now, which throws where no model is set.
    super({ embedModel: given ?? ({} as BaseEmbedding) });
    if (!given) {
      Object.defineProperty(this, "embedModel", {
        get: () => Settings.embedModel,
        set: (value: BaseEmbedding) => Object.defineProperty(this, "embedModel", { value, writable: true }),
        configurable: true,
        enumerable: true,
      });
    }
    this.#nodes = new NodeStore(jsonToNode, config);
  }

  /**
   * The underlying store, opened if it is not yet, for what LlamaIndex has no words for: `stats`, `count`, `demote`…
   *
   * @throws what `Thermocline.open` throws, and `CLOSED`; the next call tries again to open it
   * @example
   * const { hot, cold } = (await vectorStore.client()).stats();
   */
  client(): Promise<Thermocline> {
    return this.#nodes.client();
  }

  /**
   * Adds nodes with their embeddings, replacing those of the same id. All of them are added, or none.
   *
   * @returns their ids, in the same order
   * @throws `ARGUMENT` when one has no embedding, unless `requireEmbeddings` is false, or metadata that JSON cannot say;
   * `DIMENSION`, `NOT_FINITE` or `ZERO_VECTOR` for a bad embedding; `ABORTED`, `IO`, `CLOSED`
   * @example
   * const ids = await vectorStore.add([new TextNode({ id_: "n", text: "north", embedding: [1, 0] })]);
   */
  add(nodes: BaseNode[], options?: AddOptions): Promise<string[]> {
    return this.#nodes.add(nodes, options);
  }

  /**
   * Deletes the nodes of a document: those with this source, and one with this id that has no source. None is no error.
   *
   * @throws `ABORTED`, `IO`, `CLOSED`
   * @example
   * await vectorStore.delete(document.id_);
   */
  delete(refDocId: string, options?: SignalOptions): Promise<void> {
    return this.#nodes.delete(refDocId, options);
  }

  /**
   * Whether there are nodes of a document.
   *
   * @throws `CLOSED`
   * @example
   * if (!(await vectorStore.exists(document.id_))) await index.insert(document);
   */
  exists(refDocId: string): Promise<boolean> {
    return this.#nodes.exists(refDocId);
  }

  /**
   * The `similarityTopK` nodes that answer best, best first; fewer only when fewer match. `docIds` are ids of documents.
   *
   * @throws `UNSUPPORTED` for a mode that there is none of here, `ARGUMENT` where what the mode needs is missing, `FILTER`,
   * `DIMENSION`, `NOT_FINITE`, `ZERO_VECTOR`, `ABORTED`, `CLOSED`
   * @example
   * const { nodes, similarities } = await vectorStore.query({ queryEmbedding, similarityTopK: 3, mode: "default" });
   */
  query(
    query: VectorStoreQuery<ThermoclineQueryParams>,
    options?: SignalOptions,
  ): Promise<Required<VectorStoreQueryResult>> {
    return this.#nodes.query(query, options);
  }

  /**
   * Copies the store, with all its namespaces, to a file, as it is at one moment. To open it, give its path.
   *
   * @throws `IO` when it cannot be written
   * @example
   * await vectorStore.persist("snapshots/monday.db");
   */
  persist(path: string): Promise<void> {
    return this.#nodes.persist(path);
  }

  /**
   * Closes the store, or only this view of it when it was given its client. Calls after it reject with `CLOSED`.
   */
  close(): Promise<void> {
    return this.#nodes.close();
  }

  /**
   * A view of a store that is open already, which stays yours to close. Several may look at different namespaces of it.
   *
   * @example
   * const alice = ThermoclineVectorStore.fromExistingStore(thermocline, { namespace: "alice" });
   */
  static fromExistingStore(
    thermocline: Thermocline,
    view: ViewOptions & EmbedModelOptions = {},
  ): ThermoclineVectorStore {
    return new this({ ...view, client: thermocline });
  }
}
