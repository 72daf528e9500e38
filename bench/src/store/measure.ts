import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { mean, median } from "../../../examples/beir-scifact/src/metrics.js";
import { loadStore, type OpenStore, type StoreContender, type StoreName } from "./contender.js";
import { LoopDelay } from "./loop-delay.js";
import { exactAnswers, GROUPS, queryVectors, record, recordChunks } from "./records.js";

/** What a process is to do, as the JSON that it gets. */
export interface StoreOrder {
  readonly phase: "ingest" | "serve" | "both";
  readonly store: StoreName;
  readonly folder: string;
  readonly rows: number;
  /** How often each kind of call is made. */
  readonly calls: number;
}

/** What was measured of a store. */
export interface StoreFigures {
  readonly ingestRowsPerSecond: number;
  /** By how much a timer of 1 ms was late while rows came in, at the 99th percentile. */
  readonly ingestDelayP99Ms: number;
  /** Seconds from the last row until all was moved; they count among those that rows took. */
  readonly finishSeconds: number;
  /** Seconds that it then took to index the field of the filters. */
  readonly indexSeconds: number;
  /** From before its package is loaded to the first answer; null where nothing can be opened. */
  readonly openMs: number | null;
  /** Medians. */
  readonly queryMs: number;
  readonly filteredMs: number;
  readonly upsertMs: number | null;
  /** As above, while it was asked and written to. */
  readonly serveDelayP99Ms: number;
  /** Share of the exact first ten that is found. */
  readonly overlap10: number;
  /** Resident memory of the process that serves. */
  readonly ramBytes: number;
  readonly fileBytes: number;
}

const K = 10;
const BATCH = 1_000;
const WARM_UP = 5;
/** Queries whose exact answers are computed. */
const EXACT = 10;

/** Does what it is told in this process. */
export async function carryOut(order: StoreOrder): Promise<Partial<StoreFigures>> {
  const began = performance.now();
  const contender = await loadStore(order.store);
  if (order.phase === "both") {
    const store = await contender.create(order.folder, order.rows);
    return { ...(await ingest(order, store)), ...(await serve(order, store)), openMs: null };
  }
  if (order.phase === "ingest") {
    const store = await contender.create(order.folder, order.rows);
    const figures = await ingest(order, store);
    await store.close();
    return figures;
  }
  return opened(order, contender, began);
}

async function ingest({ rows }: StoreOrder, store: OpenStore): Promise<Partial<StoreFigures>> {
  const delay = new LoopDelay();
  const spent = async (work: () => Promise<void>) => {
    const began = performance.now();
    await delay.during(work);
    return performance.now() - began;
  };
  let adding = 0;
  // The time that it takes to make records up is not the store's.
  for (const records of recordChunks(rows, BATCH)) adding += await spent(() => store.add(records));
  const finishing = await spent(() => store.finish());
  const indexing = await spent(() => store.index());
  return {
    ingestRowsPerSecond: (rows / (adding + finishing)) * 1_000,
    ingestDelayP99Ms: delay.p99,
    finishSeconds: finishing / 1_000,
    indexSeconds: indexing / 1_000,
  };
}

async function opened(order: StoreOrder, { open }: StoreContender, began: number): Promise<Partial<StoreFigures>> {
  if (!open) throw new Error(`${order.store} cannot be opened`);
  const store = await open(order.folder);
  await store.search(queryVectors(1)[0] ?? new Float32Array(), K);
  const openMs = performance.now() - began;
  const figures = await serve(order, store);
  await store.close();
  return { ...figures, openMs, fileBytes: await sizeOf(order.folder) };
}

async function serve({ rows, calls }: StoreOrder, store: OpenStore): Promise<Partial<StoreFigures>> {
  const queries = queryVectors(calls);
  for (const query of queries.slice(0, WARM_UP)) await store.search(query, K);
  for (let i = 0; i < WARM_UP; i++) await store.search(queries[i] ?? new Float32Array(), K, i % GROUPS);
  const delay = new LoopDelay();
  const answers: string[][] = [];
  const { query, filtered, upsert } = await delay.during(async () => ({
    query: await timed(queries, async (vector) => {
      answers.push(await store.search(vector, K));
    }),
    filtered: await timed(queries, async (vector, i) => {
      const group = i % GROUPS;
      for (const id of await store.search(vector, K, group)) {
        if (record(Number(id.split("-")[1]), vector).metadata.group !== group)
          throw new Error(`${id} is not of ${group}`);
      }
    }),
    upsert: await timed(queries, (vector, i) => store.replace(record(Math.floor((i * rows) / calls), vector))).catch(
      () => null,
    ),
  }));
  globalThis.gc?.();
  const ramBytes = process.memoryUsage.rss();
  const exact = exactAnswers(rows, queries.slice(0, EXACT), K);
  const shares = exact.map((wanted, q) => answers[q]?.filter((id) => wanted.has(Number(id.split("-")[1]))).length ?? 0);
  return {
    queryMs: query,
    filteredMs: filtered,
    upsertMs: upsert,
    serveDelayP99Ms: delay.p99,
    overlap10: mean(shares) / Math.min(K, rows),
    ramBytes,
    fileBytes: 0,
  };
}

/** Median time of a call. */
async function timed(queries: readonly Float32Array[], call: (vector: Float32Array, i: number) => Promise<void>) {
  const times: number[] = [];
  for (const [i, vector] of queries.entries()) {
    const began = performance.now();
    await call(vector, i);
    times.push(performance.now() - began);
    // As a server, which has other work between two calls.
    await sleep(0);
  }
  return median(times);
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true })) {
    // A log may go while it is looked at.
    const found = await stat(path.join(folder, entry)).catch(() => undefined);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}
