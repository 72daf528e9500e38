import { FIT_ROWS, LEAST_ROWS, ladderOf } from "../calibration/rate-distortion.js";
import { measure, type Recommendation } from "../calibration/recommend.js";
import { ThermoclineError } from "../errors.js";
import type { CodecSpec } from "../kernel/kernel.js";
import { throwIfAborted } from "../pace.js";
import type { StoreRecommendOptions } from "../types.js";
import { type Engine, storedRows } from "./engine.js";
import { sampleVectors } from "./sample.js";
import { codecSpec, integer, MAX_BYTES, share, shown } from "./settings.js";
import { validVectors } from "./validate.js";

const TARGETS = [0.8, 0.9, 0.95];

/** What is asked for, checked: targets, and the bytes to try in ascending order. */
export function checkedQuestion(
  options: StoreRecommendOptions,
  dim: number,
  codec: CodecSpec["codec"],
): { readonly targets: readonly number[]; readonly ladder: readonly number[]; readonly rows: number | undefined } {
  const { targets = TARGETS, bytes = ladderOf(codec, dim), rows } = options;
  for (const [name, list] of Object.entries({ targets, bytes })) {
    if (!Array.isArray(list) || list.length === 0) {
      throw new ThermoclineError("ARGUMENT", `${name} is ${shown(list)}; give an array of one number or more.`);
    }
  }
  for (const [i, target] of targets.entries()) share(`targets[${i}]`, target);
  for (const [i, given] of bytes.entries()) {
    codecSpec({ codec, effort: undefined, seed: 0 }, integer(`bytes[${i}]`, given, 2, MAX_BYTES[codec]), dim);
  }
  return {
    targets,
    ladder: [...new Set(bytes)].sort((a, b) => a - b),
    rows: rows === undefined ? undefined : integer("rows", rows, 1, 2 ** 32),
  };
}

/** Measures what each number of bytes would find in a store, on a sample of its rows. */
export async function recommendForStore(engine: Engine, options: StoreRecommendOptions): Promise<Recommendation> {
  const { kernel, catalogue, settings } = engine;
  const { signal, onProgress } = options;
  const { metric, codec, symmetric, seed } = settings;
  throwIfAborted(signal);
  const size = integer("sampleSize", options.sampleSize ?? FIT_ROWS, LEAST_ROWS, 2 ** 24);
  const dim = await catalogue.read(() => engine.dim);
  if (dim === undefined) {
    throw new ThermoclineError("ARGUMENT", `The store is empty; upsert at least ${LEAST_ROWS} records first.`);
  }
  const { targets, ladder, rows: serves = storedRows(engine) } = checkedQuestion(options, dim, codec);
  const rule = `this store holds vectors of ${dim}; is another embedding model in use?`;
  const queries =
    options.queries && (await validVectors(kernel, metric, "queries", options.queries, dim, rule, signal));
  const rows = await sampleVectors(engine, dim, size, signal);
  const specOf = (bytes: number, served: number) => codecSpec(settings, bytes, dim, served);
  const study = { kernel, metric, dim, rows, queries, symmetric, seed, serves, specOf };
  return measure(study, ladder, targets, signal, onProgress);
}
