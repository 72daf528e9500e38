import path from "node:path";
import type { Contender, Task } from "../../src/speed/contender.js";
import { load } from "./load.js";

/** What we call of usearch. */
interface Usearch {
  readonly Index: new (config: {
    dimensions: number;
    metric: "cos";
    quantization: string;
    connectivity: number;
    expansion_add: number;
    expansion_search: number;
    multi: boolean;
  }) => Index;
}

interface Index {
  add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
  save(file: string): void;
  load(file: string): void;
  search(query: Float32Array, k: number, threads: number): { keys: BigUint64Array };
}

const BATCH = 10_000;
const ALL_CORES = 0;
const file = (folder: string) => path.join(folder, "graph.usearch");

async function make({ dim, build, query }: Task): Promise<Index> {
  const { Index } = await load<Usearch>("usearch");
  // The library's defaults, but for the breadth of a search.
  return new Index({
    dimensions: dim,
    metric: "cos",
    quantization: String(build.scalar),
    connectivity: 16,
    expansion_add: 128,
    expansion_search: Number(query.ef ?? 64),
    multi: false,
  });
}

/** HNSW of float32 or int8 vectors, read into memory as a whole. */
export const contender: Contender = {
  async build(task) {
    const { documents, dim, rows, folder } = task;
    const values = await documents();
    const index = await make(task);
    for (let start = 0; start < rows; start += BATCH) {
      const count = Math.min(BATCH, rows - start);
      const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(start + i));
      index.add(keys, values.subarray(start * dim, (start + count) * dim), ALL_CORES);
    }
    index.save(file(folder));
  },

  async open(task) {
    const index = await make(task);
    index.load(file(task.folder));
    return { search: (vector, k) => Array.from(index.search(vector, k, 1).keys, Number) };
  },
};
