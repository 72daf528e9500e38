import { Document } from "@langchain/core/documents";
import { ThermoclineVectorStore } from "@thermocline/langchain";
import type { Adapter, Entry, Place, StoreDriver } from "../conformance/driver.js";
import { WordEmbeddings } from "../langchain-embeddings.js";

const read = ({ id, pageContent: text, metadata }: Document): Entry => ({ id, text, metadata });

/** The LangChain adapter, to be tested by `describeVectorStore`. */
export const langchainAdapter: Adapter<Document> = {
  async open(place: Place): Promise<StoreDriver<Document>> {
    const store = new ThermoclineVectorStore(new WordEmbeddings(), place);
    return {
      document: ({ id, text, metadata }) =>
        new Document({ ...(id !== undefined && { id }), pageContent: text, metadata: { ...metadata } }),
      read,
      add: (documents, ids) => store.addDocuments([...documents], ids && { ids }),
      delete: (ids) => store.delete({ ids }),
      async search(text, k, filter) {
        const hits = await store.similaritySearchWithScore(text, k, filter);
        return hits.map(([document, score]) => ({ ...read(document), score }));
      },
      getByIds: async (ids) => (await store.getByIds(ids)).map(read),
      close: () => store.close(),
    };
  },
};
