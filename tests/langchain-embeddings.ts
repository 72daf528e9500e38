import { Embeddings } from "@langchain/core/embeddings";
import { wordVector } from "./support/word-vector.js";

/** Embeds a text as the words in it, so that texts with words in common are similar, and says how often it was asked. */
export class WordEmbeddings extends Embeddings {
  embeddedDocuments = 0;

  constructor() {
    super({});
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    this.embeddedDocuments += texts.length;
    return texts.map(wordVector);
  }

  override async embedQuery(text: string): Promise<number[]> {
    return wordVector(text);
  }
}
