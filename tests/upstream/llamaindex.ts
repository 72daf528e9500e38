// @ts-expect-error: the runner's name for the framework's own package
import * as real from "LLAMAINDEX_REAL";
import type { BaseEmbedding } from "@llamaindex/core/embeddings";
import { ThermoclineVectorStore } from "@thermocline/llamaindex";

// @ts-expect-error: as above
export * from "LLAMAINDEX_REAL";

interface Init {
  readonly embedModel?: BaseEmbedding;
}

/** Our store under the name of LlamaIndex's own; `data`, its insides, are passed over. */
export class SimpleVectorStore extends ThermoclineVectorStore {
  constructor({ embedModel }: Init = {}) {
    super({ embedModel });
  }

  static async fromPersistDir(_folder?: string, embedModel?: BaseEmbedding): Promise<SimpleVectorStore> {
    return new SimpleVectorStore(embedModel ? { embedModel } : {});
  }
}

/** As LlamaIndex's, with our store where none is given. */
export function storageContextFromDefaults(options: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
  const vectorStore = options["vectorStore"] ?? new SimpleVectorStore();
  return real.storageContextFromDefaults({ ...options, ...(!options["vectorStores"] && { vectorStore }) });
}
