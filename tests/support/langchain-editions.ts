import { Document } from "@langchain/core/documents";
import { index } from "@langchain/core/indexing";
import { HashingEmbeddings, ThermoclineRecordManager, ThermoclineVectorStore } from "@thermocline/langchain";

const PASSAGES = 30;

/** The texts of an edition of a book: a third of them differ from those of the one before. */
export function textsOf(edition: number): string[] {
  return Array.from({ length: PASSAGES }, (_, i) => `passage ${i}, changed ${Math.floor((edition + i) / 3)} times`);
}

/** A book in a file, which is brought up to date in small steps. */
export function book(path: string) {
  const vectorStore = new ThermoclineVectorStore(new HashingEmbeddings(), { path });
  const recordManager = new ThermoclineRecordManager(vectorStore);
  const bringTo = (edition: number) => {
    const docsSource = textsOf(edition).map(
      (pageContent) => new Document({ pageContent, metadata: { source: "book" } }),
    );
    return index({ docsSource, recordManager, vectorStore, options: { cleanup: "full", batchSize: 5 } });
  };
  return { vectorStore, recordManager, bringTo };
}
