import { Document } from "@langchain/core/documents";
import type { ThermoclineVectorStore } from "@thermocline/langchain";
import { changesSince } from "../../passages/src/changes.js";
import type { Passage } from "../../passages/src/markdown.js";

/** Makes the store hold these passages and no others. Adding one whose id is there replaces it. */
export async function updateIndex(
  store: ThermoclineVectorStore,
  passages: readonly Passage[],
): Promise<{ embedded: number; deleted: number }> {
  const { changed, gone } = await changesSince((await store.thermocline()).list(), passages);
  await store.addDocuments(changed.map(documentOf));
  await store.delete({ ids: gone });
  return { embedded: changed.length, deleted: gone.length };
}

function documentOf({ id, text, file, heading }: Passage): Document {
  return new Document({ id, pageContent: text, metadata: { file, heading } });
}
