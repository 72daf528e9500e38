import { allLive } from "../catalogue/live.js";
import type { Codec, Kernel } from "../kernel/kernel.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { Metric } from "../types.js";
import { gather } from "./rows.js";

/** How many neighbours of a query are to be found. */
export const TOP = 10;

/** Among how many candidates they are looked for when originals rerank: a few less than a query of k = 10 rescores. */
export const CANDIDATES = 100;

/** Rows encoded, or put into the hot tier, at a time. */
const BATCH = 1_024;

/** Vectors as they are scored, and how. Both matrices are flat: `[n][dim]` and `[m][dim]`, n at least 10. */
export interface Exam {
  readonly kernel: Kernel;
  readonly metric: Metric;
  readonly dim: number;
  readonly documents: Float32Array;
  readonly queries: Float32Array;
  readonly symmetric: boolean;
}

/** For each query, which share of its exact top 10 was found. */
export interface Recalls {
  /** Among the first 10 of the codes' own ranking. */
  readonly ranked: readonly number[];
  /** Among the first 100, from which reranking by originals picks the right ones. */
  readonly candidates: readonly number[];
}

interface Question {
  readonly query: Float32Array;
  /** The exact score of the tenth neighbour: a row that reaches it is right, ties included. */
  readonly tenth: number;
}

/** Queries whose exact answers are known, to measure codecs by: the same searches as a store's. */
export class Evaluation {
  readonly #exam: Exam;
  readonly #questions: readonly Question[];

  private constructor(exam: Exam, questions: readonly Question[]) {
    this.#exam = exam;
    this.#questions = questions;
  }

  /** Finds the exact answers. */
  static async of(exam: Exam, signal: AbortSignal | undefined): Promise<Evaluation> {
    const { kernel, metric, dim, documents, queries } = exam;
    const exact = kernel.partition(dim, metric);
    const pace = new Pace(signal);
    for (const [first, batch] of batches(documents, dim)) {
      exact.putHot(numbers(first, batch.length / dim), batch);
      if (pace.due) await pace.pause();
    }
    const found = await exact.search({ queries, hot: TOP, cold: 0, symmetric: false }, signal);
    const questions = found.map(({ hotScores }, i) => ({
      query: queries.subarray(i * dim, (i + 1) * dim),
      tenth: hotScores.at(-1) ?? Number.NEGATIVE_INFINITY,
    }));
    return new Evaluation(exam, questions);
  }

  /** Codes the documents and asks every query. `onProgress` gets the share that is done. */
  async recalls(
    codec: Codec,
    signal: AbortSignal | undefined,
    onProgress: (share: number) => void = () => {},
  ): Promise<Recalls> {
    const { kernel, metric, dim, documents, queries, symmetric } = this.#exam;
    const rows = documents.length / dim;
    const coded = kernel.partition(dim, metric);
    for (const [first, batch] of batches(documents, dim)) {
      throwIfAborted(signal);
      const count = batch.length / dim;
      coded.setBlock(first / BATCH, codec, numbers(first, count), await codec.encode(batch), allLive(count));
      onProgress(first / rows);
    }
    const ranked: number[] = [];
    const candidates: number[] = [];
    const found = await coded.search({ queries, hot: 0, cold: CANDIDATES, symmetric }, signal);
    const pace = new Pace(signal);
    for (const [i, { query, tenth }] of this.#questions.entries()) {
      if (pace.due) await pace.pause();
      const coldRows = found[i]?.coldRows ?? new Uint32Array();
      const right = kernel.similarities(metric, query, gather(documents, dim, coldRows)).map((s) => Number(s >= tenth));
      ranked.push(right.subarray(0, TOP).reduce((sum, one) => sum + one, 0) / TOP);
      candidates.push(Math.min(1, right.reduce((sum, one) => sum + one, 0) / TOP));
    }
    return { ranked, candidates };
  }
}

function numbers(first: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => first + i);
}

function* batches(rows: Float32Array, dim: number): Generator<readonly [first: number, batch: Float32Array]> {
  for (let first = 0; first * dim < rows.length; first += BATCH) {
    yield [first, rows.subarray(first * dim, (first + BATCH) * dim)];
  }
}
