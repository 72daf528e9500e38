import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { ThermoclineError } from "@thermocline/core";
import { sameNumber } from "./lists.js";
import type { AddOptions } from "./options.js";
import { throwIfAborted } from "./pace.js";

/** As many texts as providers take in one request, so that the class's own requests in parallel stay what they are. */
const BATCH = 512;

/**
 * The vectors of texts, asked for in batches, one after the other. Retries are the embeddings' own affair: what a batch
 * rejects with is passed on.
 */
export async function embedInBatches(
  embeddings: EmbeddingsInterface,
  texts: readonly string[],
  { batchSize = BATCH, signal, onProgress }: AddOptions,
): Promise<number[][]> {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new ThermoclineError("ARGUMENT", `batchSize is ${batchSize}; give a whole number from 1.`);
  }
  const vectors: number[][] = [];
  while (vectors.length < texts.length) {
    throwIfAborted(signal);
    const batch = texts.slice(vectors.length, vectors.length + batchSize);
    const embedded = await embeddings.embedDocuments(batch);
    sameNumber("vectors", embedded, batch);
    for (const vector of embedded) vectors.push(vector);
    onProgress?.({ phase: "embed", done: vectors.length, total: texts.length });
  }
  throwIfAborted(signal);
  return vectors;
}
