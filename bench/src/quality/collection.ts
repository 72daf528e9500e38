import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { loadDataset } from "../../../examples/beir-scifact/src/dataset.js";
import { type Matrix, parseNpy } from "../../../examples/beir-scifact/src/npy.js";
import type { Kernel } from "../../../packages/core/src/kernel/kernel.js";
import { syntheticRows } from "../synthetic.js";
import type { DatasetName } from "./cases.js";

/** Where data sets that are too large for the repository are looked for: beside the checkout. */
export const DATASETS_FOLDER = fileURLToPath(new URL("../../../../shared/datasets", import.meta.url));

const SYNTHETIC_ROWS = 20_000;
const QUERIES = 500;

/** Documents and queries as unit vectors, `[n][dim]`. */
export interface Collection {
  readonly dim: number;
  readonly documents: Float32Array;
  readonly queries: Float32Array;
  /** For each query the judged grades by document row, in decimal; null where nobody judged. */
  readonly relevance: readonly ReadonlyMap<string, number>[] | null;
}

/** Reads or makes a collection; undefined where its files are not in `folder`. Throws when they are not as promised. */
export async function loadCollection(
  kernel: Kernel,
  name: DatasetName,
  folder: string,
): Promise<Collection | undefined> {
  const raw = name === "scifact" ? await scifact() : name === "wordnet" ? await wordnet(folder) : synthetic(name);
  if (!raw) return undefined;
  const { documents, queries, relevance } = raw;
  const { dim } = documents;
  if (queries.dim !== dim) throw new Error(`${name}: documents have ${dim} dimensions, queries ${queries.dim}`);
  return {
    dim,
    documents: kernel.toUnit(documents.values, dim),
    queries: kernel.toUnit(queries.values, dim),
    relevance,
  };
}

/** `count` rows spread evenly over a matrix, the first among them; all where it has no more. */
export function evenly(values: Float32Array, dim: number, count: number): Float32Array {
  const rows = values.length / dim;
  if (count >= rows) return values;
  const taken = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * rows) / count);
    taken.set(values.subarray(row * dim, (row + 1) * dim), i * dim);
  }
  return taken;
}

interface Raw extends Pick<Collection, "relevance"> {
  readonly documents: Matrix;
  readonly queries: Matrix;
}

async function scifact(): Promise<Raw> {
  const { abstracts, abstractVectors, claims, claimVectors } = await loadDataset();
  const rowOf = new Map(abstracts.map(({ id }, row) => [id, String(row)]));
  const relevance = claims.map((claim) => {
    const judged = [...claim.relevance].map(([id, grade]): [string, number] => [
      rowOf.get(id) ?? `absent ${id}`,
      grade,
    ]);
    return new Map(judged);
  });
  return { documents: abstractVectors, queries: claimVectors, relevance };
}

async function wordnet(folder: string): Promise<Raw | undefined> {
  const file = (name: string) => path.join(folder, "wordnet", name);
  const names = ["documents.f16.npy", "queries.f16.npy"] as const;
  if (!names.every((name) => existsSync(file(name)))) return undefined;
  const [documents, queries] = [parseNpy(await readFile(file(names[0]))), parseNpy(await readFile(file(names[1])))];
  const values = evenly(queries.values, queries.dim, QUERIES);
  return { documents, queries: { ...queries, rows: values.length / queries.dim, values }, relevance: null };
}

function synthetic(name: "synthetic-768" | "synthetic-1536"): Raw {
  const dim = name === "synthetic-768" ? 768 : 1536;
  const matrix = (rows: number, seed: number): Matrix => ({ rows, dim, values: syntheticRows(rows, dim, seed) });
  return { documents: matrix(SYNTHETIC_ROWS, 1), queries: matrix(QUERIES, 2), relevance: null };
}
