import { concatenate } from "../catalogue/blob.js";
import { isLive } from "../catalogue/live.js";
import type { Transaction } from "../catalogue/transaction.js";
import type { Codebook } from "./engine.js";

/** Rows per code block. */
export const BLOCK_ROWS = 4_096;

/** Rows and their codes. */
export interface Picked {
  readonly rows: Uint32Array;
  readonly codes: Uint8Array;
}

/** A block as it is now; rows ascend, and bit i of `live` says whether row i is to be found. */
export interface CodeBlock extends Picked {
  readonly block: number;
  readonly live: Uint8Array;
}

/** Puts codes of ascending rows into a block: with the rows of the last one, if there is room, so that small moves leave no small blocks. */
export function placeCodes(
  transaction: Transaction,
  namespace: number,
  codebook: Codebook,
  rows: Uint32Array,
  codes: Uint8Array,
): CodeBlock {
  const last = transaction.blocks.last(namespace);
  const before = last === undefined ? undefined : transaction.blocks.get(last);
  if (!before || before.codebook !== codebook.number || before.rows.length + rows.length > BLOCK_ROWS) {
    const { block, live } = transaction.insertBlock(namespace, codebook.number, rows, codes);
    return { block, rows, codes, live };
  }
  const all = Uint32Array.of(...before.rows, ...rows);
  const ascending = Array.from(all.keys())
    .filter((i) => i >= before.rows.length || isLive(before.live, i))
    .sort((a, b) => (all[a] ?? 0) - (all[b] ?? 0));
  const merged = pick(all, concatenate([before.codes, codes]), codebook.codec.bytes, ascending);
  const live = transaction.replaceBlock(before.block, codebook.number, merged.rows, merged.codes);
  return { block: before.block, ...merged, live };
}

/** The rows at `places` and their codes, in the order of the places. */
export function pick(rows: Uint32Array, codes: Uint8Array, bytes: number, places: readonly number[]): Picked {
  return { rows: Uint32Array.from(places, (i) => rows[i] ?? 0), codes: pickCodes(codes, bytes, places) };
}

/** The codes at `places`, in their order. */
export function pickCodes(codes: Uint8Array, bytes: number, places: readonly number[]): Uint8Array {
  const picked = new Uint8Array(places.length * bytes);
  for (const [n, i] of places.entries()) picked.set(codes.subarray(i * bytes, (i + 1) * bytes), n * bytes);
  return picked;
}
