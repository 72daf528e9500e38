import { ThermoclineError } from "../errors.js";
import type { CodecSpec, Kernel } from "../kernel/kernel.js";
import type { Metric, Progress } from "../types.js";
import { reaches, recallOf } from "./choose-bytes.js";
import { Meter } from "./meter.js";
import { type CurvePoint, LEAST_QUERIES, LEAST_ROWS, RateDistortion, split } from "./rate-distortion.js";

/** The fewest bytes that reach a target, each way of searching; undefined where none of those tried does. */
export interface TargetBytes {
  /** Recall to be reached by the lower end of the 95 % interval. */
  readonly target: number;
  /** By codes alone (`originals: "none"`). */
  readonly bytes: number | undefined;
  /** With the first 100 candidates rescored from originals. */
  readonly bytesReranked: number | undefined;
  /** The same as a sentence for people. */
  readonly advice: string;
}

/** What `recommend` found out. */
export interface Recommendation {
  /** What each number of bytes costs and finds, ascending by bytes. */
  readonly curve: readonly CurvePoint[];
  /** One entry for each target, in their order. */
  readonly targets: readonly TargetBytes[];
  /** How many rows were searched, how many of them codebooks were fitted on, and how many queries asked. */
  readonly sample: { readonly documents: number; readonly fitted: number; readonly queries: number };
}

/** What to measure: scored rows and queries, and the codec of each number of bytes. */
export interface Study {
  readonly kernel: Kernel;
  readonly metric: Metric;
  readonly dim: number;
  readonly rows: Float32Array;
  readonly queries: Float32Array | undefined;
  readonly symmetric: boolean;
  readonly seed: number;
  /** Rows that will share the codebook; default the documents. */
  readonly serves: number | undefined;
  readonly specOf: (bytes: number, rows: number) => CodecSpec;
}

/** Prepares the measuring of a study; refuses samples that are too small to tell anything. */
export async function prepare(study: Study, signal: AbortSignal | undefined) {
  const { kernel, metric, dim, rows, symmetric, seed, specOf } = study;
  const [n, asked] = [rows.length / dim, study.queries && study.queries.length / dim];
  if (n < LEAST_ROWS) {
    throw new ThermoclineError(
      "ARGUMENT",
      `The sample has ${n} rows; give at least ${LEAST_ROWS} to choose bytes on, better 5000 or more.`,
    );
  }
  if (asked !== undefined && asked < LEAST_QUERIES) {
    throw new ThermoclineError(
      "ARGUMENT",
      `There are ${asked} queries; give at least ${LEAST_QUERIES}, better 200, or none to ask with rows of the sample.`,
    );
  }
  const { documents, queries } = split(rows, dim, study.queries, seed);
  const serves = study.serves ?? documents.length / dim;
  const exam = { kernel, metric, dim, documents, queries, symmetric };
  const curve = await RateDistortion.of(exam, (bytes) => specOf(bytes, serves), serves, signal);
  return { curve, documents: documents.length / dim, queries: queries.length / dim };
}

/** Measures the whole ladder, and finds the fewest bytes for each target. */
export async function measure(
  study: Study,
  ladder: readonly number[],
  targets: readonly number[],
  signal: AbortSignal | undefined,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<Recommendation> {
  const { curve, documents, queries } = await prepare(study, signal);
  const meter = new Meter("recommend", ladder.length * documents, onProgress);
  const points: CurvePoint[] = [];
  for (const bytes of ladder) {
    points.push(await meter.part(documents, (done) => curve.point(bytes, signal, done)));
  }
  return {
    curve: points,
    targets: targets.map((target) => forTarget(points, target)),
    sample: { documents, fitted: curve.fittedRows, queries },
  };
}

function forTarget(points: readonly CurvePoint[], target: number): TargetBytes {
  const first = (reranked: boolean) => points.find((point) => reaches(point, target, reranked));
  const [alone, reranked] = [first(false), first(true)];
  const best = points.at(-1);
  const sentence = (found: CurvePoint | undefined, by: string, rerank: boolean) => {
    const point = found ?? best;
    if (!point) return "";
    const { mean, low, high } = recallOf(point, rerank);
    const measured = `recall ${mean.toFixed(3)}, 95 % between ${low.toFixed(3)} and ${high.toFixed(3)}`;
    return found
      ? `${by}, ${point.bytes} bytes a row reach ${target} (${measured}).`
      : `${by}, not even ${point.bytes} bytes a row reach ${target} (${measured}).`;
  };
  return {
    target,
    bytes: alone?.bytes,
    bytesReranked: reranked?.bytes,
    advice: `${sentence(reranked, "Reranked from originals", true)} ${sentence(alone, "By codes alone", false)}`,
  };
}
