import { toBytes, toFloat32 } from "../catalogue/blob.js";
import type { OriginalRow } from "../catalogue/reader.js";
import { ThermoclineError } from "../errors.js";
import type { Kernel } from "../kernel/kernel.js";

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

/** The vector behind the bytes. */
export function decodeOriginal(kernel: Kernel, dim: number, original: OriginalRow): Float32Array {
  const { bits, vector } = original;
  if (vector.length !== (bits === 32 ? 4 * dim : 4 + 2 * dim)) {
    throw new ThermoclineError("CORRUPT", `An original has ${vector.length} bytes, not those of ${dim} components.`);
  }
  if (bits === 32) return toFloat32(vector);
  const length = toFloat32(vector.subarray(0, 4))[0] ?? 0;
  return kernel.fromFloat16(vector.slice(4)).map((x) => x * length);
}
