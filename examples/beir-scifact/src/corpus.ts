import { Document } from "@langchain/core/documents";
import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { BruteForceStore } from "./contenders/brute-force.js";
import type { Abstract, Claim, Dataset } from "./dataset.js";
import { rowOf } from "./npy.js";

/** How deep the metrics look, and so how many hits each query asks for. */
export const TOP = 10;

/** A claim as the job asks it. */
export interface Question extends Claim {
  readonly vector: number[];
  /** The ids of its exact top ten, best first. */
  readonly exact: readonly string[];
}

/** The data set in the shapes that LangChain's calls take, made once and given to every contender. */
export interface Corpus {
  readonly dim: number;
  readonly ids: readonly string[];
  readonly vectors: readonly number[][];
  readonly documents: readonly Document[];
  readonly questions: readonly Question[];
}

/** Prepares the corpus, and the exact answers by brute force. */
export function prepareCorpus(dataset: Dataset): Corpus {
  const { abstracts, abstractVectors, claims, claimVectors } = dataset;
  const ids = abstracts.map(({ id }) => id);
  const vectors = abstracts.map((_, row) => rowOf(abstractVectors, row));
  const documents = abstracts.map(toDocument);
  const exact = new BruteForceStore(abstractVectors.dim, abstracts.length);
  exact.add(vectors, documents);
  return {
    dim: abstractVectors.dim,
    ids,
    vectors,
    documents,
    questions: claims.map((claim, row) => {
      const vector = rowOf(claimVectors, row);
      return { ...claim, vector, exact: exact.top(vector, TOP).map(([found]) => ids[found] as string) };
    }),
  };
}

/** LangChain embeddings that know the claims of a corpus and refuse every other text: no model is run here. */
export function precomputedEmbeddings({ questions }: Pick<Corpus, "questions">): EmbeddingsInterface {
  const known = new Map(questions.map(({ text, vector }) => [text, vector]));
  const embed = async (text: string): Promise<number[]> => {
    const vector = known.get(text);
    if (!vector) throw new Error(`no vector is shipped for "${text}": this example embeds nothing, it reads vectors`);
    return vector;
  };
  return { embedQuery: embed, embedDocuments: (texts) => Promise.all(texts.map(embed)) };
}

function toDocument({ id, title, text }: Abstract): Document {
  return new Document({ id, pageContent: `${title}\n${text}`, metadata: { title } });
}
