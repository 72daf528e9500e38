import { ThermoclineError } from "../errors.js";
import type { Eigenbasis } from "../kernel/kernel.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { Spectrum, SpectrumOptions, SpectrumPoint } from "../types.js";
import type { Engine } from "./engine.js";
import { type Sample, sampleRows } from "./sample.js";
import { integer, MAX_BYTES } from "./settings.js";

const SAMPLE = 4_000;
const MOST = 1_000_000;
const MOST_POINTS = 10_000;

/** What the kernel takes. */
const MAX_DIM = 8_192;

/** A plan for fewer rows, which vary in fewer coordinates than they are, would give those few all bits. */
const LEAST_PLANNED = 256;

/** Records read in one statement. */
const PAGE = 256;

/** Measures the spectrum of a store on a sample of its rows. */
export async function spectrumOf(engine: Engine, options: SpectrumOptions): Promise<Spectrum> {
  const { signal } = options;
  const size = integer("sampleSize", options.sampleSize ?? SAMPLE, 2, MOST);
  const points = integer("points", options.points ?? 0, 0, MOST_POINTS);
  if (options.bytes !== undefined) integer("bytes", options.bytes, 2, MAX_BYTES.eigen);
  throwIfAborted(signal);
  const { kernel, catalogue } = engine;
  const dim = await catalogue.read(() => engine.dim ?? 0);
  if (dim > MAX_DIM) {
    throw new ThermoclineError(
      "UNSUPPORTED",
      `This store's vectors have ${dim} components; a spectrum can be measured of ${MAX_DIM} at most.`,
    );
  }
  const { rows, vectors } =
    dim === 0 ? { rows: [], vectors: new Float32Array() } : await sampleRows(engine, dim, size, signal);
  if (rows.length < 2) {
    throw new ThermoclineError(
      "ARGUMENT",
      `A spectrum needs two rows with originals, and this store has ${rows.length}; upsert more first.`,
    );
  }
  const pace = new Pace(signal);
  const mean = await centre(vectors, dim, pace);
  const { eigenvalues, rotation } = await kernel.eigenbasis(vectors, dim);
  throwIfAborted(signal);
  const used = options.bytes === undefined ? usedBits(engine, dim) : undefined;
  const tells = rows.length > Math.min(dim, LEAST_PLANNED);
  const bits =
    used ?? (tells ? await plannedBits(engine, options.bytes, { eigenvalues, rotation }, mean, pace) : undefined);
  const axes = [0, 1]
    .slice(0, dim)
    .map((j) => Float32Array.from({ length: dim }, (_, i) => rotation[i * dim + j] ?? 0));
  return {
    eigenvalues,
    bits,
    bitsFrom: bits && (used ? "codebook" : "plan"),
    mean,
    axes,
    sample: rows.length,
    points: await pointsOf(engine, { rows, vectors }, axes, points, pace),
  };
}

/** Takes the mean out of rows `[n][dim]`, and returns it. */
async function centre(rows: Float32Array, dim: number, pace: Pace): Promise<Float32Array> {
  const sums = new Float64Array(dim);
  for (let at = 0; at < rows.length; at += dim) {
    for (let i = 0; i < dim; i++) sums[i] = (sums[i] ?? 0) + (rows[at + i] ?? 0);
    if (pace.due) await pace.pause();
  }
  const mean = Float32Array.from(sums, (sum) => sum / (rows.length / dim));
  for (let at = 0; at < rows.length; at += dim) {
    for (let i = 0; i < dim; i++) rows[at + i] = (rows[at + i] ?? 0) - (mean[i] ?? 0);
    if (pace.due) await pace.pause();
  }
  return mean;
}

/** What the coordinates of the codebook in use get, then zeros for those that it leaves out. */
function usedBits({ codebook, settings }: Engine, dim: number): Float64Array | undefined {
  if (!codebook || settings.codec !== "eigen") return undefined;
  const bits = new Float64Array(dim);
  bits.set(codebook.codec.coordinateBits());
  return bits;
}

/**
 * The bits of each coordinate as `native/kernel/src/eigen/fit.rs` plans them: reverse water-filling over variance times cost, an error's
 * cost being what queries that spread like rows have there, to a power that depends on how many bits there are.
 */
async function plannedBits(
  { settings }: Engine,
  asked: number | undefined,
  { eigenvalues, rotation }: Eigenbasis,
  mean: Float32Array,
  pace: Pace,
): Promise<Float64Array | undefined> {
  const bytes = asked ?? settings.bytes;
  if (settings.codec !== "eigen" || bytes === "auto") return undefined;
  const dim = mean.length;
  const along = new Float64Array(dim);
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++) along[j] = (along[j] ?? 0) + (rotation[i * dim + j] ?? 0) * (mean[i] ?? 0);
    if (pace.due) await pace.pause();
  }
  const power = Math.min(Math.max(0.35 + (0.25 * 8 * bytes) / dim, 0.4), 0.8);
  const logs = eigenvalues.map((value, j) => Math.log2(value) + power * Math.log2(value + (along[j] ?? 0) ** 2));
  return waterFill(logs, 8 * (bytes - 1));
}

/** Real-valued bits of a budget, water-filled over what errors are worth, given as base-2 logarithms. */
function waterFill(logs: Float64Array, budget: number): Float64Array | undefined {
  let [sum, count, level] = [0, 0, Number.NaN];
  for (const log of logs.toSorted().reverse()) {
    const filled = (sum + log - 2 * budget) / (count + 1);
    if (!Number.isFinite(log) || log <= filled) break;
    [sum, count, level] = [sum + log, count + 1, filled];
  }
  return Number.isNaN(level) ? undefined : logs.map((log) => Math.max(0, (log - level) / 2));
}

/** Some rows of a sample whose mean is taken out, spread evenly, with the records that they are of. */
async function pointsOf(
  engine: Engine,
  { rows, vectors }: Sample,
  axes: readonly Float32Array[],
  most: number,
  pace: Pace,
): Promise<SpectrumPoint[]> {
  const dim = vectors.length / rows.length;
  const names = new Map([...engine.namespaces].map(([name, number]) => [number, name]));
  const count = Math.min(most, rows.length);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * rows.length) / count));
  const points: SpectrumPoint[] = [];
  for (let from = 0; from < count; from += PAGE) {
    const page = chosen.slice(from, from + PAGE);
    const records = await engine.catalogue.read(() => engine.catalogue.reader.records(page.map((i) => rows[i] ?? 0)));
    for (const i of page) {
      // A row that was deleted since it was sampled, or has expired, has no place.
      const record = records.get(rows[i] ?? 0);
      if (!record || (record.expires !== null && record.expires <= Date.now())) continue;
      const [x = 0, y = 0] = axes.map((axis) => dot(axis, vectors, i * dim));
      const tier = engine.heat.has(record.row) ? "hot" : "cold";
      points.push({ id: record.id, namespace: names.get(record.namespace) ?? "", tier, x, y });
    }
    if (pace.due) await pace.pause();
  }
  return points;
}

function dot(axis: Float32Array, vectors: Float32Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < axis.length; i++) sum += (axis[i] ?? 0) * (vectors[at + i] ?? 0);
  return sum;
}
