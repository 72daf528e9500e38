import { syntheticChunks, syntheticRows } from "../synthetic.js";

export const DIM = 384;

/** A record as every contender stores it: 200 bytes of text and four fields. */
export interface BenchRecord {
  readonly id: string;
  readonly vector: Float32Array;
  readonly text: string;
  readonly metadata: BenchMetadata;
}

export type BenchMetadata = {
  readonly group: number;
  readonly year: number;
  readonly lang: string;
  readonly score: number;
};

/** Values of `group`, each with one row in a hundred; a filter for one of them allows 1 %. */
export const GROUPS = 100;

const ROWS_SEED = 1;
const QUERIES_SEED = 2;
const LANGUAGES = ["en", "de", "fr", "es", "it"];
const WORDS = ["warm", "water", "lies", "over", "cold", "where", "light", "ends", "and", "sound", "bends"];

function text(row: number): string {
  let all = `Row ${row}:`;
  for (let i = row; all.length < 200; i += 7) all += ` ${WORDS[i % WORDS.length]}`;
  return all.slice(0, 200);
}

/** The record of a row. Groups are spread over the rows as records of many users are. */
export function record(row: number, vector: Float32Array): BenchRecord {
  const mixed = Math.imul(row + 1, 0x9e3779b1) >>> 0;
  const metadata = {
    group: mixed % GROUPS,
    year: 1950 + (row % 75),
    lang: LANGUAGES[row % LANGUAGES.length] ?? "en",
    score: mixed / 2 ** 32,
  };
  return { id: `record-${row}`, vector, text: text(row), metadata };
}

/** All records, some at a time. */
export function* recordChunks(rows: number, chunk: number): Generator<BenchRecord[]> {
  let first = 0;
  for (const vectors of syntheticChunks(rows, DIM, ROWS_SEED, chunk)) {
    const count = vectors.length / DIM;
    yield Array.from({ length: count }, (_, i) => record(first + i, vectors.subarray(i * DIM, (i + 1) * DIM)));
    first += count;
  }
}

/** Vectors that are asked for: rows of the same kind that are not stored. */
export function queryVectors(count: number): Float32Array[] {
  const all = syntheticRows(count, DIM, QUERIES_SEED);
  return Array.from({ length: count }, (_, i) => all.subarray(i * DIM, (i + 1) * DIM));
}

/** The exact top k of some queries, by rows' numbers. */
export function exactAnswers(rows: number, queries: readonly Float32Array[], k: number): Set<number>[] {
  const best = queries.map(() => [] as { readonly row: number; readonly score: number }[]);
  let first = 0;
  for (const vectors of syntheticChunks(rows, DIM, ROWS_SEED, 4_096)) {
    const count = vectors.length / DIM;
    for (const [q, query] of queries.entries()) {
      const top = best[q] ?? [];
      for (let i = 0; i < count; i++) {
        let score = 0;
        for (let j = 0; j < DIM; j++) score += (vectors[i * DIM + j] as number) * (query[j] as number);
        if (top.length === k && score <= (top[k - 1]?.score ?? 0)) continue;
        top.push({ row: first + i, score });
        top.sort((a, b) => b.score - a.score);
        top.length = Math.min(top.length, k);
      }
    }
    first += count;
  }
  return best.map((top) => new Set(top.map(({ row }) => row)));
}
