import { Embeddings } from "@langchain/core/embeddings";

const DIM = 96;

/** Embeds a text as the words in it, so that texts with words in common are similar, and says how often it was asked. */
export class WordEmbeddings extends Embeddings {
  embeddedDocuments = 0;

  constructor() {
    super({});
  }

  override async embedDocuments(texts: string[]): Promise<number[][]> {
    this.embeddedDocuments += texts.length;
    return texts.map(vectorOf);
  }

  override async embedQuery(text: string): Promise<number[]> {
    return vectorOf(text);
  }
}

function vectorOf(text: string): number[] {
  // A small constant part keeps texts without words from having no direction.
  const vector = new Array<number>(DIM).fill(0.01);
  for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
    let hash = 7;
    for (const letter of word) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003;
    vector[hash % DIM] = (vector[hash % DIM] ?? 0) + 1;
  }
  return vector;
}
