/**
 * Unit vectors with a power-law spectrum and a common mean, as embeddings have: coordinate j of a row is a sum of four
 * uniform numbers of a 32-bit linear congruential generator (1664525, 1013904223), over √(j + 1), plus 0.3 at j = 0.
 */
export function syntheticRows(rows: number, dim: number, seed: number): Float32Array {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const out = new Float32Array(rows * dim);
  for (let r = 0; r < rows; r++) {
    let squared = 0;
    for (let j = 0; j < dim; j++) {
      const x = (uniform() + uniform() + uniform() + uniform()) / Math.sqrt(j + 1) + (j === 0 ? 0.3 : 0);
      out[r * dim + j] = x;
      squared += x * x;
    }
    const length = Math.sqrt(squared);
    for (let j = 0; j < dim; j++) out[r * dim + j] = (out[r * dim + j] ?? 0) / length;
  }
  return out;
}

/** Row numbers of the k largest dot products with a query, best first, by a plain loop. */
export function exactTop(data: Float32Array, dim: number, query: Float32Array, k: number): number[] {
  const scores = new Float32Array(data.length / dim);
  for (let r = 0; r < scores.length; r++) {
    let sum = 0;
    for (let j = 0; j < dim; j++) sum += (data[r * dim + j] ?? 0) * (query[j] ?? 0);
    scores[r] = sum;
  }
  const order = Array.from(scores, (_, r) => r).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  return order.slice(0, k);
}
