import { LEAST_ROWS } from "./calibration/rate-distortion.js";
import { measure, type Recommendation } from "./calibration/recommend.js";
import { ThermoclineError } from "./errors.js";
import { loadKernel } from "./kernel/load.js";
import { throwIfAborted } from "./pace.js";
import { checkOptions } from "./store/options.js";
import { checkedQuestion } from "./store/recommend.js";
import { codecSpec, integer, oneOf, shown } from "./store/settings.js";
import { dimOf, validVectors } from "./store/validate.js";
import type { RecommendOptions } from "./types.js";

/**
 * What eigen codes of each size would cost and find, measured on a sample `[n][dim]` of the vectors to be stored, n at
 * least 1,000: the whole rate-distortion curve, and for each target the fewest bytes a row whose recall reaches it.
 *
 * Queries are the given ones, or rows taken out of the sample; all other rows are coded and searched, and codebooks are
 * fitted on up to 20,000 of them. Recall is the share of a query's exact top 10 that is found, by codes alone and among
 * the 100 candidates that are rescored where originals are kept; its 95 % interval is Wilson's over the queries, and a
 * target is reached when the interval's lower end reaches it. Same arguments, same machine, same answer.
 *
 * What is to hold for a large store wants a large sample: more rows are harder to tell apart, and rows that a codebook was
 * fitted on are coded better than those that come later, above all with `effort: "best"` and few rows.
 *
 * @throws `ARGUMENT` for options out of range and too few rows or queries, `DIMENSION`, `NOT_FINITE` or `ZERO_VECTOR` for
 * a bad vector, `ABORTED`
 * @example
 * const { curve, targets } = await recommend(vectors, { targets: [0.9, 0.95] });
 * for (const { bytes, recall, candidateRecall } of curve) console.log(bytes, recall.mean, candidateRecall.mean);
 * for (const { advice } of targets) console.log(advice);
 */
export async function recommend(
  sample: readonly ArrayLike<number>[],
  options: RecommendOptions = {},
): Promise<Recommendation> {
  checkOptions("recommend", options);
  const { signal, onProgress } = options;
  throwIfAborted(signal);
  const metric = oneOf("metric", options.metric ?? "cosine", ["cosine", "dot", "euclidean"]);
  const effort = options.effort === undefined ? undefined : oneOf("effort", options.effort, ["fast", "best"]);
  const seed = integer("seed", options.seed ?? 0, 0, 2 ** 32 - 1);
  if (!Array.isArray(sample) || sample.length < LEAST_ROWS) {
    const given = Array.isArray(sample) ? `has ${sample.length} rows` : `is ${shown(sample)}`;
    throw new ThermoclineError(
      "ARGUMENT",
      `The sample ${given}; give an array of at least ${LEAST_ROWS} vectors, better 5000 or more.`,
    );
  }
  const dim = dimOf("sample[0]", sample[0]);
  const { targets, ladder, rows: serves } = checkedQuestion(options, dim, "eigen");
  const kernel = await loadKernel(undefined);
  const rule = `sample[0] has ${dim}`;
  const queries =
    options.queries && (await validVectors(kernel, metric, "queries", options.queries, dim, rule, signal));
  const rows = await validVectors(kernel, metric, "sample", sample, dim, rule, signal);
  const specOf = (bytes: number, served: number) => codecSpec({ codec: "eigen", effort, seed }, bytes, dim, served);
  const study = { kernel, metric, dim, rows, queries, symmetric: false, seed, serves, specOf };
  return measure(study, ladder, targets, signal, onProgress);
}
