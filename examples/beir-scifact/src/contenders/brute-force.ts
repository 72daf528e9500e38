import type { Document } from "@langchain/core/documents";
import type { Contender, SearchableStore } from "./contender.js";

/** Exact cosine over one plain Float32Array, with LangChain's call: the reference that the other rows are held to. */
export class BruteForceStore implements SearchableStore {
  readonly #dim: number;
  readonly #values: Float32Array;
  readonly #documents: Document[] = [];

  constructor(dim: number, capacity: number) {
    this.#dim = dim;
    this.#values = new Float32Array(dim * capacity);
  }

  get ramBytes(): number {
    return this.#values.byteLength;
  }

  /** Appends one row for each vector. */
  add(vectors: readonly number[][], documents: readonly Document[]): void {
    vectors.forEach((vector, index) => {
      const document = documents[index];
      if (!document) throw new Error(`vector ${index} has no document`);
      this.#values.set(unit(vector), this.#documents.length * this.#dim);
      this.#documents.push(document);
    });
  }

  async addVectors(vectors: number[][], documents: Document[]): Promise<void> {
    this.add(vectors, documents);
  }

  async similaritySearchVectorWithScore(query: number[], k: number): Promise<[Document, number][]> {
    return this.top(query, k).map(([row, score]) => [this.#documents[row] as Document, score]);
  }

  /** The k rows of highest cosine with their scores; of equal scores the lower row is first. */
  top(query: readonly number[], k: number): [row: number, score: number][] {
    const values = this.#values;
    const target = Float32Array.from(unit(query));
    const best: [number, number][] = [];
    let worst = Number.NEGATIVE_INFINITY;
    for (let row = 0, start = 0; row < this.#documents.length; row++, start += this.#dim) {
      const score = dot(values, start, target);
      if (best.length === k && score <= worst) continue;
      const place = best.findIndex(([, other]) => other < score);
      best.splice(place < 0 ? best.length : place, 0, [row, score]);
      if (best.length > k) best.pop();
      worst = best.at(-1)?.[1] ?? worst;
    }
    return best;
  }
}

/** The table's first row. */
export function bruteForce(dim: number): Contender {
  return {
    setting: { name: "brute force float32", codec: null, scoring: null, bytes: 4 * dim, originals: null },
    open({ rows }) {
      const store = new BruteForceStore(dim, rows);
      return {
        store,
        settle: async () => {},
        footprint: async () => ({ ramBytes: store.ramBytes, codebookBytes: null, coldRows: null, kernel: null }),
        close: async () => {},
      };
    },
  };
}

/** The inner product of `target` with as many of `values` from `start` on. Apart, so that V8 compiles it alone. */
function dot(values: Float32Array, start: number, target: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < target.length; i++) sum += (values[start + i] as number) * (target[i] as number);
  return sum;
}

function unit(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
