import { toBytes, toFloat32 } from "../catalogue/blob.js";
import type { OriginalRow } from "../catalogue/reader.js";
import { ThermoclineError } from "../errors.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Metric } from "../types.js";

/**
 * The bytes of a stored vector. 32 bits: `dim` little-endian float32, as given. 16 bits: the vector's length as
 * float32, then `dim` half floats of the vector over its length, so that vectors of any length keep their precision.
 */
export function encodeOriginal(kernel: Kernel, vector: Float32Array, bits: 16 | 32): Uint8Array {
  const [halves] = bits === 16 ? encodeHalves(kernel, vector.length, vector) : [];
  return halves ?? toBytes(vector);
}

/** Vectors `[n][dim]` in 16 bits a component, each as `encodeOriginal` gives it, in a few calls of the kernel for all of them. */
export function encodeHalves(kernel: Kernel, dim: number, vectors: Float32Array): Uint8Array[] {
  const lengths = toBytes(Float32Array.from(kernel.norms(vectors, dim)));
  const halves = kernel.toFloat16(kernel.toUnit(vectors, dim));
  const rows = vectors.length / dim;
  const size = originalBytes(16, dim);
  // One piece of memory for all of them: many small ones cost more than what is in them.
  const all = new Uint8Array(rows * size);
  return Array.from({ length: rows }, (_, i) => {
    const bytes = all.subarray(i * size, (i + 1) * size);
    bytes.set(lengths.subarray(4 * i, 4 * (i + 1)));
    bytes.set(halves.subarray(2 * dim * i, 2 * dim * (i + 1)), 4);
    return bytes;
  });
}

/** Exact similarity of the query, as it is scored, to the vectors behind stored bytes. */
export function similaritiesTo(
  kernel: Kernel,
  metric: Metric,
  query: Float32Array,
  originals: readonly OriginalRow[],
): Float32Array {
  const dim = query.length;
  if (!originals.every(({ bits }) => bits === 16)) {
    return kernel.similarities(metric, query, scoredOriginals(kernel, metric, dim, originals));
  }
  // Most of what a query allocates would be these vectors in float32.
  const { halves, lengths } = split(dim, originals);
  return kernel.similaritiesToHalves(metric, query, halves, lengths);
}

/** How many bytes a vector of `dim` components takes in so many bits a component. */
export function originalBytes(bits: number, dim: number): number {
  return bits === 32 ? 4 * dim : 4 + 2 * dim;
}

/** The vectors `[n][dim]` behind stored bytes. */
export function decodeOriginals(kernel: Kernel, dim: number, originals: readonly OriginalRow[]): Float32Array {
  return decode(kernel, dim, originals, true);
}

/** The same as they are scored: unit vectors under cosine. Vectors in half floats then need not regain their length first. */
export function scoredOriginals(
  kernel: Kernel,
  metric: Metric,
  dim: number,
  originals: readonly OriginalRow[],
): Float32Array {
  if (metric !== "cosine") return decodeOriginals(kernel, dim, originals);
  return kernel.toUnit(decode(kernel, dim, originals, false), dim);
}

function decode(kernel: Kernel, dim: number, originals: readonly OriginalRow[], regain: boolean): Float32Array {
  const { halves, lengths } = split(
    dim,
    originals.filter(({ bits }) => bits === 16),
  );
  const values = kernel.fromFloat16(halves);
  const vectors = new Float32Array(originals.length * dim);
  let half = 0;
  for (const [i, { bits, vector }] of originals.entries()) {
    if (bits === 32) {
      refuseLength(vector, 4 * dim, dim);
      vectors.set(toFloat32(vector), i * dim);
      continue;
    }
    const length = regain ? (lengths[half] ?? 0) : 1;
    for (let j = 0; j < dim; j++) vectors[i * dim + j] = (values[half * dim + j] ?? 0) * length;
    half += 1;
  }
  return vectors;
}

/** Half floats and lengths of vectors that are stored so, each one after the other. */
function split(dim: number, originals: readonly OriginalRow[]): { halves: Uint8Array; lengths: Float32Array } {
  const halves = new Uint8Array(originals.length * 2 * dim);
  const lengths = new Uint8Array(originals.length * 4);
  for (const [i, { vector }] of originals.entries()) {
    refuseLength(vector, 4 + 2 * dim, dim);
    lengths.set(vector.subarray(0, 4), 4 * i);
    halves.set(vector.subarray(4), 2 * dim * i);
  }
  return { halves, lengths: toFloat32(lengths) };
}

function refuseLength(vector: Uint8Array, bytes: number, dim: number): void {
  if (vector.length !== bytes) {
    throw new ThermoclineError("CORRUPT", `An original has ${vector.length} bytes, not those of ${dim} components.`);
  }
}

/** One vector behind stored bytes. */
export function decodeOriginal(kernel: Kernel, dim: number, original: OriginalRow): Float32Array {
  return decodeOriginals(kernel, dim, [original]);
}
