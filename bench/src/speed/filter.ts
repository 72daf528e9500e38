import type { Settings } from "./contender.js";

/** What a case sets that searches some of the rows only. */
export interface FilterSettings extends Settings {
  /** The share of the rows that may be found. */
  readonly allow: number;
  /** Over all rows, or in one stretch from the middle. */
  readonly spread: "scattered" | "contiguous";
}

/** The numbers of the rows that may be found, ascending; undefined where that is all of them. */
export function allowedRows(rows: number, query: Settings): Uint32Array | undefined {
  if (query.allow === undefined) return undefined;
  const { allow, spread } = query as FilterSettings;
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  if (spread === "contiguous") return all.slice(Math.floor(rows / 2)).slice(0, Math.round(rows * allow));
  // Multiples of 2³² over the golden ratio fall evenly, and with no period that blocks of rows could share.
  return all.filter((row) => Math.imul(row, 0x9e3779b1) >>> 0 < allow * 2 ** 32);
}
