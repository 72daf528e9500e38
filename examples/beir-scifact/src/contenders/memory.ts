import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { Contender } from "./contender.js";

const BYTES_PER_NUMBER = 8;

/** LangChain's own in-process store: arrays of float64 scored in JavaScript. */
export function memoryVectorStore(embeddings: EmbeddingsInterface, dim: number): Contender {
  const bytes = BYTES_PER_NUMBER * dim;
  return {
    setting: { name: "MemoryVectorStore (LangChain)", codec: null, scoring: null, bytes, originals: null },
    open({ rows }) {
      const store = new MemoryVectorStore(embeddings);
      return {
        store,
        settle: async () => {},
        // The numbers alone; array headers and entry objects come on top.
        footprint: async () => ({ ramBytes: bytes * rows, codebookBytes: null, coldRows: null, kernel: null }),
        close: async () => {},
      };
    },
  };
}
