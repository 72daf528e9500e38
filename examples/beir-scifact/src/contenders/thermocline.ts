import type { EmbeddingsInterface } from "@langchain/core/embeddings";
import type { ColdOptions } from "@thermocline/core";
import { ThermoclineVectorStore } from "@thermocline/langchain";
import type { Setting } from "../row.js";
import type { Contender } from "./contender.js";

/** Thermocline behind LangChain's interface, in a file. With a codec every row is demoted to the cold tier. */
export function thermocline(setting: Setting, embeddings: EmbeddingsInterface, seed: number): Contender {
  return {
    setting,
    open({ file }) {
      const store = new ThermoclineVectorStore(embeddings, {
        path: file,
        exposeIds: true,
        hot: { capacity: Number.POSITIVE_INFINITY },
        originals: setting.originals ?? "float32",
        ...(setting.codec && { cold: coldOptions(setting, seed) }),
      });
      return {
        store,
        async settle() {
          const core = await store.thermocline();
          if (setting.codec) await core.demote({ all: true });
          await core.settled();
        },
        async footprint() {
          const { hot, cold, codebook, kernel } = (await store.thermocline()).stats();
          return {
            ramBytes: hot.ramBytes + cold.ramBytes,
            codebookBytes: codebook?.bytes ?? null,
            coldRows: cold.rows,
            kernel,
          };
        },
        close: async () => (await store.thermocline()).close(),
      };
    },
  };
}

function coldOptions({ codec, scoring, bytes }: Setting, seed: number): ColdOptions {
  return { codec: codec ?? undefined, bytes, scoring: scoring ?? undefined, seed };
}
