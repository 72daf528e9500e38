import { type Hit, type QueryOptions, ThermoclineError } from "@thermocline/core";
import { filterOf, type MetadataFiltersLike } from "./filter.js";
import type { ThermoclineQueryParams } from "./options.js";

/** A query as both frameworks write it. */
export interface QueryLike {
  readonly queryEmbedding?: number[] | undefined;
  readonly similarityTopK: number;
  readonly docIds?: readonly string[] | undefined;
  readonly queryStr?: string | undefined;
  readonly mode: string;
  readonly alpha?: number | undefined;
  readonly filters?: MetadataFiltersLike | undefined;
  readonly mmrThreshold?: number | undefined;
  readonly customParams?: unknown;
  readonly hybridPrefetch?: number | undefined;
}

/** What to ask of core, and the hits to give of what it finds. */
export interface QueryPlan {
  readonly options: QueryOptions;
  readonly finish: (hits: readonly Hit[]) => readonly Hit[];
}

const PARAMS = ["alpha", "mmrThreshold", "fetchK", "fusion", "textMatch"];

/** Candidates of `semantic_hybrid` to rerank, at least, and as a multiple of those wanted. */
const RERANKED = 50;
const DEPTH = 4;

const asFound = (hits: readonly Hit[]) => hits;

export function planOf(query: QueryLike): QueryPlan {
  const { mode = "default", queryEmbedding, queryStr } = query;
  const k = wholeNumber("similarityTopK", query.similarityTopK);
  const params = paramsOf(query.customParams);
  const filter = filterOf(query.filters, query.docIds);
  const found = { k, filter };
  const vector = () => needed(queryEmbedding, "queryEmbedding", mode);
  const text = () => ({ text: needed(queryStr, "queryStr", mode), textMatch: params.textMatch });
  const both = () => {
    const alpha = query.alpha ?? params.alpha;
    return { ...found, ...text(), vector: vector(), alpha, fusion: params.fusion };
  };
  switch (mode) {
    case "default":
      return { options: { ...found, vector: vector() }, finish: asFound };
    case "sparse":
    case "bm25":
      return { options: { ...found, ...text() }, finish: asFound };
    case "hybrid": {
      const wider = { ...both(), k: Math.max(k, fromPrefetch(query.hybridPrefetch)) };
      return { options: wider, finish: (hits) => hits.slice(0, k) };
    }
    case "semantic_hybrid":
      return {
        options: { ...both(), k: Math.max(RERANKED, DEPTH * k) },
        finish: (hits) => bySimilarity(hits).slice(0, k),
      };
    case "mmr": {
      const lambda = query.mmrThreshold ?? params.mmrThreshold;
      return { options: { ...found, vector: vector(), mmr: { lambda, fetchK: params.fetchK } }, finish: asFound };
    }
    default: {
      const rule = "use default, sparse, bm25, hybrid, semantic_hybrid or mmr";
      throw new ThermoclineError("UNSUPPORTED", `This store has no query mode ${JSON.stringify(mode)}; ${rule}.`);
    }
  }
}

/** The hits that have a vector, with their similarity to the query's for a score, best first; what is equal stays as fused. */
function bySimilarity(hits: readonly Hit[]): Hit[] {
  const similar = hits.flatMap((hit) => (hit.vectorScore === undefined ? [] : { ...hit, score: hit.vectorScore }));
  return similar.sort((a, b) => b.score - a.score);
}

/** The k for which core takes that many candidates of either ranking: it takes 128 in any case, and no less than 4 · k. */
function fromPrefetch(prefetch: number | undefined): number {
  return prefetch === undefined ? 1 : Math.ceil(wholeNumber("hybridPrefetch", prefetch) / DEPTH);
}

function wholeNumber(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ThermoclineError("ARGUMENT", `${name} is ${value}; give a whole number from 1.`);
}

function needed<T>(value: T | undefined | null, name: string, mode: string): T {
  if (value !== undefined && value !== null) return value;
  throw new ThermoclineError("ARGUMENT", `${name} is required for ${mode.toUpperCase()} mode; it was left out.`);
}

function paramsOf(given: unknown): ThermoclineQueryParams {
  if (given === undefined || given === null) return {};
  const unknown = typeof given === "object" ? Object.keys(given).find((key) => !PARAMS.includes(key)) : String(given);
  if (unknown === undefined) return given;
  throw new ThermoclineError("ARGUMENT", `customParams has ${unknown}; what it may have is ${PARAMS.join(", ")}.`);
}
