import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import { ThermoclineError } from "@thermocline/core";
import { Pace } from "../pace.js";
import { documentFrom, isObject, type Moved } from "./moved.js";
import type { Moving } from "./source.js";

/** What is read of LangChain's `MemoryVectorStore`. */
export interface MemoryVectors {
  readonly embeddings: EmbeddingsInterface;
  readonly memoryVectors: readonly {
    readonly content: string;
    readonly embedding: readonly number[];
    readonly metadata: Readonly<Record<string, unknown>>;
    readonly id?: string | undefined;
  }[];
}

/** What a `MemoryVectorStore` holds, in its order. */
export async function readMemoryVectorStore(store: MemoryVectors, { signal, onProgress }: Moving): Promise<Moved> {
  const rows: unknown = store?.memoryVectors;
  if (!Array.isArray(rows)) {
    throw new ThermoclineError("ARGUMENT", "That is no MemoryVectorStore: it has no list memoryVectors.");
  }
  const pace = new Pace(signal);
  const moved: Moved = { documents: [], vectors: [], ids: [], metric: undefined };
  for (const [i, row] of rows.entries()) {
    const { content: pageContent, embedding, metadata, id } = isObject(row) ? row : {};
    if (!Array.isArray(embedding)) {
      throw new ThermoclineError(
        "ARGUMENT",
        `Document ${i} of the MemoryVectorStore has no list of numbers as embedding.`,
      );
    }
    moved.documents.push(documentFrom({ pageContent, metadata, id }, `Document ${i} of the MemoryVectorStore`));
    moved.vectors.push(Float32Array.from(embedding));
    moved.ids.push(undefined);
    if (pace.due) await pace.pause();
  }
  onProgress?.({ phase: "read", done: rows.length, total: rows.length });
  return moved;
}
