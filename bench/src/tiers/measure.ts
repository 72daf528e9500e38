import { copyFile } from "node:fs/promises";
import path from "node:path";
import type { Kernel } from "../../../packages/core/src/kernel/kernel.js";
import { openEngine } from "../../../packages/core/src/store/open.js";
import { queryRecords } from "../../../packages/core/src/store/query.js";
import { Rebalancing } from "../../../packages/core/src/store/rebalance.js";
import { statsOf } from "../../../packages/core/src/store/stats.js";
import { Thermocline } from "../../../packages/core/src/thermocline.js";
import { POLICY, type Policy } from "../../../packages/core/src/tiers/heat.js";
import { dayOf, TOP, type World } from "./day.js";
import { type Replayed, replayLru, replayPolicy } from "./replay.js";

/** Records written at a time. */
const BATCH = 2_000;

/** How a store moves rows up: as it does, as least recently used would have it, or not at all. */
export const POLICIES = ["thermocline", "lru", "none"] as const;
export type PolicyName = (typeof POLICIES)[number];

/** Every use outweighs all before it together. */
const LRU: Policy = { halfLife: 0, margin: 1, memory: POLICY.memory };

/** A day under a policy. */
export interface TiersRow {
  readonly skew: number;
  readonly policy: PolicyName;
  readonly queries: number;
  /** Share of the first ten hits that came from the hot tier. */
  readonly hotShare: number;
  readonly msPerQuery: number;
  readonly promotionsPerQuery: number;
  readonly demotionsPerQuery: number;
  readonly hotRows: number;
  readonly ramBytes: number;
  readonly diskBytes: number;
  /** Share of the exact first ten found. */
  readonly overlap10: number;
}

/** Days of several seeds without a store: what was hot when the same hits were returned. Shares are means, `least` is of the differences. */
export interface ReplayRow {
  readonly skew: number;
  readonly seeds: number;
  readonly hotShare: number;
  readonly lru: number;
  /** LRU that moves each row at once, as no store could. */
  readonly textbookLru: number;
  readonly leastGain: number;
}

/** Writes a store of which `share` of the rows are hot, those written last. */
export async function build(file: string, { dim, documents }: World, capacity: number): Promise<void> {
  const store = await Thermocline.open({ path: file, dim, hot: { capacity }, cold: { bytes: 48, effort: "fast" } });
  const rows = documents.length / dim;
  for (let at = 0; at < rows; at += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, rows - at) }, (_, i) => ({
      id: `${at + i + 1}`,
      vector: documents.subarray((at + i) * dim, (at + i + 1) * dim),
    }));
    await store.upsert(batch);
  }
  await store.settled();
  await store.close();
}

/** Asks the questions of a day of a copy of the store, one after the other; moves end in between, and their time is not the query's. */
export async function spend(
  world: World,
  day: Uint32Array,
  base: string,
  name: PolicyName,
  skew: number,
  capacity: number,
): Promise<TiersRow> {
  const file = path.join(path.dirname(base), `${name}-${skew}.db`);
  await copyFile(base, file);
  const hot = { capacity, promote: name !== "none" };
  const engine = await openEngine({ path: file, hot }, undefined, name === "lru" ? LRU : POLICY);
  const moves = new Rebalancing(engine);
  const { dim, questions, answers } = world;
  let ms = 0;
  let found = 0;
  for (const question of day) {
    const vector = questions.subarray(question * dim, (question + 1) * dim);
    const began = performance.now();
    const hits = await engine.catalogue.read(() => queryRecords(engine, { vector, k: TOP }));
    ms += performance.now() - began;
    const exact = answers.subarray(question * TOP, (question + 1) * TOP);
    found += hits.filter(({ id }) => exact.includes(Number(id))).length;
    moves.begin();
    await moves.settled();
  }
  const stats = statsOf(engine);
  await engine.catalogue.idle();
  await engine.catalogue.close();
  return {
    skew,
    policy: name,
    queries: day.length,
    hotShare: stats.served.hotShare ?? 0,
    msPerQuery: ms / day.length,
    promotionsPerQuery: stats.promotions / day.length,
    demotionsPerQuery: stats.demotions / day.length,
    hotRows: stats.hot.rows,
    ramBytes: stats.hot.ramBytes + stats.cold.ramBytes,
    diskBytes: stats.diskBytes,
    overlap10: found / (TOP * day.length),
  };
}

/** Days of one skew and seeds from 1 on, replayed. */
export async function replayed(
  kernel: Kernel,
  world: World,
  skew: number,
  { queries, seeds, capacity }: { readonly queries: number; readonly seeds: number; readonly capacity: number },
): Promise<ReplayRow> {
  const rows = world.documents.length / world.dim;
  const first = Array.from({ length: capacity }, (_, i) => rows - capacity + i + 1);
  const days: { ours: Replayed; lru: Replayed; textbook: Replayed }[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const day = dayOf(kernel, world, { seed, skew, queries });
    days.push({
      ours: await replayPolicy(world.answers, day, first, capacity),
      lru: await replayPolicy(world.answers, day, first, capacity, LRU),
      textbook: await replayLru(world.answers, day, first, capacity),
    });
  }
  const mean = (of: (day: (typeof days)[number]) => number) => days.reduce((sum, day) => sum + of(day), 0) / seeds;
  return {
    skew,
    seeds,
    hotShare: mean(({ ours }) => ours.hotShare),
    lru: mean(({ lru }) => lru.hotShare),
    textbookLru: mean(({ textbook }) => textbook.hotShare),
    leastGain: Math.min(...days.map(({ ours, lru }) => ours.hotShare - lru.hotShare)),
  };
}
