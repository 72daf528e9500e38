import type { CallbackManagerForRetrieverRun } from "@langchain/core/callbacks/manager";
import type { DocumentInterface } from "@langchain/core/documents";
import type { BaseRetrieverInput } from "@langchain/core/retrievers";
import { VectorStoreRetriever, type VectorStoreRetrieverMMRSearchKwargs } from "@langchain/core/vectorstores";
import { type MmrFields, type SearchFields, type SearchType, searchOf } from "./search.js";
import type { ThermoclineVectorStore } from "./vector-store.js";

/** Options of `store.asRetriever`: how to search, and what every retriever has (`tags`, `metadata`, `callbacks`, `verbose`). */
export type RetrieverFields = BaseRetrieverInput & SearchFields;

/** Options of `ThermoclineRetriever`: those of `store.asRetriever`, and the store. */
export type ThermoclineRetrieverInput<V extends ThermoclineVectorStore = ThermoclineVectorStore> = RetrieverFields & {
  readonly vectorStore: V;
};

/**
 * A retriever over a Thermocline store: by vector, by words, by both, by marginal relevance, or from a score on. It is a
 * `VectorStoreRetriever`, so it goes wherever LangChain takes one: ensembles, compression, self-query, chains.
 *
 * @throws `ARGUMENT` for a search type that is none, and for options that the search type has no use for
 * @example
 * const retriever = new ThermoclineRetriever({ vectorStore, searchType: "hybrid", k: 5, alpha: 0.7 });
 * const documents = await retriever.invoke("ocean currents");
 */
export class ThermoclineRetriever<
  V extends ThermoclineVectorStore = ThermoclineVectorStore,
> extends VectorStoreRetriever<V> {
  declare searchType: SearchType;
  readonly scoreThreshold: number | undefined;
  readonly fusion: SearchFields["fusion"];
  readonly alpha: number | undefined;
  readonly textMatch: SearchFields["textMatch"];

  /** LangChain's name of the class, which minifying does not change. */
  static override lc_name(): string {
    return "ThermoclineRetriever";
  }

  override get lc_namespace(): string[] {
    return ["langchain", "retrievers", "thermocline"];
  }

  constructor(fields: ThermoclineRetrieverInput<V>) {
    const { vectorStore, tags, metadata, callbacks, verbose, ...search }: ThermoclineRetrieverInput = fields;
    searchOf(search);
    const base: BaseRetrieverInput = fields;
    super({ ...base, vectorStore: fields.vectorStore });
    this.searchType = search.searchType ?? "similarity";
    if (search.searchKwargs) this.searchKwargs = present(search.searchKwargs);
    this.scoreThreshold = search.scoreThreshold;
    this.fusion = search.fusion;
    this.alpha = search.alpha;
    this.textMatch = search.textMatch;
  }

  override async _getRelevantDocuments(
    query: string,
    runManager?: CallbackManagerForRetrieverRun,
  ): Promise<DocumentInterface[]> {
    const fields = this.#fields();
    // By the methods that every vector store has, which a subclass of the store may have changed.
    if (fields.scoreThreshold === undefined && (this.searchType === "similarity" || this.searchType === "mmr")) {
      return super._getRelevantDocuments(query, runManager);
    }
    return (await this.vectorStore.search(query, fields)).map(([document]) => document);
  }

  /** Read anew for each search: these are fields that LangChain's own retriever lets callers change. */
  #fields(): SearchFields {
    const { searchType, k, filter, scoreThreshold, searchKwargs, fusion, alpha, textMatch } = this;
    return { searchType, k, filter, scoreThreshold, searchKwargs, fusion, alpha, textMatch };
  }
}

function present({ fetchK, lambda }: MmrFields): VectorStoreRetrieverMMRSearchKwargs {
  return { ...(fetchK !== undefined && { fetchK }), ...(lambda !== undefined && { lambda }) };
}
