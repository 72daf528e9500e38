import type { TextQuery } from "./words.js";

/** A row among the candidates of a query by words and vector. Scores are undefined where the row has none. */
export interface Candidate {
  readonly row: number;
  /** BM25; undefined where the text has none of the words. */
  readonly textScore: number | undefined;
  /** Similarity to the query's vector; undefined where the record has none. */
  readonly vectorScore: number | undefined;
}

/** As published: Cormack, Clarke and Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", 2009. */
const RRF_K = 60;

/** Best first, ties in the order of rows. */
export function byScore<T extends { readonly score: number; readonly row: number }>(entries: T[]): T[] {
  return entries.sort((a, b) => b.score - a.score || a.row - b.row);
}

/** One score for each candidate, of its two; `vectors` and `texts` are the rows of either ranking, best first. */
export function fused(
  candidates: readonly Candidate[],
  vectors: readonly number[],
  texts: readonly number[],
  { fusion, alpha }: Pick<TextQuery, "fusion" | "alpha">,
): number[] {
  if (fusion === "rrf") {
    // So that 0.5 is the published sum, in which both weigh 1.
    const weights = alpha === undefined ? ([1, 1] as const) : ([2 * alpha, 2 * (1 - alpha)] as const);
    const [byVector, byText] = [reciprocal(vectors), reciprocal(texts)];
    return candidates.map(({ row }) => weights[0] * (byVector.get(row) ?? 0) + weights[1] * (byText.get(row) ?? 0));
  }
  const weight = alpha ?? 0.5;
  // Where there is no vector, nothing is similar: no more than the least of the others.
  const similarities = candidates.flatMap(({ vectorScore }) => vectorScore ?? []);
  const scaled = relative(similarities).values();
  const byVector = candidates.map(({ vectorScore }) => (vectorScore === undefined ? 0 : (scaled.next().value ?? 0)));
  const byText = relative(candidates.map(({ textScore }) => textScore ?? 0));
  return candidates.map((_, i) => weight * (byVector[i] ?? 0) + (1 - weight) * (byText[i] ?? 0));
}

function reciprocal(rows: readonly number[]): ReadonlyMap<number, number> {
  return new Map(rows.map((row, i) => [row, 1 / (RRF_K + i + 1)]));
}

/** Scores from 0, the least of them, to 1, the greatest; where all are equal, 1, or 0 where all are 0. */
export function relative(scores: readonly number[]): number[] {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const score of scores) {
    least = Math.min(least, score);
    greatest = Math.max(greatest, score);
  }
  if (greatest > least) return scores.map((score) => (score - least) / (greatest - least));
  return scores.map((score) => (score === 0 ? 0 : 1));
}
