import type { DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { type HitExplanation, type QueryExplanation, type QueryOptions, ThermoclineError } from "@thermocline/core";
import type { ThermoclineFilter } from "./filter.js";

/**
 * How to search: `similarity`, by vector; `similarity_score_threshold`, the same with a `scoreThreshold`; `mmr`, similar to the
 * query and unlike each other; `keyword`, by words (BM25), without embeddings; `hybrid`, by vector and by words.
 */
export type SearchType = "similarity" | "similarity_score_threshold" | "mmr" | "hybrid" | "keyword";

/** How diverse documents by marginal relevance are to be. */
export interface MmrFields {
  /** How many of the most similar documents to choose from. Default 20, at least k. */
  readonly fetchK?: number | undefined;
  /** From 0, as diverse as can be, to 1, as similar as can be. Default 0.5. */
  readonly lambda?: number | undefined;
}

/**
 * What to search for beside the query. An option that its search type has no use for is refused, never ignored.
 *
 * @example
 * const fields: SearchFields = { searchType: "hybrid", k: 5, alpha: 0.7, filter: { lang: "en" } };
 */
export interface SearchFields {
  /** Default `similarity`. */
  readonly searchType?: SearchType | undefined;
  /** How many documents, at least 1; fewer only when fewer match. Default 4. */
  readonly k?: number | undefined;
  readonly filter?: ThermoclineFilter | undefined;
  /**
   * Documents that score below are left out. In the scale of the search's scores: similarity by the store's metric, BM25 for
   * `keyword`, the fusion's for `hybrid`. `similarity_score_threshold` needs one.
   */
  readonly scoreThreshold?: number | undefined;
  /** For `mmr`. */
  readonly searchKwargs?: MmrFields | undefined;
  /** For `hybrid`: `rrf`, by ranks, or `relative`, by scores. Default `rrf`, or `relative` where `alpha` is given. */
  readonly fusion?: "rrf" | "relative" | undefined;
  /** For `hybrid`: how much the vector counts, from 0, words only, to 1, vector only. Default 0.5. */
  readonly alpha?: number | undefined;
  /** For `hybrid` and `keyword`: texts with `any` of the words (default), with `all` of them, or with the `phrase`. */
  readonly textMatch?: "any" | "all" | "phrase" | undefined;
}

/** What one search is given beside the query. */
export interface SearchRequest extends SearchFields {
  /** Aborting rejects with code `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/** What a search found and how: of each document its place, tier and scores, and of the search where its time went. */
export interface ExplainedSearch {
  readonly hits: readonly {
    readonly document: DocumentInterface;
    readonly score: number;
    readonly explanation: HitExplanation;
  }[];
  readonly explanation: QueryExplanation;
}

/** Of each search type, the options that only some have. */
const SPECIAL: Readonly<Record<SearchType, readonly (keyof SearchFields)[]>> = {
  similarity: [],
  similarity_score_threshold: [],
  mmr: ["searchKwargs"],
  hybrid: ["fusion", "alpha", "textMatch"],
  keyword: ["textMatch"],
};
const COMMON: readonly string[] = ["searchType", "k", "filter", "scoreThreshold"] satisfies (keyof SearchFields)[];

const K = 4;
const FETCH_K = 20;

/** A search in core's words, but for the filter, with the query embedded where its type needs that. */
export async function askedOf(
  query: string,
  { signal, ...fields }: SearchRequest,
  embeddings: EmbeddingsInterface,
): Promise<Omit<QueryOptions, "filter">> {
  const { byVector, byText, options } = searchOf(fields);
  const vector = byVector ? await embeddings.embedQuery(query) : undefined;
  return { ...options, vector, text: byText ? query : undefined, signal };
}

/** The fields of a search, checked as far as they must agree with its type; `byVector` and `byText` say what becomes of the query. */
export function searchOf(fields: SearchFields): {
  readonly byVector: boolean;
  readonly byText: boolean;
  readonly options: Omit<QueryOptions, "filter">;
} {
  const { searchType = "similarity", k = K, scoreThreshold, searchKwargs, fusion, alpha, textMatch } = fields;
  if (!Object.hasOwn(SPECIAL, searchType)) {
    const known = Object.keys(SPECIAL).join(", ");
    throw new ThermoclineError("ARGUMENT", `searchType is ${String(searchType)}; give one of ${known}.`);
  }
  const special = SPECIAL[searchType];
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || COMMON.includes(name) || special.some((known) => known === name)) continue;
    const known = [...COMMON, ...special].join(", ");
    throw new ThermoclineError("ARGUMENT", `A search by ${searchType} has no option ${name}; it has ${known}.`);
  }
  if (searchType === "similarity_score_threshold" && scoreThreshold === undefined) {
    throw new ThermoclineError("ARGUMENT", "A search by similarity_score_threshold needs a scoreThreshold.");
  }
  return {
    byVector: searchType !== "keyword",
    byText: searchType === "keyword" || searchType === "hybrid",
    options: {
      k,
      minScore: scoreThreshold,
      mmr: searchType === "mmr" ? mmrOf(k, searchKwargs) : undefined,
      fusion,
      alpha,
      textMatch,
    },
  };
}

/** LangChain fetches 20 candidates by default, and asks for more than it fetches. */
function mmrOf(k: number, { fetchK = FETCH_K, lambda }: MmrFields = {}): QueryOptions["mmr"] {
  return { fetchK: Math.max(k, fetchK), lambda };
}
