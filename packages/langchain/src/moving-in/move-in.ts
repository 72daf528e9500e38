import type { MoveConfig, ThermoclineConfig } from "../options.js";
import type { ThermoclineVectorStore } from "../vector-store.js";
import type { Moved } from "./moved.js";
import type { Moving } from "./source.js";

/**
 * A store with everything that was read from another library's. All is read before the store is opened, so what cannot be
 * read makes none; adding is all or nothing.
 */
export async function moveIn(
  read: (moving: Moving) => Promise<Moved>,
  { signal, onProgress, ...config }: MoveConfig,
  make: (config: ThermoclineConfig) => ThermoclineVectorStore,
): Promise<ThermoclineVectorStore> {
  const { documents, vectors, ids, metric } = await read({ signal, onProgress });
  const store = make(metric === undefined ? config : { metric, ...config });
  try {
    await store.addVectors(vectors, documents, { ids, signal, onProgress });
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
