import type { Document, DocumentInterface } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { maximalMarginalRelevance } from "@langchain/core/utils/math";
import type { MaxMarginalRelevanceSearchOptions } from "@langchain/core/vectorstores";
import { type AddOptions, type ThermoclineConfig, ThermoclineVectorStore } from "@thermocline/langchain";

type Similarity = (query: number[], vector: number[]) => number;

interface MemoryVector {
  readonly content: string;
  readonly embedding: number[];
  readonly metadata: Record<string, unknown>;
  readonly id: string;
}

/**
 * Our store under the name of LangChain's own, in memory, with generated ids hidden as that one has none. A custom
 * `similarity`, which ours does not take, is applied to the vectors of what ours finds.
 */
export class MemoryVectorStore extends ThermoclineVectorStore {
  /** What was added, for tests that look inside. */
  readonly memoryVectors: MemoryVector[] = [];
  readonly #similarity: Similarity | undefined;

  constructor(embeddings: EmbeddingsInterface, config: ThermoclineConfig & { similarity?: Similarity } = {}) {
    const { similarity, ...rest } = config;
    // Vectors for a similarity of one's own may well be zero, and those are found by their ids.
    const forSimilarity = similarity && { metric: "dot" as const, exposeIds: true };
    super(embeddings, { exposeIds: false, ...forSimilarity, ...rest });
    this.#similarity = similarity;
  }

  override async addVectors(vectors: number[][], documents: DocumentInterface[], options?: AddOptions) {
    const ids = await super.addVectors(vectors, documents, options);
    for (const [i, { pageContent: content, metadata }] of documents.entries()) {
      this.memoryVectors.push({ content, embedding: vectors[i] ?? [], metadata, id: ids[i] ?? "" });
    }
    return ids;
  }

  override async similaritySearchVectorWithScore(query: number[], k: number, filter?: this["FilterType"]) {
    const similarity = this.#similarity;
    if (!similarity || this.memoryVectors.length === 0) return super.similaritySearchVectorWithScore(query, k, filter);
    const hits = await super.similaritySearchVectorWithScore(query, this.memoryVectors.length, filter);
    return hits
      .map(([document]): [Document, number] => [document, similarity(query, this.#vectorOf(document))])
      .sort(([, a], [, b]) => b - a)
      .slice(0, k);
  }

  override async maxMarginalRelevanceSearch(
    query: string,
    options: MaxMarginalRelevanceSearchOptions<this["FilterType"]>,
  ) {
    if (!this.#similarity) return super.maxMarginalRelevanceSearch(query, options);
    const vector = await this.embeddings.embedQuery(query);
    const hits = await this.similaritySearchVectorWithScore(vector, options.fetchK ?? 20, options.filter);
    const vectors = hits.map(([document]) => this.#vectorOf(document));
    const chosen = maximalMarginalRelevance(vector, vectors, options.lambda, options.k);
    return chosen.flatMap((i) => hits[i]?.[0] ?? []);
  }

  #vectorOf(document: Document): number[] {
    return this.memoryVectors.find(({ id }) => id === document.id)?.embedding ?? [];
  }
}
