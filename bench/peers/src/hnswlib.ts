import path from "node:path";
import type { Contender } from "../../src/speed/contender.js";
import { load } from "./load.js";

/** What we call of hnswlib-node. */
interface Hnswlib {
  readonly default: {
    readonly HierarchicalNSW: new (space: "ip", dim: number) => Graph;
  };
}

interface Graph {
  initIndex(options: { maxElements: number; m: number; efConstruction: number; randomSeed: number }): void;
  addPoint(point: number[], label: number): void;
  writeIndexSync(file: string): void;
  readIndexSync(file: string): void;
  setEf(ef: number): void;
  searchKnn(query: number[], k: number): { neighbors: number[] };
}

const file = (folder: string) => path.join(folder, "graph.hnsw");

/** HNSW with the library's default m = 16 and efConstruction = 200. Vectors are of length 1, so the inner product will do. */
export const contender: Contender = {
  async build({ documents, dim, rows, folder }) {
    const { HierarchicalNSW } = (await load<Hnswlib>("hnswlib-node")).default;
    const values = await documents();
    const graph = new HierarchicalNSW("ip", dim);
    graph.initIndex({ maxElements: rows, m: 16, efConstruction: 200, randomSeed: 100 });
    for (let row = 0; row < rows; row++) {
      graph.addPoint(Array.from(values.subarray(row * dim, (row + 1) * dim)), row);
    }
    graph.writeIndexSync(file(folder));
  },

  async open({ dim, folder, query }) {
    const { HierarchicalNSW } = (await load<Hnswlib>("hnswlib-node")).default;
    const graph = new HierarchicalNSW("ip", dim);
    graph.readIndexSync(file(folder));
    graph.setEf(Number(query.ef));
    return { search: (vector, k) => graph.searchKnn(Array.from(vector), k).neighbors };
  },
};
