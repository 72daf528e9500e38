import type { ThermoclineVectorStore } from "@thermocline/llamaindex";
import { NodeRelationship, TextNode, type VectorStoreIndex } from "llamaindex";
import { changesSince } from "../../passages/src/changes.js";
import type { Passage } from "../../passages/src/markdown.js";
import { METADATA_IN_TEXT } from "./numbered.js";

/** Makes the store hold these passages and no others. Adding one whose id is there replaces it. */
export async function updateIndex(
  index: VectorStoreIndex,
  vectorStore: ThermoclineVectorStore,
  passages: readonly Passage[],
): Promise<{ embedded: number; deleted: number }> {
  const store = await vectorStore.client();
  const { changed, gone } = await changesSince(store.list(), passages);
  await index.insertNodes(changed.map(nodeOf));
  await store.delete({ ids: gone });
  return { embedded: changed.length, deleted: gone.length };
}

/** A node whose document is its file, so that `index.deleteRefDoc(file)` deletes all of it. */
function nodeOf({ id, file, heading, text }: Passage): TextNode {
  const relationships = { [NodeRelationship.SOURCE]: { nodeId: file, metadata: {} } };
  return new TextNode({ id_: id, text, metadata: { file, heading }, relationships, ...METADATA_IN_TEXT });
}
