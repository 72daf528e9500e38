import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenOptions, Thermocline } from "@thermocline/core";
import type { Sample } from "./sample.js";

/** Queries that are asked before times are taken. */
const WARM_UP = 10;

/** Rows that are written at a time. */
const BATCH = 4096;

/** What one way to search costs and finds. */
export interface Measured {
  /** The share of the exact first k that it found. */
  readonly recall: number;
  readonly ms: { readonly median: number; readonly p95: number };
  readonly ramBytes: number;
  readonly diskBytes: number;
}

/** Where measuring is; it says what has been done of what. */
export interface Watch {
  readonly signal: AbortSignal;
  progress(label: string, done: number, total: number): void;
}

/** A store of the sample's rows on a file of its own, lent to `work` and deleted after it. */
export async function withRows<T>(
  { rows, metric }: Sample,
  options: Pick<OpenOptions, "cold" | "originals">,
  label: string,
  { signal, progress }: Watch,
  work: (store: Thermocline) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "thermocline-bench-"));
  try {
    // Moves between tiers are the benchmark's own.
    const hot = { capacity: Number.POSITIVE_INFINITY };
    const path = join(folder, "bench.db");
    await using store = await Thermocline.open({ path, metric, hot, durability: "normal", ...options });
    for (let from = 0; from < rows.length; from += BATCH) {
      const records = rows.slice(from, from + BATCH).map((vector, i) => ({ id: String(from + i), vector }));
      await store.upsert(records, { signal });
      progress(`${label}: writing`, from + records.length, rows.length);
    }
    if (options.cold) {
      const onProgress = ({ phase, done, total }: { phase: string; done: number; total: number }) =>
        progress(`${label}: ${phase === "calibrate" ? "fitting" : "coding"}`, done, total);
      await store.demote({ all: true }, { signal, onProgress });
    }
    return await work(store);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Asks every query, one after the other, and gives the answers and what they cost. */
export async function ask(
  store: Thermocline,
  queries: readonly Float32Array[],
  { k, rerank }: { readonly k: number; readonly rerank: number | undefined },
  label: string,
  { signal, progress }: Watch,
): Promise<Omit<Measured, "recall"> & { readonly found: readonly (readonly string[])[] }> {
  for (const vector of queries.slice(0, WARM_UP)) await store.query({ vector, k, rerank, signal });
  const times: number[] = [];
  const found: string[][] = [];
  for (const vector of queries) {
    const began = performance.now();
    const hits = await store.query({ vector, k, rerank, signal });
    times.push(performance.now() - began);
    found.push(hits.map(({ id }) => id));
    progress(`${label}: asking`, found.length, queries.length);
  }
  times.sort((a, b) => a - b);
  const { hot, cold, codebook, diskBytes } = store.stats();
  const ramBytes = hot.ramBytes + cold.ramBytes + (codebook?.bytes ?? 0);
  return { found, ms: { median: share(times, 0.5), p95: share(times, 0.95) }, ramBytes, diskBytes };
}

/** The mean share of the exact answers among those that were found. */
export function recallOf(found: readonly (readonly string[])[], exact: readonly (readonly string[])[]): number {
  const shares = exact.map((ids, i) => {
    const these = new Set(found[i]);
    return ids.filter((id) => these.has(id)).length / ids.length;
  });
  return shares.reduce((sum, one) => sum + one, 0) / shares.length;
}

/** The least time that this share of the times is not above. */
function share(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
