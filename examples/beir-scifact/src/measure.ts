import { stat } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import type { Contender, Footprint, SearchableStore } from "./contenders/contender.js";
import { type Corpus, type Question, TOP } from "./corpus.js";
import { mean, median, mrrAt, ndcgAt, overlapAt, recallAt } from "./metrics.js";
import type { Row } from "./row.js";

const BATCH = 512;
const WARM_UP = 20;

/** Where a measurement stands. `settle` is calibration and demotion; it has no count. */
export interface Step {
  readonly phase: "add" | "settle" | "ask";
  readonly done: number;
  readonly total: number;
}

/** What steers one measurement. */
export interface MeasureOptions {
  /** Where the contender may put its database. */
  readonly file: string;
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((step: Step) => void) | undefined;
}

/** One row of the table, and what the store said about itself beside it. */
export interface Measurement {
  readonly row: Row;
  readonly footprint: Footprint;
}

/** Fills a contender with the corpus, asks it every question, and says how good, how big and how fast it was. */
export async function measure(contender: Contender, corpus: Corpus, options: MeasureOptions): Promise<Measurement> {
  const rows = corpus.ids.length;
  const open = contender.open({ rows, file: options.file });
  try {
    const started = performance.now();
    await addAll(open.store, corpus, options);
    options.onStep?.({ phase: "settle", done: 0, total: 1 });
    await open.settle();
    const ingestMs = performance.now() - started;
    const { rankings, msPerQuery } = await askAll(open.store, corpus.questions, options);
    const footprint = await open.footprint();
    await open.close();
    const diskBytes = await databaseBytes(options.file);
    const row: Row = {
      ...contender.setting,
      ...score(corpus.questions, rankings),
      ramBytesPerRow: footprint.ramBytes / rows,
      diskBytesPerRow: diskBytes === null ? null : diskBytes / rows,
      msPerQuery,
      ingestRowsPerSecond: (rows / ingestMs) * 1000,
    };
    return { row, footprint };
  } catch (error) {
    // The first error is the one to report; closing matters only so that the file can be removed.
    await open.close().catch(() => {});
    throw error;
  }
}

async function addAll(store: SearchableStore, corpus: Corpus, { signal, onStep }: MeasureOptions): Promise<void> {
  const total = corpus.ids.length;
  for (let start = 0; start < total; start += BATCH) {
    signal?.throwIfAborted();
    const end = Math.min(start + BATCH, total);
    const ids = corpus.ids.slice(start, end);
    await store.addVectors(corpus.vectors.slice(start, end), corpus.documents.slice(start, end), { ids });
    onStep?.({ phase: "add", done: end, total });
  }
}

async function askAll(
  store: SearchableStore,
  questions: readonly Question[],
  { signal, onStep }: MeasureOptions,
): Promise<{ rankings: string[][]; msPerQuery: number }> {
  for (const { vector } of questions.slice(0, WARM_UP)) await store.similaritySearchVectorWithScore(vector, TOP);
  const rankings: string[][] = [];
  const times: number[] = [];
  for (const { id, vector } of questions) {
    signal?.throwIfAborted();
    const started = performance.now();
    const hits = await store.similaritySearchVectorWithScore(vector, TOP);
    times.push(performance.now() - started);
    rankings.push(distinctIds(hits, id));
    onStep?.({ phase: "ask", done: rankings.length, total: questions.length });
  }
  return { rankings, msPerQuery: median(times) };
}

/** The ids of the hits. A store that returns too few or one twice would get a wrong figure, so that is an error. */
function distinctIds(hits: readonly [{ id?: string }, number][], question: string): string[] {
  const ids = new Set(hits.map(([document]) => document.id));
  if (hits.length !== TOP || ids.size !== TOP || ids.has(undefined)) {
    throw new Error(`claim ${question}: expected ${TOP} different documents with ids, got ${hits.length} hits`);
  }
  return [...ids] as string[];
}

function score(questions: readonly Question[], rankings: readonly string[][]) {
  const average = (metric: (ranked: string[], question: Question) => number): number =>
    mean(questions.map((question, index) => metric(rankings[index] ?? [], question)));
  return {
    ndcg10: average((ranked, { relevance }) => ndcgAt(ranked, relevance, TOP)),
    mrr10: average((ranked, { relevance }) => mrrAt(ranked, relevance, TOP)),
    recall10: average((ranked, { relevance }) => recallAt(ranked, relevance, TOP)),
    overlap10: average((ranked, { exact }) => overlapAt(ranked, exact, TOP)),
  };
}

/** The size of a closed SQLite database with whatever lies beside it; null when there is none. */
async function databaseBytes(file: string): Promise<number | null> {
  const sizes = await Promise.all(
    ["", "-wal", "-shm"].map((suffix) =>
      stat(file + suffix).then(
        ({ size }) => size,
        () => null,
      ),
    ),
  );
  return sizes[0] === null ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
}
