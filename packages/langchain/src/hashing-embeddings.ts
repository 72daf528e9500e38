import { Embeddings } from "@langchain/core/embeddings";
import { hashingVector } from "@thermocline/core";

/**
 * Embeddings without a model, offline: vectors of 512 components by the words and letters of a text, see `hashingVector`. They are those of a
 * file that `thermocline import --embed hashing` has filled; by themselves they find what shares words or stems, and no synonyms.
 *
 * @example
 * const store = new ThermoclineVectorStore(new HashingEmbeddings(), { path: "notes.db" });
 * const documents = await store.similaritySearch("ocean currents", 4);
 */
export class HashingEmbeddings extends Embeddings<number[]> {
  constructor() {
    super({});
  }

  async embedDocuments(texts: string[]): Promise<number[][]> {
    return texts.map((text) => Array.from(hashingVector(text)));
  }

  async embedQuery(text: string): Promise<number[]> {
    return Array.from(hashingVector(text));
  }
}
