import type { CodecSpec } from "../kernel/kernel.js";
import { throwIfAborted } from "../pace.js";
import { type Estimate, estimateOf } from "./estimate.js";
import { Evaluation, type Exam, TOP } from "./evaluation.js";
import { setAside, thinned } from "./rows.js";
import { shuffled } from "./shuffle.js";

/** Rows that a codebook is fitted on, at most: more tell it nothing new. */
export const FIT_ROWS = 20_000;

/** Fewest rows that bytes can be chosen on: a fifth of them ask, the others are coded and searched. */
export const LEAST_ROWS = 1_000;

/** Fewest queries given that say something: their recall is known to about ± 0.05 then. */
export const LEAST_QUERIES = 50;

/** Rows held out to ask with, at most; and from how many rows one is taken. */
const HELD_OUT = 500;
const HELD_OUT_SHARE = 5;

/** Bytes a row that are tried unless told otherwise. */
const LADDER = [8, 12, 16, 24, 32, 48, 64, 96, 128, 192];

/** What a codec of so many bytes costs, and what it finds. */
export interface CurvePoint {
  /** Bytes of code a row. */
  readonly bytes: number;
  /** Share of the exact top 10 among the first 10 by codes alone: what a store with `originals: "none"` gives. */
  readonly recall: Estimate;
  /** Share of the exact top 10 among the first 100 by codes: what reranking those from originals gives. */
  readonly candidateRecall: Estimate;
  /** Bytes of the codebook, once for a whole store. */
  readonly codebookBytes: number;
  /** Bytes of code and the row's share of the codebook. */
  readonly totalBytesPerRow: number;
}

/**
 * Splits scored rows `[n][dim]` into documents to search and queries to ask, all of them given ones if there are any. Else
 * rows that `seed` chooses are set aside, which changes the order of the others.
 */
export function split(rows: Float32Array, dim: number, queries: Float32Array | undefined, seed: number) {
  if (queries) return { documents: rows, queries };
  const order = shuffled(rows.length / dim, seed);
  const held = Math.min(HELD_OUT, Math.floor(order.length / HELD_OUT_SHARE));
  const { kept, aside } = setAside(rows, dim, order.subarray(0, held));
  return { documents: kept, queries: aside };
}

/** The ladder of bytes for a codec: no more than a byte a component, but one rung at least; whole bins for Fourier. */
export function ladderOf(codec: CodecSpec["codec"], dim: number): readonly number[] {
  if (codec === "eigen") return LADDER.filter((bytes, i) => i === 0 || bytes <= dim);
  const bins = Math.floor(dim / 2) + 1;
  const each = bins <= 256 ? 3 : 4;
  const fitting = LADDER.map((bytes) => Math.min(Math.max(1, Math.floor(bytes / each)), bins) * each);
  return [...new Set(fitting)];
}

/** Measures codecs of different sizes on the same documents and queries. */
export class RateDistortion {
  readonly #exam: Exam;
  readonly #evaluation: Evaluation;
  readonly #fitted: Float32Array;
  readonly #specOf: (bytes: number) => CodecSpec;
  readonly #rows: number;

  private constructor(
    exam: Exam,
    evaluation: Evaluation,
    fitted: Float32Array,
    specOf: (bytes: number) => CodecSpec,
    rows: number,
  ) {
    this.#exam = exam;
    this.#evaluation = evaluation;
    this.#fitted = fitted;
    this.#specOf = specOf;
    this.#rows = rows;
  }

  /** `rows` will share the codebook. */
  static async of(
    exam: Exam,
    specOf: (bytes: number) => CodecSpec,
    rows: number,
    signal: AbortSignal | undefined,
  ): Promise<RateDistortion> {
    const fitted = await thinned(exam.documents, exam.dim, FIT_ROWS, signal);
    return new RateDistortion(exam, await Evaluation.of(exam, signal), fitted, specOf, rows);
  }

  /** How many rows codebooks are fitted on. */
  get fittedRows(): number {
    return this.#fitted.length / this.#exam.dim;
  }

  /** Fits a codebook of so many bytes and measures it. */
  async point(
    bytes: number,
    signal: AbortSignal | undefined,
    onProgress: (share: number) => void,
  ): Promise<CurvePoint> {
    const { kernel, metric, dim } = this.#exam;
    throwIfAborted(signal);
    const half = (first: number) => (share: number) => onProgress(first + share / 2);
    const options = { signal, onProgress: half(0) };
    const codebook = await kernel.fit(this.#specOf(bytes), metric, dim, this.#fitted, options);
    const recalls = await this.#evaluation.recalls(kernel.codec(codebook), signal, half(0.5));
    return {
      bytes,
      recall: estimateOf(recalls.ranked, TOP),
      candidateRecall: estimateOf(recalls.candidates, TOP),
      codebookBytes: codebook.length,
      totalBytesPerRow: bytes + codebook.length / this.#rows,
    };
  }
}
