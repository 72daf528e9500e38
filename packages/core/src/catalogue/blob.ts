import { ThermoclineError } from "../errors.js";
import type { RecordRow } from "./reader.js";

/** CRC-32 of the concatenation of some blobs, as the kernel computes it. */
export type Checksum = (bytes: Uint8Array) => number;

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Swaps the bytes of every four, in place, on the machines that keep numbers the other way round. */
function order(bytes: Uint8Array): Uint8Array {
  if (LITTLE_ENDIAN) return bytes;
  for (let i = 0; i < bytes.length; i += 4) bytes.subarray(i, i + 4).reverse();
  return bytes;
}

/** Numbers of 32 bits as little-endian bytes, in memory of their own. */
export function toBytes(values: Uint32Array | Float32Array): Uint8Array {
  return order(new Uint8Array(values.buffer.slice(values.byteOffset, values.byteOffset + values.byteLength)));
}

export function toUint32(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(order(bytes.slice()).buffer);
}

export function toFloat32(bytes: Uint8Array): Float32Array {
  return new Float32Array(order(bytes.slice()).buffer);
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const MIX = 0x9e3779b1;

/** Takes numbers into a checksum. Every step can be undone, so no change of one number goes unnoticed. */
export function sealed(checksum: number, ...numbers: readonly number[]): number {
  let seal = checksum;
  for (const given of numbers) {
    // Damage may have made it larger than 32 bits, or than drivers put into a number.
    const number = Number(given);
    seal = Math.imul(seal ^ number, MIX);
    seal = Math.imul(seal ^ Math.floor(number / 2 ** 32), MIX);
  }
  return seal >>> 0;
}

const encoder = new TextEncoder();

/** Checksum of a row's fields: their lengths are in it, so that none can grow into the next. */
export function fieldsChecksum(checksum: Checksum, ...fields: readonly (string | number | null)[]): number {
  let all = "";
  for (const field of fields) {
    all += typeof field === "string" ? `${field.length}:${field}` : field === null ? "-" : `=${field};`;
  }
  return checksum(encoder.encode(all));
}

/** Checksum of a record's fields; those at the end that are null are no fields of it. */
export function recordChecksum(
  checksum: Checksum,
  { row, namespace, id, text, metadata, expires, plain }: RecordRow,
): number {
  if (plain !== null) return fieldsChecksum(checksum, row, namespace, id, text, metadata, expires, plain);
  if (expires !== null) return fieldsChecksum(checksum, row, namespace, id, text, metadata, expires);
  return fieldsChecksum(checksum, row, namespace, id, text, metadata);
}

/** Refuses what is not what was written. `what` names it for the caller. */
export function expectSame(found: number, expected: number, what: string): void {
  if (found !== expected) {
    throw new ThermoclineError("CORRUPT", `${what} is damaged: its checksum does not match. Restore a backup.`);
  }
}

/** Refuses blobs, and numbers of their row, that are not what was written. */
export function verify(
  checksum: Checksum,
  expected: number,
  parts: readonly Uint8Array[],
  what: string,
  ...numbers: readonly number[]
): void {
  // A damaged page may make anything of a blob.
  const blobs = parts.every((part) => part instanceof Uint8Array);
  const found = blobs ? checksum(parts.length === 1 && parts[0] ? parts[0] : concatenate(parts)) : Number.NaN;
  expectSame(blobs ? sealed(found, ...numbers) : found, expected, what);
}
