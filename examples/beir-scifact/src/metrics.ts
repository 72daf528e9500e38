/**
 * Retrieval metrics as trec_eval and BEIR define them. `ranked` is a ranking of document ids, best first, taken in the
 * order the store returned it; `relevance` holds the judged grades of one query, and a document it lacks has grade 0.
 */

/** Normalised discounted cumulative gain: Σ grade / log₂(rank + 1) over the first k, divided by the best possible. */
export function ndcgAt(ranked: readonly string[], relevance: ReadonlyMap<string, number>, k: number): number {
  const ideal = gain([...relevance.values()].sort((a, b) => b - a).slice(0, k));
  if (ideal === 0) return 0;
  return gain(ranked.slice(0, k).map((id) => relevance.get(id) ?? 0)) / ideal;
}

/** One over the rank of the first relevant document; 0 when none is among the first k. */
export function mrrAt(ranked: readonly string[], relevance: ReadonlyMap<string, number>, k: number): number {
  const first = ranked.slice(0, k).findIndex((id) => (relevance.get(id) ?? 0) > 0);
  return first < 0 ? 0 : 1 / (first + 1);
}

/** The share of the relevant documents that is among the first k; 0 when nothing is relevant. */
export function recallAt(ranked: readonly string[], relevance: ReadonlyMap<string, number>, k: number): number {
  const relevant = [...relevance].filter(([, grade]) => grade > 0).map(([id]) => id);
  return relevant.length === 0 ? 0 : shared(ranked.slice(0, k), relevant) / relevant.length;
}

/** The share of the first k of `exact` that is also among the first k of `ranked`, in any order ("recall k@k"). */
export function overlapAt(ranked: readonly string[], exact: readonly string[], k: number): number {
  const wanted = exact.slice(0, k);
  return wanted.length === 0 ? 0 : shared(ranked.slice(0, k), wanted) / wanted.length;
}

/** The arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

function gain(grades: readonly number[]): number {
  return grades.reduce((sum, grade, index) => sum + grade / Math.log2(index + 2), 0);
}

function shared(some: readonly string[], others: readonly string[]): number {
  const set = new Set(some);
  return others.filter((id) => set.has(id)).length;
}
