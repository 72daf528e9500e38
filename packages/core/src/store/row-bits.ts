/** Sets of rows: a bit for each, lowest first, as searches take them. */

/** No rows, with room for those up to `last`. */
export function noRows(last: number): Uint8Array {
  return new Uint8Array((last >>> 3) + 1);
}

export function addRows(bits: Uint8Array, rows: Iterable<number>): void {
  for (const row of rows) bits[row >>> 3] = (bits[row >>> 3] ?? 0) | (1 << (row & 7));
}

/** Adds rows that are given as bits, the first of which stands in byte `at`. */
export function addBits(bits: Uint8Array, more: Uint8Array, at: number): void {
  for (let i = 0; i < more.length; i++) bits[at + i] = (bits[at + i] ?? 0) | (more[i] ?? 0);
}

export function countRows(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count += 1;
  return count;
}

/** The rows above `after`, up to `last`, ascending. */
export function rowsIn(bits: Uint8Array, after: number, last: number): number[] {
  const rows: number[] = [];
  const end = Math.min(bits.length - 1, last >>> 3);
  for (let at = (after + 1) >>> 3; at <= end; at++) {
    const byte = bits[at] ?? 0;
    if (byte === 0) continue;
    for (let bit = 0; bit < 8; bit++) {
      const row = 8 * at + bit;
      if ((byte >>> bit) & 1 && row > after && row <= last) rows.push(row);
    }
  }
  return rows;
}
