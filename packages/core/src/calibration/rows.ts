import { Pace } from "../pace.js";

/** The rows of a matrix `[n][dim]` at these places, in memory of their own. */
export function gather(matrix: Float32Array, dim: number, places: ArrayLike<number>): Float32Array {
  const rows = new Float32Array(places.length * dim);
  for (let i = 0; i < places.length; i++) {
    const row = places[i] ?? 0;
    rows.set(matrix.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return rows;
}

/** The same for `count` rows spread evenly, a few milliseconds at a time; the matrix itself if it has no more. */
export async function thinned(
  matrix: Float32Array,
  dim: number,
  count: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const n = matrix.length / dim;
  if (n <= count) return matrix;
  const rows = new Float32Array(count * dim);
  const pace = new Pace(signal);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * n) / count);
    rows.set(matrix.subarray(row * dim, (row + 1) * dim), i * dim);
    if (pace.due) await pace.pause();
  }
  return rows;
}

/** Moves the rows at these places to the end of their matrix, without copying the others, and returns both as views. */
export function setAside(
  matrix: Float32Array,
  dim: number,
  places: Iterable<number>,
): { readonly kept: Float32Array; readonly aside: Float32Array } {
  let end = matrix.length / dim;
  // From the last one down, so that none is at a place to which another one moves.
  for (const place of Array.from(places).sort((a, b) => b - a)) {
    end -= 1;
    const moved = matrix.slice(end * dim, (end + 1) * dim);
    matrix.copyWithin(end * dim, place * dim, (place + 1) * dim);
    matrix.set(moved, place * dim);
  }
  return { kept: matrix.subarray(0, end * dim), aside: matrix.subarray(end * dim) };
}
