/**
 * Unit vectors with a power-law spectrum and a common mean, as embeddings have: coordinate j of a row is a sum of four
 * uniform numbers of a 32-bit linear congruential generator (1664525, 1013904223), over √(j + 1), plus 0.3 at j = 0.
 */
export function syntheticRows(rows: number, dim: number, seed: number): Float32Array {
  const [all = new Float32Array()] = syntheticChunks(rows, dim, seed, rows);
  return all;
}

/** The same rows, at most `chunk` of them at a time. */
export function* syntheticChunks(rows: number, dim: number, seed: number, chunk: number): Generator<Float32Array> {
  const uniform = uniformNumbers(seed);
  const scale = Float64Array.from({ length: dim }, (_, j) => Math.sqrt(j + 1));
  for (let start = 0; start < rows; start += chunk) {
    const out = new Float32Array(Math.min(chunk, rows - start) * dim);
    for (let first = 0; first < out.length; first += dim) {
      let squared = 0;
      for (let j = 0; j < dim; j++) {
        const x = (uniform() + uniform() + uniform() + uniform()) / (scale[j] as number) + (j === 0 ? 0.3 : 0);
        out[first + j] = x;
        squared += x * x;
      }
      const length = Math.sqrt(squared);
      for (let j = 0; j < dim; j++) out[first + j] = (out[first + j] as number) / length;
    }
    yield out;
  }
}

/**
 * An orthonormal matrix `[dim][dim]`: Gram and Schmidt's of rows whose components are sums of four of the same uniform numbers.
 * Embeddings have no axis of their own; a codec that takes coordinates as they come would be tricked by rows that do.
 */
export function randomRotation(dim: number, seed: number): Float32Array {
  const uniform = uniformNumbers(seed);
  const rows: Float64Array[] = [];
  for (let r = 0; r < dim; r++) {
    const row = Float64Array.from({ length: dim }, () => uniform() + uniform() + uniform() + uniform());
    // Twice, so that what rounding leaves of the rows before is gone too.
    for (const other of [...rows, ...rows]) {
      const along = row.reduce((sum, x, j) => sum + x * (other[j] as number), 0);
      for (let j = 0; j < dim; j++) row[j] = (row[j] as number) - along * (other[j] as number);
    }
    const length = Math.hypot(...row);
    rows.push(row.map((x) => x / length));
  }
  return Float32Array.from(rows.flatMap((row) => [...row]));
}

/** Numbers from -½ to ½. */
function uniformNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}
