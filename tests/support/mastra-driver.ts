import { ThermoclineVector, type ThermoclineVectorFilter } from "@thermocline/mastra";
import type { Adapter, Entry, Place, StoreDriver } from "../conformance/driver.js";
import { WORD_DIM, wordVector } from "./word-vector.js";

const TEXT = "the text";

/** Mastra has no documents; callers keep the text in the metadata. */
export const mastraAdapter: Adapter<Entry> = {
  lacks: ["getByIds"],
  async open({ path, namespace = "docs" }: Place): Promise<StoreDriver<Entry>> {
    const vectors = new ThermoclineVector({ id: "conformance", path });
    await vectors.createIndex({ indexName: namespace, dimension: WORD_DIM });
    return {
      document: (entry) => entry,
      read: (entry) => entry,
      add: (documents, ids) => {
        const own = documents.map(({ id }, i) => ids?.[i] ?? id ?? crypto.randomUUID());
        return vectors.upsert({
          indexName: namespace,
          ids: own,
          vectors: documents.map(({ text }) => wordVector(text)),
          metadata: documents.map(({ text, metadata }) => ({ ...metadata, [TEXT]: text })),
        });
      },
      delete: (ids) => vectors.deleteVectors({ indexName: namespace, ids: [...ids] }),
      async search(text, k, filter) {
        const found = await vectors.query({
          indexName: namespace,
          queryVector: wordVector(text),
          topK: k,
          filter: filter as ThermoclineVectorFilter,
        });
        return found.map(({ id, score, metadata: { [TEXT]: text, ...metadata } = {} }) => ({
          id,
          score,
          text,
          metadata,
        }));
      },
      close: () => vectors.close(),
    };
  },
};
