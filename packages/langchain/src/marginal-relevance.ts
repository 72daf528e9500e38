import { maximalMarginalRelevance } from "@langchain/core/utils/math";
import type { MaxMarginalRelevanceSearchOptions } from "@langchain/core/vectorstores";
import { type Hit, ThermoclineError } from "@thermocline/core";

const FETCH_K = 20;
const LAMBDA = 0.5;

type Options = Omit<MaxMarginalRelevanceSearchOptions<unknown>, "filter">;

/** The options of a search by marginal relevance, complete and checked, but for what the query will check of `fetchK`. */
export function marginalOptions({ k, fetchK = FETCH_K, lambda = LAMBDA }: Options): Required<Options> {
  if (!Number.isInteger(k) || k < 1) throw new ThermoclineError("ARGUMENT", `k is ${k}; give a whole number from 1.`);
  if (!(lambda >= 0 && lambda <= 1)) {
    throw new ThermoclineError("ARGUMENT", `lambda is ${lambda}; give a number from 0 (diverse) to 1 (similar).`);
  }
  return { k, fetchK: Math.max(k, fetchK), lambda };
}

/** The hits to keep, which must have their vectors, in the order in which they were chosen. */
export function chooseMarginal(query: number[], hits: readonly Hit[], { k, lambda }: Required<Options>): Hit[] {
  const vectors = hits.map(({ vector }) => Array.from(vector ?? []));
  return maximalMarginalRelevance(query, vectors, lambda, k).flatMap((i) => hits[i] ?? []);
}
