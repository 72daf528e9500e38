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
  if (bits === 32) return toBytes(vector);
  const length = Float32Array.of(kernel.norms(vector, vector.length)[0] ?? 0);
  const halves = kernel.toFloat16(kernel.toUnit(vector, vector.length));
  const bytes = new Uint8Array(4 + halves.length);
  bytes.set(toBytes(length));
  bytes.set(halves, 4);
  return bytes;
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

/** Decodes all half floats in one call of the kernel: a call costs more than the row it is for. */
function decode(kernel: Kernel, dim: number, originals: readonly OriginalRow[], lengths: boolean): Float32Array {
  const vectors = new Float32Array(originals.length * dim);
  const halves = new Uint8Array(originals.length * 2 * dim);
  let half = 0;
  for (const [i, { bits, vector }] of originals.entries()) {
    if (vector.length !== (bits === 32 ? 4 * dim : 4 + 2 * dim)) {
      throw new ThermoclineError("CORRUPT", `An original has ${vector.length} bytes, not those of ${dim} components.`);
    }
    if (bits === 32) {
      vectors.set(toFloat32(vector), i * dim);
    } else {
      halves.set(vector.subarray(4), 2 * dim * half);
      half += 1;
    }
  }
  if (half === 0) return vectors;
  const values = kernel.fromFloat16(halves.subarray(0, 2 * dim * half));
  if (half === originals.length && !lengths) return values;
  half = 0;
  for (const [i, { bits, vector }] of originals.entries()) {
    if (bits === 32) continue;
    const length = lengths ? (toFloat32(vector.subarray(0, 4))[0] ?? 0) : 1;
    for (let j = 0; j < dim; j++) vectors[i * dim + j] = (values[half * dim + j] ?? 0) * length;
    half += 1;
  }
  return vectors;
}

/** One vector behind stored bytes. */
export function decodeOriginal(kernel: Kernel, dim: number, original: OriginalRow): Float32Array {
  return decodeOriginals(kernel, dim, [original]);
}
