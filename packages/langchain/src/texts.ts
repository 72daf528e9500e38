import { Document } from "@langchain/core/documents";
import { sameNumber } from "./lists.js";
import type { ThermoclineConfig } from "./options.js";

/** SemanticSimilarityExampleSelector.fromExamples hands these of its own options on to `fromTexts`. */
const SELECTOR_KEYS = ["k", "inputKeys", "exampleKeys"];

/** Documents of texts. Metadata are one object for each text, fewer, or one for all. */
export function documentsOf(texts: readonly string[], metadatas: object[] | object): Document[] {
  const list: object[] = Array.isArray(metadatas) ? metadatas : texts.map(() => metadatas);
  if (list.length > texts.length) sameNumber("metadatas", list, texts);
  return texts.map((pageContent, i) => new Document({ pageContent, metadata: { ...list[i] } }));
}

/** What of a configuration is about the store. */
export function ownConfig(config: ThermoclineConfig): ThermoclineConfig {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !SELECTOR_KEYS.includes(key)));
}
