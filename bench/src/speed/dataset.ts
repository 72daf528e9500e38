import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Kernel } from "../../../packages/core/src/kernel/kernel.js";
import { loadCollection } from "../quality/collection.js";
import { randomRotation, syntheticChunks, syntheticRows } from "../synthetic.js";

/** Every data set, in the order in which its rows are printed. */
export const DATASETS = ["scifact", "wordnet", "synthetic-100k", "synthetic-1m"] as const;

export type DatasetName = (typeof DATASETS)[number];

/** How many of the exact answers are known: the largest k of a case. */
export const TOP = 10;

const SYNTHETIC: Partial<Record<DatasetName, { readonly rows: number; readonly dim: number }>> = {
  "synthetic-100k": { rows: 100_000, dim: 384 },
  "synthetic-1m": { rows: 1_000_000, dim: 384 },
};
const DOCUMENTS_SEED = 1;
const QUERIES_SEED = 2;
const ROTATION_SEED = 3;
const QUERIES = 200;

/** What is on disk was made by this code; a change of what it makes counts it up. */
const EDITION = 2;

/** Rows written, or searched for the exact answers, at a time. */
const CHUNK = 50_000;
/** One call of the file system moves no more than this. */
const READ_BYTES = 1 << 30;

/**
 * A data set as files that every language reads: `documents.f32` `[rows][dim]` and `queries.f32` `[queries][dim]`, unit
 * vectors in little-endian float32, and `exact.u32` `[queries][10]`, the row numbers of the exact answers, best first.
 */
export interface Dataset {
  readonly name: DatasetName;
  readonly folder: string;
  readonly rows: number;
  readonly dim: number;
  readonly queries: number;
  /** Of the documents; what was built from others is no longer good. */
  readonly digest: string;
}

/** Where preparing stands: `done` of `total` documents written or searched. */
export type OnProgress = (step: string, done: number, total: number) => void;

/**
 * Writes a data set's files under `cache`, once; undefined where its sources are not in `sources`. A folder that is there
 * is complete: it gets its name when everything is in it.
 */
export async function prepareDataset(
  kernel: Kernel,
  name: DatasetName,
  { cache, sources }: { readonly cache: string; readonly sources: string },
  onProgress: OnProgress,
): Promise<Dataset | undefined> {
  const folder = path.join(cache, "datasets", name);
  const about = path.join(folder, "about.json");
  if (existsSync(about)) {
    const { edition, ...known } = JSON.parse(await readFile(about, "utf8"));
    if (edition === EDITION) return { ...known, folder };
    await rm(folder, { recursive: true });
  }
  const size = SYNTHETIC[name];
  const collection = size ? await synthetic(kernel, size) : await real(kernel, name, sources);
  if (!collection) return undefined;
  const { dim, chunks, total, queries } = collection;

  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  const documents = await open(path.join(part, "documents.f32"), "w");
  const hash = createHash("sha256");
  const exact = new ExactAnswers(kernel, split(queries, dim));
  let rows = 0;
  try {
    for await (const chunk of chunks) {
      hash.update(chunk);
      await documents.writeFile(asBytes(chunk));
      exact.add(chunk, rows);
      rows += chunk.length / dim;
      onProgress(`writing ${name}`, rows, total);
    }
  } finally {
    await documents.close();
  }
  await writeFile(path.join(part, "queries.f32"), asBytes(queries));
  await writeFile(path.join(part, "exact.u32"), asBytes(Uint32Array.from(exact.best().flat())));
  const dataset = { name, rows, dim, queries: queries.length / dim, digest: hash.digest("hex") };
  await writeFile(path.join(part, "about.json"), JSON.stringify({ ...dataset, edition: EDITION }));
  await rename(part, folder);
  return { ...dataset, folder };
}

/** All documents, `[rows][dim]`. */
export async function readDocuments({ folder, rows, dim }: Dataset): Promise<Float32Array> {
  const values = new Float32Array(rows * dim);
  const bytes = asBytes(values);
  const file = await open(path.join(folder, "documents.f32"));
  try {
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(READ_BYTES, bytes.length - at), at);
      if (bytesRead === 0) throw new Error(`${folder} is damaged: delete it, and it is made anew.`);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
  return values;
}

/** The queries, and of each the exact answers. */
export async function readQueries({
  folder,
  dim,
}: Dataset): Promise<{ queries: Float32Array[]; exact: ReadonlySet<number>[] }> {
  const [values, answers] = await Promise.all([
    readFile(path.join(folder, "queries.f32")),
    readFile(path.join(folder, "exact.u32")),
  ]);
  const floats = new Float32Array(new Uint8Array(values).buffer);
  const numbers = new Uint32Array(new Uint8Array(answers).buffer);
  const queries = split(floats, dim);
  return {
    queries,
    exact: Array.from(queries, (_, q) => new Set(numbers.subarray(q * TOP, (q + 1) * TOP))),
  };
}

/** The exact answers to queries among some rows only, which ascend. */
export async function exactAmong(
  kernel: Kernel,
  { folder, dim }: Dataset,
  queries: readonly Float32Array[],
  rows: Uint32Array,
): Promise<ReadonlySet<number>[]> {
  const chosen = new Float32Array(rows.length * dim);
  const file = await open(path.join(folder, "documents.f32"));
  try {
    for (const [i, row] of rows.entries()) {
      const bytes = asBytes(chosen.subarray(i * dim, (i + 1) * dim));
      await file.read(bytes, 0, bytes.length, row * bytes.length);
    }
  } finally {
    await file.close();
  }
  const exact = new ExactAnswers(kernel, queries);
  exact.add(chosen, 0);
  return exact.best().map((best) => new Set(best.map((place) => rows[place] ?? Number.NaN)));
}

/** Unit vectors and how many there will be. */
interface Collection {
  readonly dim: number;
  readonly total: number;
  readonly chunks: AsyncIterable<Float32Array> | Iterable<Float32Array>;
  readonly queries: Float32Array;
}

/** Rows and queries of the generator, both turned by one random rotation. */
async function synthetic(
  kernel: Kernel,
  { rows, dim }: { readonly rows: number; readonly dim: number },
): Promise<Collection> {
  const rotation = randomRotation(dim, ROTATION_SEED);
  const turned = async (values: Float32Array) => kernel.toUnit(await kernel.rotate(values, dim, rotation, false), dim);
  async function* chunks() {
    for (const chunk of syntheticChunks(rows, dim, DOCUMENTS_SEED, CHUNK)) yield await turned(chunk);
  }
  return { dim, total: rows, chunks: chunks(), queries: await turned(syntheticRows(QUERIES, dim, QUERIES_SEED)) };
}

async function real(kernel: Kernel, name: DatasetName, sources: string): Promise<Collection | undefined> {
  if (name !== "scifact" && name !== "wordnet") throw new Error(`${name} has no generator`);
  const collection = await loadCollection(kernel, name, sources);
  if (!collection) return undefined;
  const { dim, documents, queries } = collection;
  const chunks = Array.from({ length: Math.ceil(documents.length / (CHUNK * dim)) }, (_, i) =>
    documents.subarray(i * CHUNK * dim, (i + 1) * CHUNK * dim),
  );
  return { dim, chunks, total: documents.length / dim, queries };
}

/** The best rows of each query by exact scores, found chunk after chunk; of equal scores the lower row is first. */
class ExactAnswers {
  readonly #kernel: Kernel;
  readonly #queries: readonly Float32Array[];
  readonly #best: { row: number; score: number }[][];

  constructor(kernel: Kernel, queries: readonly Float32Array[]) {
    this.#kernel = kernel;
    this.#queries = queries;
    this.#best = this.#queries.map(() => []);
  }

  /** Takes rows from number `first` on, in ascending order, so that of equal scores the lower row stays first. */
  add(chunk: Float32Array, first: number): void {
    for (const [q, query] of this.#queries.entries()) {
      const scores = this.#kernel.similarities("cosine", query, chunk);
      const best = this.#best[q] as { row: number; score: number }[];
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i] as number;
        if (best.length === TOP && score <= (best.at(-1)?.score ?? 0)) continue;
        const place = best.findIndex((other) => other.score < score);
        best.splice(place < 0 ? best.length : place, 0, { row: first + i, score });
        if (best.length > TOP) best.pop();
      }
    }
  }

  /** The rows of each query, best first. */
  best(): number[][] {
    return this.#best.map((best) => best.map(({ row }) => row));
  }
}

function split(values: Float32Array, dim: number): Float32Array[] {
  return Array.from({ length: values.length / dim }, (_, i) => values.slice(i * dim, (i + 1) * dim));
}

function asBytes(values: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
