import { ThermoclineError } from "@thermocline/core";
import type { Checked } from "./operations.js";
import type { Index } from "./options.js";

/**
 * The vectors that a batch of operations needs: of texts to be stored, and of queries. Undefined where one is all zeros: a cosine
 * needs a direction, so nothing is similar to it.
 */
export interface Vectors {
  readonly ofText: (text: string) => readonly number[] | undefined;
  readonly ofQuery: (query: string) => readonly number[] | undefined;
}

/** Embeds what a batch needs, each text once, all texts in one call. */
export async function embedded(operations: readonly Checked[], index: Index | undefined): Promise<Vectors> {
  const texts = new Set(operations.flatMap((one) => (one.kind === "put" ? (one.content?.texts ?? []) : [])));
  const queries = new Set(operations.flatMap((one) => (one.kind === "search" ? (one.query ?? []) : [])));
  const [ofTexts, ofQueries] = await Promise.all([
    texts.size > 0 && index ? index.embeddings.embedDocuments([...texts]) : [],
    Promise.all([...queries].map((query) => index?.embeddings.embedQuery(query) ?? [])),
  ]);
  if (!Array.isArray(ofTexts) || ofTexts.length !== texts.size) {
    const given = Array.isArray(ofTexts) ? `${ofTexts.length} vectors` : String(ofTexts);
    throw new ThermoclineError(
      "ARGUMENT",
      `The embeddings gave ${given} for ${texts.size} texts; they must give one each.`,
    );
  }
  const textVectors = new Map([...texts].map((text, i) => [text, checked(ofTexts[i], index)]));
  const queryVectors = new Map([...queries].map((query, i) => [query, checked(ofQueries[i], index)]));
  return { ofText: (text) => directed(textVectors.get(text)), ofQuery: (query) => directed(queryVectors.get(query)) };
}

function directed(vector: readonly number[] | undefined): readonly number[] | undefined {
  return vector?.some((component) => component !== 0) ? vector : undefined;
}

function checked(vector: readonly number[] | undefined, index: Index | undefined): readonly number[] {
  if (Array.isArray(vector) && vector.length === index?.dims) return vector;
  const given = Array.isArray(vector) ? `a vector of ${vector.length} components` : String(vector);
  throw new ThermoclineError(
    "DIMENSION",
    `The embeddings gave ${given}, but index.dims is ${index?.dims}; make them agree.`,
  );
}
