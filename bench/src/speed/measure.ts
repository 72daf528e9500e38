import { Thermocline } from "@thermocline/core";
import { exactTop, syntheticRows } from "../synthetic.js";
import type { Case } from "./cases.js";

/** One line of the record. Times are medians over the queries of one process. */
export interface Measurement {
  readonly name: string;
  readonly rows: number;
  readonly dim: number;
  readonly k: number;
  readonly msPerQuery: number;
  readonly overlap10: number;
  readonly ramBytesPerRow: number;
}

const QUERIES = 50;
const WARM_UP = 5;

type Search = (query: Float32Array) => Promise<number[]>;

async function contend(test: Case, data: Float32Array): Promise<{ search: Search; ramBytes: number }> {
  const { contender, dim, k } = test;
  if (contender === "loop") {
    return { search: async (query) => exactTop(data, dim, query, k), ramBytes: data.byteLength };
  }
  const store = await Thermocline.open({ dim, ...contender.options });
  const records = Array.from({ length: test.rows }, (_, r) => ({
    id: String(r),
    vector: data.subarray(r * dim, (r + 1) * dim),
  }));
  await store.upsert(records);
  if (contender.tier === "cold") await store.demote({ all: true });
  const { hot, cold } = store.stats();
  const search: Search = async (vector) => (await store.query({ vector, k })).map(({ id }) => Number(id));
  return { search, ramBytes: contender.tier === "hot" ? hot.ramBytes : cold.ramBytes };
}

/** Runs one case in this process. */
export async function measure(test: Case): Promise<Measurement> {
  const { name, rows, dim, k } = test;
  const data = syntheticRows(rows, dim, 1);
  const queries = syntheticRows(QUERIES, dim, 2);
  const { search, ramBytes } = await contend(test, data);
  const query = (q: number) => queries.subarray(q * dim, (q + 1) * dim);
  for (let q = 0; q < WARM_UP; q++) await search(query(q));
  const times: number[] = [];
  const answers: number[][] = [];
  for (let q = 0; q < QUERIES; q++) {
    const began = performance.now();
    const found = await search(query(q));
    times.push(performance.now() - began);
    answers.push(found);
  }
  // Checked afterwards: an exact search in between would empty the caches.
  let shared = 0;
  for (const [q, found] of answers.entries()) {
    const exact = new Set(exactTop(data, dim, query(q), k));
    shared += found.filter((row) => exact.has(row)).length;
  }
  times.sort((a, b) => a - b);
  return {
    name,
    rows,
    dim,
    k,
    msPerQuery: Number((times[times.length >> 1] ?? 0).toFixed(4)),
    overlap10: Number((shared / (QUERIES * k)).toFixed(4)),
    ramBytesPerRow: Math.round(ramBytes / rows),
  };
}
