import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { mean, median } from "../../../examples/beir-scifact/src/metrics.js";
import { loadKernel } from "../../../packages/core/src/kernel/load.js";
import type { Mode } from "./cases.js";
import type { Contender, Opened, Settings, Task } from "./contender.js";
import { type ContenderName, loadContender } from "./contenders.js";
import { type Dataset, exactAmong, readDocuments, readQueries } from "./dataset.js";
import { allowedRows } from "./filter.js";

/** What a process is to do, as the JSON that it gets; processes of Python get the same. */
export interface Order {
  readonly phase: "build" | "measure";
  readonly contender: ContenderName;
  readonly dataset: Dataset;
  readonly folder: string;
  readonly build: Settings;
  readonly query: Settings;
  readonly mode: Mode;
  readonly threads: number;
  readonly k: number;
  /** How long to go on asking. */
  readonly seconds: number;
}

/** What a process that measured says: of one round. */
export interface Figures {
  /** Median over single calls; of a batch, the call's time over its queries. */
  readonly msPerQuery: number;
  readonly queriesPerSecond: number;
  readonly overlap10: number;
  /** Growth of the process's resident memory from before the contender was loaded. */
  readonly ramBytes: number;
  /** From the import of its package to being ready to be asked. */
  readonly openMs: number;
  /** How many different queries were asked. */
  readonly queries: number;
  /** In mode `concurrent` only: by how much a timer of 1 ms was late, at the 99th percentile. */
  readonly eventLoopDelayP99Ms: number | null;
}

/** Queries a call in mode `batch`, and callers in mode `concurrent`. */
export const BATCH = 64;
export const CALLERS = 8;

const WARM_UP_QUERIES = 10;
const WARM_UP_MS = 1_000;
/** A contender that takes longer for a query is warm after fewer. */
const LONG_WARM_UP_MS = 100;
const LONG_WARM_UP_QUERIES = 3;
/** Asked however slow the contender is. */
const LEAST_QUERIES = 10;
/** A contender that takes longer on average is asked fewer. */
const LONG_MS = 200;
const LEAST_LONG_QUERIES = 5;
/** Fast contenders are asked each query more than once. */
const MOST_PASSES = 10;
const TIMER_MS = 1;

/** Does what it is told in this process; building says how long it took. */
export async function carryOut(order: Order): Promise<Figures | { readonly seconds: number }> {
  const task: Task = {
    ...order,
    ...order.dataset,
    folder: order.folder,
    documents: () => readDocuments(order.dataset),
  };
  if (order.phase === "build") {
    const contender = await loadContender(order.contender);
    const began = performance.now();
    await contender.build?.(task);
    return { seconds: (performance.now() - began) / 1000 };
  }
  return measure(order, task);
}

async function measure(order: Order, task: Task): Promise<Figures> {
  const { queries, exact } = await readQueries(order.dataset);
  const before = residentBytes();
  const began = performance.now();
  const contender: Contender = await loadContender(order.contender);
  const opened = await contender.open(task);
  const openMs = performance.now() - began;
  try {
    await warmUp(opened, queries, order.k);
    const asked = await ask[order.mode](opened, queries, order);
    const ramBytes = residentBytes() - before;
    const allowed = allowedRows(order.dataset.rows, order.query);
    const right = allowed ? await exactAmong(await loadKernel(undefined), order.dataset, queries, allowed) : exact;
    const shares = asked.answers.map((found, q) => found.filter((row) => right[q]?.has(row)).length / order.k);
    return {
      msPerQuery: asked.msPerQuery,
      queriesPerSecond: asked.queriesPerSecond,
      overlap10: mean(shares),
      ramBytes,
      openMs,
      queries: shares.length,
      eventLoopDelayP99Ms: asked.eventLoopDelayP99Ms ?? null,
    };
  } finally {
    await opened.close?.();
  }
}

async function warmUp(opened: Opened, queries: readonly Float32Array[], k: number): Promise<void> {
  const start = performance.now();
  for (const [n, query] of queries.slice(0, WARM_UP_QUERIES).entries()) {
    const began = performance.now();
    await opened.search(query, k);
    const now = performance.now();
    if (now - start > WARM_UP_MS || (n + 1 >= LONG_WARM_UP_QUERIES && now - began > LONG_WARM_UP_MS)) break;
  }
}

interface Asked {
  readonly msPerQuery: number;
  readonly queriesPerSecond: number;
  /** Of the first queries, each once. */
  readonly answers: readonly (readonly number[])[];
  readonly eventLoopDelayP99Ms?: number;
}

type Ask = (opened: Opened, queries: readonly Float32Array[], order: Order) => Promise<Asked>;

const ask: Readonly<Record<Mode, Ask>> = {
  async single(opened, queries, { k, seconds }) {
    const answers: number[][] = [];
    const times: number[] = [];
    const start = performance.now();
    for (let n = 0; n < queries.length * MOST_PASSES; n++) {
      const elapsed = performance.now() - start;
      const least = elapsed > n * LONG_MS ? LEAST_LONG_QUERIES : LEAST_QUERIES;
      if (n >= least && elapsed > seconds * 1000) break;
      const began = performance.now();
      const found = await opened.search(queries[n % queries.length] as Float32Array, k);
      times.push(performance.now() - began);
      if (n < queries.length) answers.push(found);
    }
    return { msPerQuery: median(times), queriesPerSecond: 1000 / mean(times), answers };
  },

  async batch(opened, queries, { k, seconds }) {
    if (!opened.searchAll) throw new Error("this contender has no call for many queries");
    const batches = Array.from({ length: Math.floor(queries.length / BATCH) }, (_, b) =>
      queries.slice(b * BATCH, (b + 1) * BATCH),
    );
    const answers: number[][] = [];
    const times: number[] = [];
    const end = performance.now() + seconds * 1000;
    for (let n = 0; n < batches.length * MOST_PASSES; n++) {
      if (n > 0 && performance.now() > end) break;
      const began = performance.now();
      const found = await opened.searchAll(batches[n % batches.length] as Float32Array[], k);
      times.push((performance.now() - began) / BATCH);
      if (n < batches.length) answers.push(...found);
    }
    return { msPerQuery: median(times), queriesPerSecond: 1000 / mean(times), answers };
  },

  async concurrent(opened, queries, { k, seconds }) {
    const answers: number[][] = [];
    const times: number[] = [];
    const delay = monitorEventLoopDelay({ resolution: TIMER_MS });
    // The monitor's first interval would hold what came before it.
    await sleep(20);
    delay.enable();
    const start = performance.now();
    const end = start + seconds * 1000;
    let next = 0;
    const caller = async () => {
      while (performance.now() < end || next < LEAST_QUERIES) {
        const n = next++;
        const began = performance.now();
        const found = await opened.search(queries[n % queries.length] as Float32Array, k);
        times.push(performance.now() - began);
        if (n < queries.length) answers[n] = found;
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    const elapsed = performance.now() - start;
    delay.disable();
    const eventLoopDelayP99Ms = Math.max(0, delay.percentile(99) / 1e6 - TIMER_MS);
    return {
      msPerQuery: median(times),
      queriesPerSecond: (times.length / elapsed) * 1000,
      answers,
      eventLoopDelayP99Ms,
    };
  },
};

/** After a collection, so that what only building needed is not counted. */
function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}
