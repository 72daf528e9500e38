import type { Metric, RecordInput } from "@thermocline/core";

/** Numbers in [-1, 1) from the linear congruential generator x ← 1664525·x + 1013904223 modulo 2³², by its upper 24 bits. */
export function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 23 - 1;
  };
}

/** `count` vectors of `dim` float32 components. */
export function vectors(count: number, dim: number, seed = 1): Float32Array[] {
  const next = lcg(seed);
  return Array.from({ length: count }, () => Float32Array.from({ length: dim }, next));
}

/** Records `r0`, `r1`, … with a text, and metadata `{ n, even, group: "g0" to "g4" }`. */
export function records(
  count: number,
  dim: number,
  seed = 1,
): (RecordInput & { readonly vector: Float32Array; readonly metadata: { n: number; even: boolean; group: string } })[] {
  return vectors(count, dim, seed).map((vector, n) => ({
    id: `r${n}`,
    vector,
    text: `text ${n}`,
    metadata: { n, even: n % 2 === 0, group: `g${n % 5}` },
  }));
}

/** The similarity that a store of this metric means, in float64. */
export function similarity(metric: Metric, a: ArrayLike<number>, b: ArrayLike<number>): number {
  const sum = (of: (x: number, y: number) => number) =>
    Array.from(a).reduce((total, x, i) => total + of(x, b[i] ?? 0), 0);
  const dot = sum((x, y) => x * y);
  if (metric === "dot") return dot;
  if (metric === "euclidean") return -Math.sqrt(sum((x, y) => (x - y) ** 2));
  return dot / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
}

/** Ids and scores of the k most similar records, best first; ties in the order given. */
export function bruteForce(
  metric: Metric,
  from: readonly RecordInput[],
  query: ArrayLike<number>,
  k: number,
): { id: string; score: number }[] {
  return from
    .flatMap(({ id, vector }) => (vector ? { id, score: similarity(metric, query, vector) } : []))
    .sort((a, b) => b.score - a.score)
    .slice(0, k);
}

/**
 * `count` vectors as embedding models make them: a common direction, and components that fall off in strength. `turn` moves
 * both to other components, which makes another distribution of the same shape.
 */
export function embeddings(count: number, dim: number, seed = 1, turn = 0): Float32Array[] {
  const next = lcg(seed);
  const normal = () => next() + next() + next() + next();
  return Array.from({ length: count }, () => {
    const vector = new Float32Array(dim);
    for (let i = 0; i < dim; i++) vector[(i + turn) % dim] = ((i === 0 ? 1 : 0) + normal()) / (1 + i) ** 0.7;
    return vector;
  });
}

/** Share of the exact top 10 of each query that hits have, on average. */
export function overlap(exact: readonly (readonly string[])[], found: readonly (readonly string[])[]): number {
  const shares = exact.map((ids, i) => ids.filter((id) => found[i]?.includes(id)).length / ids.length);
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}
