import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";

const DIM = 32;

/** Rows of every file that `cliFiles` makes. */
export const ROWS = 1200;

/** A `.npy` file of float32 vectors. */
export function npyOf(vectors: readonly Float32Array[]): Uint8Array {
  const shape = `(${vectors.length}, ${vectors[0]?.length ?? 0})`;
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117);
  const start = Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1");
  const rows = vectors.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  return Buffer.concat([start, Buffer.from(`${header}\n`), ...rows]);
}

/** Vectors that share a few directions, as embeddings do. */
export const VECTORS: readonly Float32Array[] = Array.from({ length: ROWS }, (_, i) =>
  Float32Array.from(
    { length: DIM },
    (_, j) => (Math.sin(i * 1.3 + j * (1 + (i % 7))) + Math.sin(i * (j + 1) * 0.7)) / (1 + j / 4),
  ),
);

/** Makes files of the names that examples of the command line use: a store, texts, vectors, queries and notes. */
export async function cliFiles(folder: string): Promise<void> {
  mkdirSync(join(folder, "notes"), { recursive: true });
  const texts = VECTORS.map((_, i) => `ocean currents ${i}`);
  const year = (i: number) => 2000 + (i % 20);
  const lines = texts.map((text, i) => JSON.stringify({ id: `row-${i}`, text, year: year(i) }));
  writeFileSync(join(folder, "corpus.jsonl"), `${lines.join("\n")}\n`);
  writeFileSync(join(folder, "documents.npy"), npyOf(VECTORS));
  const queries = VECTORS.slice(0, 60).map((row) => row.map((value, i) => value + Math.sin(i) / 20));
  writeFileSync(join(folder, "queries.npy"), npyOf(queries));
  writeFileSync(join(folder, "notes", "sea.md"), "# The sea\n\nOcean currents carry heat.\n");
  const store = await Thermocline.open({ path: join(folder, "memory.db"), cold: { bytes: 8 } });
  const records = VECTORS.map((vector, i) => ({ id: `row-${i}`, vector, text: texts[i], metadata: { year: year(i) } }));
  await store.upsert(records);
  await store.demote({ filter: { year: { $lt: 2010 } } });
  await store.close();
}
