import { chooseBytes, recallOf } from "../calibration/choose-bytes.js";
import type { Fit } from "../calibration/drift.js";
import { fitCodebook, LEAST_FIT_QUERIES } from "../calibration/fit-codebook.js";
import { Meter } from "../calibration/meter.js";
import { FIT_ROWS, ladderOf } from "../calibration/rate-distortion.js";
import { prepare } from "../calibration/recommend.js";
import { ThermoclineError } from "../errors.js";
import { throwIfAborted } from "../pace.js";
import type { CalibrateOptions } from "../types.js";
import { type Codebook, type Engine, storedRows } from "./engine.js";
import { type Image, readImage, showImage } from "./load.js";
import { Recoding } from "./recode.js";
import { sampleVectors } from "./sample.js";
import { codecSpec, integer, type Settings, storedSettings } from "./settings.js";
import { validVectors } from "./validate.js";

/** What choosing bytes counts as, in fits of the sample. */
const SEARCH_FITS = 5;

/** Runs a step that no move between tiers may overlap. */
export type Exclusive = <T>(step: () => Promise<T>) => Promise<T>;

/** What calibration works on, checked. */
interface Task {
  readonly engine: Engine;
  readonly dim: number;
  readonly rows: Float32Array;
  readonly queries: Float32Array | undefined;
  readonly signal: AbortSignal | undefined;
  readonly meter: Meter;
}

/**
 * Fits a codebook on what is stored and codes cold rows anew from their originals. Both happen beside queries, writes and
 * moves; then one transaction, for which `exclusive` holds off moves, puts everything in place, or nothing.
 */
export async function calibrate(
  engine: Engine,
  options: CalibrateOptions,
  exclusive: Exclusive = (step) => step(),
): Promise<void> {
  const { signal } = options;
  const { catalogue } = engine;
  const size = integer("sampleSize", options.sampleSize ?? FIT_ROWS, 1, 2 ** 24);
  throwIfAborted(signal);
  const { dim, cold } = await catalogue.read(() => ({ dim: engine.dim, cold: coldRows(engine) }));
  const nothing = "There is nothing to calibrate on; upsert records first (1,000 or more give a good codebook).";
  if (dim === undefined) throw new ThermoclineError("ARGUMENT", nothing);
  if (cold > 0 && engine.settings.originals === "none") {
    const why = 'a store with originals "none" cannot code its cold rows anew; make a new store with originals kept';
    throw new ThermoclineError("UNSUPPORTED", `The store is calibrated already, and ${why}.`);
  }
  const queries = options.queries === undefined ? undefined : await validQueries(engine, options.queries, dim, signal);
  const rows = await sampleVectors(engine, dim, size, signal);
  const sampleRows = rows.length / dim;
  if (sampleRows === 0) throw new ThermoclineError("ARGUMENT", nothing);

  const search = engine.settings.bytes === "auto" ? SEARCH_FITS * sampleRows : 0;
  const fits = (queries ? 2 : 1) * sampleRows;
  const meter = new Meter("calibrate", search + fits + cold + 1, options.onProgress);
  const task: Task = { engine, dim, rows, queries, signal, meter };
  const chosen = await choose(task, search);
  const { codebook, ...fit } = await fitted(task, chosen.bytes, fits);
  const codec = engine.kernel.codec(codebook);
  const recoding = new Recoding(engine, codec, dim);
  const made = { codec, bytes: codebook.length, sampleRows, queries: fit.queries };
  const state: Fit = { fitted: fit.error, error: 0, energy: 0, rows: 0 };
  await meter.part(cold, (done) => recoding.code(signal, (coded) => done(coded / Math.max(cold, 1))));
  await meter.part(1, () =>
    exclusive(async () => {
      // Moves went on until now.
      await recoding.code(signal);
      await catalogue.write(
        async (transaction) => {
          throwIfAborted(signal);
          if (isOvertaken(engine, chosen)) return undefined;
          const number = transaction.insertCodebook(chosen.codec, sampleRows, fit.queries, codebook, state);
          await recoding.replace(transaction, number, signal);
          transaction.deleteOldCodebooks();
          for (const [key, value] of storedSettings(chosen)) transaction.setSetting(key, value);
          const image = coldRows(engine) > 0 ? await readImage(engine, transaction) : undefined;
          return { image, codebook: { ...made, number, fit: state } };
        },
        (done) => {
          if (done) show(engine, chosen, done.codebook, done.image);
        },
      );
    }),
  );
}

/** Whether another process has calibrated meanwhile, and what it fixed cannot be changed any more. */
function isOvertaken(engine: Engine, chosen: Settings): boolean {
  const { bytes, originals } = engine.settings;
  return (bytes !== "auto" && bytes !== chosen.bytes) || (originals === "none" && coldRows(engine) > 0);
}

function show(engine: Engine, settings: Settings, codebook: Codebook, image: Image | undefined): void {
  if (image) {
    showImage(engine, image);
  } else {
    engine.settings = settings;
    engine.codebook = codebook;
  }
}

function coldRows(engine: Engine): number {
  return [...engine.partitions.values()].reduce((sum, partition) => sum + partition.count().cold, 0);
}

async function validQueries(
  engine: Engine,
  given: unknown,
  dim: number,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const rule = `this store holds vectors of ${dim}; is another embedding model in use?`;
  const queries = await validVectors(engine.kernel, engine.settings.metric, "queries", given, dim, rule, signal);
  if (queries.length / dim >= LEAST_FIT_QUERIES) return queries;
  const advice = `give at least ${LEAST_FIT_QUERIES}, better some hundreds, or leave them out`;
  throw new ThermoclineError("ARGUMENT", `There are ${queries.length / dim} queries; ${advice}.`);
}

/** The settings with the bytes that are fixed, or else those that reach the target. */
async function choose(
  { engine, dim, rows, queries, signal, meter }: Task,
  units: number,
): Promise<Settings & { readonly bytes: number }> {
  const { settings, kernel } = engine;
  const { bytes, auto } = settings;
  if (bytes !== "auto") return { ...settings, bytes };
  const { metric, codec, symmetric, seed } = settings;
  const specOf = (tried: number) => codecSpec(settings, tried, dim, storedRows(engine));
  const serves = storedRows(engine);
  return meter.part(units, async (done) => {
    const { curve } = await prepare({ kernel, metric, dim, rows, queries, symmetric, seed, serves, specOf }, signal);
    const reranked = settings.originals !== "none";
    const target = auto?.targetRecall ?? 0;
    const point = await chooseBytes(curve, ladderOf(codec, dim), target, reranked, signal, done);
    const found = { targetRecall: target, recall: recallOf(point, reranked).mean };
    return { ...settings, bytes: point.bytes, auto: found };
  });
}

function fitted({ engine, dim, rows, queries, signal, meter }: Task, bytes: number, units: number) {
  const { kernel, settings } = engine;
  const { metric, symmetric, seed } = settings;
  const spec = codecSpec(settings, bytes, dim, storedRows(engine));
  return meter.part(units, (done) =>
    fitCodebook({ kernel, spec, metric, dim, rows, queries, symmetric, seed }, signal, done),
  );
}
