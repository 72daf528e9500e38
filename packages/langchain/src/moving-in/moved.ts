import type { DocumentInterface } from "@langchain/core/documents";
import { ThermoclineError } from "@thermocline/core";

/** What another library's store held, in its order. `metric` is undefined where the store has none of its own. */
export interface Moved {
  readonly documents: DocumentInterface[];
  readonly vectors: Float32Array[];
  /** Ids that the store kept beside the documents; where it has none, a document's own id counts. */
  readonly ids: (string | undefined)[];
  readonly metric: "cosine" | "dot" | "euclidean" | undefined;
}

/** A document as LangChain.js writes it to JSON; `where` names it in errors. */
export function documentFrom(value: unknown, where: string): DocumentInterface {
  if (!isObject(value) || typeof value["pageContent"] !== "string") {
    throw new ThermoclineError("FORMAT", `${where} is no document: it has no pageContent that is a string.`);
  }
  const { pageContent, metadata = {}, id } = value;
  if (!isObject(metadata)) throw new ThermoclineError("FORMAT", `${where} has metadata that are no object.`);
  if (id !== undefined && typeof id !== "string") {
    throw new ThermoclineError("FORMAT", `${where} has an id that is no string.`);
  }
  return { pageContent, metadata, ...(id !== undefined && { id }) };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
