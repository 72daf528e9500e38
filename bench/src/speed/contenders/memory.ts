import { memoryVectorStore } from "../../../../examples/beir-scifact/src/contenders/memory.js";
import { precomputedEmbeddings } from "../../../../examples/beir-scifact/src/corpus.js";
import { type Contender, textOf } from "../contender.js";

const BATCH = 4_096;

/** LangChain's MemoryVectorStore, as its documentation fills and asks it. */
export const memory: Contender = {
  async open({ documents, dim, rows }) {
    const values = await documents();
    const { store } = memoryVectorStore(precomputedEmbeddings({ questions: [] }), dim).open({ rows, file: "" });
    for (let start = 0; start < rows; start += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, rows - start) }, (_, i) => start + i);
      await store.addVectors(
        numbers.map((row) => Array.from(values.subarray(row * dim, (row + 1) * dim))),
        numbers.map((row) => ({ pageContent: textOf(row), metadata: { row } })),
        { ids: numbers.map(String) },
      );
    }
    return {
      search: async (query, k) => {
        const hits = await store.similaritySearchVectorWithScore(Array.from(query), k);
        return hits.map(([{ metadata }]) => Number(metadata.row));
      },
    };
  },
};
