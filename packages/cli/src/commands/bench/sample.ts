import { type Metric, type Thermocline, ThermoclineError } from "@thermocline/core";
import { misuse } from "../../failure.js";
import { NpyFile } from "../../npy-file.js";
import { withStore } from "../../stored.js";

/** Rows that are read at a time. */
const BATCH = 512;

/** Fewer rows than that tell nothing of k nearest ones. */
const FEWEST = 100;

/** What is searched and what is asked. */
export interface Sample {
  /** How many vectors there are in all. */
  readonly of: number;
  readonly dim: number;
  readonly metric: Metric;
  readonly rows: readonly Float32Array[];
  readonly queries: readonly Float32Array[];
  readonly queriesFrom: "held out" | "file";
  /** The bytes a code that a store has already. */
  readonly bytes: number | undefined;
}

export interface SampleOptions {
  readonly queries?: string | undefined;
  readonly namespace?: string | undefined;
  readonly metric?: Metric | undefined;
  /** Rows at most, and queries at most. */
  readonly rows: number;
  readonly asked: number;
}

type Read = Pick<Sample, "of" | "dim" | "metric" | "bytes"> & { readonly vectors: readonly Float32Array[] };

/**
 * Vectors of a `.npy` file or of a store, taken evenly where there are more than `rows`, and what is asked of them: the rows of
 * `queries`, or some of the vectors, evenly taken, that are then not among those that are searched.
 */
export async function sampleOf(
  path: string,
  options: SampleOptions,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Sample> {
  const { queries: file, rows: most, asked } = options;
  const wanted = file === undefined ? most + asked : most;
  const read = path.endsWith(".npy") ? fromNpy : fromStore;
  const { vectors, ...about } = await read(path, { ...options, rows: wanted }, progress, signal);
  if (vectors.length < FEWEST) {
    misuse(`${path} has ${vectors.length} vectors; give a file with ${FEWEST} or more.`);
  }
  if (file !== undefined) {
    const { vectors: queries, dim } = await fromNpy(file, { rows: asked }, () => {}, signal);
    if (dim !== about.dim) {
      const what = `${file} has vectors of ${dim} components, and ${path} of ${about.dim}`;
      throw new ThermoclineError("DIMENSION", `${what}; give queries of the same embedding model.`);
    }
    if (queries.length === 0) misuse(`${file} has no rows; give queries, or leave --queries out.`);
    return { ...about, rows: vectors, queries, queriesFrom: "file" };
  }
  // Of few rows a tenth is asked.
  const held = Math.min(asked, Math.floor(vectors.length / 10));
  const places = new Set(Array.from({ length: held }, (_, i) => Math.floor(((i + 0.5) * vectors.length) / held)));
  return {
    ...about,
    rows: vectors.filter((_, i) => !places.has(i)),
    queries: vectors.filter((_, i) => places.has(i)),
    queriesFrom: "held out",
  };
}

async function fromNpy(
  path: string,
  { metric = "cosine", rows: most }: Pick<SampleOptions, "metric" | "rows">,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Read> {
  const file = await NpyFile.open(path);
  try {
    const { rows: of, dim } = file;
    const taken = Math.min(of, most);
    const vectors: Float32Array[] = [];
    while (vectors.length < taken) {
      signal.throwIfAborted();
      const batch = taken === of ? BATCH : 1;
      vectors.push(...(await file.read(Math.floor((vectors.length * of) / taken), batch)));
      progress(vectors.length, taken);
    }
    return { of, dim, metric, bytes: undefined, vectors };
  } finally {
    await file.close();
  }
}

async function fromStore(
  path: string,
  { namespace, metric, rows: most }: Pick<SampleOptions, "namespace" | "metric" | "rows">,
  progress: (done: number, total: number) => void,
  signal: AbortSignal,
): Promise<Read> {
  return withStore(path, { readOnly: true }, async (store: Thermocline) => {
    const { dim, metric: own, cold, codebook } = store.stats();
    if (metric !== undefined && metric !== own) misuse(`${path} compares by ${own}; leave --metric out.`);
    const ids: string[] = [];
    for await (const { id, tier } of store.list({ namespace, signal })) if (tier !== "none") ids.push(id);
    const taken = Math.min(ids.length, most);
    const vectors: Float32Array[] = [];
    for (let from = 0; from < taken; from += BATCH) {
      const count = Math.min(BATCH, taken - from);
      const some = Array.from({ length: count }, (_, i) => ids[Math.floor(((from + i) * ids.length) / taken)] ?? "");
      const records = await store.get(some, { namespace, includeVectors: true, signal });
      // What was deleted since is passed over.
      vectors.push(...records.flatMap((record) => (record?.vector ? [record.vector] : [])));
      progress(vectors.length, taken);
    }
    return { of: ids.length, dim: dim ?? 0, metric: own, bytes: codebook && cold.bytesPerRow, vectors };
  });
}
