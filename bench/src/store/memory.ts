import { memoryVectorStore } from "../../../examples/beir-scifact/src/contenders/memory.js";
import { precomputedEmbeddings } from "../../../examples/beir-scifact/src/corpus.js";
import type { StoreContender } from "./contender.js";
import { DIM } from "./records.js";

type Document = { readonly metadata: { readonly id?: unknown; readonly group?: unknown } };

/** With the filter that it takes. */
type Search = (vector: number[], k: number, filter?: (document: Document) => boolean) => Promise<[Document, number][]>;

/** LangChain's MemoryVectorStore: an array of numbers for each row, so far fewer rows than the others are given. */
export const memory: StoreContender = {
  most: 100_000,
  open: undefined,
  async create(_, rows) {
    const { store } = memoryVectorStore(precomputedEmbeddings({ questions: [] }), DIM).open({ rows, file: "" });
    const search = store.similaritySearchVectorWithScore.bind(store) as Search;
    return {
      add: async (records) => {
        await store.addVectors(
          records.map(({ vector }) => Array.from(vector)),
          records.map(({ id, text, metadata }) => ({ pageContent: text, metadata: { ...metadata, id } })),
          { ids: records.map(({ id }) => id) },
        );
      },
      finish: async () => {},
      index: async () => {},
      async search(vector, k, group) {
        const only = group === undefined ? undefined : ({ metadata }: Document) => metadata.group === group;
        const hits = await search(Array.from(vector), k, only);
        return hits.map(([{ metadata }]) => String(metadata.id));
      },
      replace: () => Promise.reject(new Error("it cannot replace a record")),
      close: async () => {},
    };
  },
};
