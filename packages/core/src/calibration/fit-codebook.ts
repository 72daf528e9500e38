import type { CodecSpec, Kernel } from "../kernel/kernel.js";
import type { Metric } from "../types.js";
import { codingError, relative } from "./drift.js";
import { Evaluation } from "./evaluation.js";
import { gather, setAside } from "./rows.js";
import { shuffled } from "./shuffle.js";

/** Fewest queries that calibration takes: a third of them judge. */
export const LEAST_FIT_QUERIES = 30;

/** From how many queries one is held out to judge whether the others help. */
const JUDGE_SHARE = 3;

/** From how many rows one is held out to measure the codebook by, how many at most, and in samples of how many. */
const HELD_OUT_SHARE = 16;
const HELD_OUT = 512;
const HELD_OUT_FROM = 512;

/** What to fit on: scored rows `[n][dim]`, whose order may change, and queries `[m][dim]` if any are known. */
export interface FitSample {
  readonly kernel: Kernel;
  readonly spec: CodecSpec;
  readonly metric: Metric;
  readonly dim: number;
  readonly rows: Float32Array;
  readonly queries: Float32Array | undefined;
  readonly symmetric: boolean;
  readonly seed: number;
}

/** A codebook and what is known of it. */
export interface FittedCodebook {
  readonly codebook: Uint8Array;
  /** How many queries it was fitted with; 0 if none were given, or if it measured no better with them. */
  readonly queries: number;
  /** Relative squared error on rows that it was not fitted on; on the sample itself when that is small. */
  readonly error: number;
}

/**
 * Fits a codebook. With queries it is fitted twice, with two thirds of them and without, and the other third asks both:
 * the one that finds more of their exact top 10 is taken, the one without queries if they are equal.
 */
export async function fitCodebook(
  sample: FitSample,
  signal: AbortSignal | undefined,
  onProgress: (share: number) => void,
): Promise<FittedCodebook> {
  const { kernel, spec, metric, dim, rows, queries } = sample;
  const { fitted, held } = holdOut(rows, dim);
  const fits = queries ? 2 : 1;
  const fit = (number: number, asked?: Float32Array) => {
    const share = (done: number) => onProgress((number + done) / fits);
    return kernel.fit(spec, metric, dim, fitted, { queries: asked, signal, onProgress: share });
  };
  const plain = await fit(0);
  const chosen = queries ? await better(sample, queries, plain, (asked) => fit(1, asked), signal) : undefined;
  const { codebook, count } = chosen ?? { codebook: plain, count: 0 };
  const codec = kernel.codec(codebook);
  const error = relative(await codingError(codec, dim, held, await codec.encode(held)));
  return { codebook, queries: count, error };
}

/** The codebook that knows queries, if it finds more of what other queries look for. */
async function better(
  { kernel, metric, dim, rows, symmetric, seed }: FitSample,
  queries: Float32Array,
  plain: Uint8Array,
  fit: (asked: Float32Array) => Promise<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<{ readonly codebook: Uint8Array; readonly count: number } | undefined> {
  const order = shuffled(queries.length / dim, seed);
  const judging = Math.floor(order.length / JUDGE_SHARE);
  const asked = gather(queries, dim, order.subarray(judging));
  const codebook = await fit(asked);
  const judges = gather(queries, dim, order.subarray(0, judging));
  const evaluation = await Evaluation.of({ kernel, metric, dim, documents: rows, queries: judges, symmetric }, signal);
  const found = async (book: Uint8Array) => {
    const { ranked } = await evaluation.recalls(kernel.codec(book), signal);
    return ranked.reduce((sum, share) => sum + share, 0);
  };
  const [without, knowing] = [await found(plain), await found(codebook)];
  return knowing > without ? { codebook, count: order.length - judging } : undefined;
}

/** Rows to fit on and rows to measure by, spread evenly over the sample, whose order changes; a small sample is both. */
function holdOut(rows: Float32Array, dim: number): { readonly fitted: Float32Array; readonly held: Float32Array } {
  const n = rows.length / dim;
  if (n < HELD_OUT_FROM) return { fitted: rows, held: rows };
  const count = Math.min(HELD_OUT, Math.floor(n / HELD_OUT_SHARE));
  const places = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * n) / count));
  const { kept, aside } = setAside(rows, dim, places);
  return { fitted: kept, held: aside };
}
