import type { StoreFigures } from "./measure.js";

/** A promise, and what this run says of it; `measured` and `met` are null where it was not measured. */
export interface StoreTarget {
  readonly store: string;
  readonly what: string;
  readonly measured: number | null;
  readonly limit: number;
  readonly is: "at least" | "at most";
  readonly met: boolean | null;
}

/** RAM that does not grow with the rows, and what each row may take. */
const FIXED_BYTES = 150e6;
const ROW_BYTES = 48 + 16;

/** Holds the figures of a store of `rows` rows against what this package promises of a million. */
export function storeTargets(store: string, figures: StoreFigures | undefined, rows: number): StoreTarget[] {
  const ram = figures && (figures.ramBytes - FIXED_BYTES) / rows;
  const delay = figures && Math.max(figures.ingestDelayP99Ms, figures.serveDelayP99Ms);
  const target = (what: string, measured: number | null | undefined, is: StoreTarget["is"], limit: number) =>
    held(store, what, measured, is, limit);
  return [
    target("rows a second, coded and moved", figures?.ingestRowsPerSecond, "at least", 25_000),
    target("bytes of RAM a row, beyond 150 MB", ram, "at most", ROW_BYTES),
    target("ms from start to first answer", figures?.openMs, "at most", 1_500),
    target("ms a query, reranked", figures?.queryMs, "at most", 5),
    target("ms a query with a filter of 1 %", figures?.filteredMs, "at most", 3),
    target("ms to replace a row", figures?.upsertMs, "at most", 2),
    target("event loop's delay, p99 in ms", delay, "at most", 10),
    target("share of the exact first ten", figures?.overlap10, "at least", 0.95),
  ];
}

function held(
  store: string,
  what: string,
  measured: number | null | undefined,
  is: StoreTarget["is"],
  limit: number,
): StoreTarget {
  const value = measured ?? null;
  const met = value === null ? null : is === "at least" ? value >= limit : value <= limit;
  return { store, what, measured: value === null ? null : Number(value.toFixed(3)), limit, is, met };
}
