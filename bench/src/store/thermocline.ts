import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Thermocline } from "../../../packages/core/src/index.js";
import type { OpenStore, StoreContender } from "./contender.js";
import { type BenchMetadata, DIM } from "./records.js";

const FILE = "store.db";

async function open(folder: string, effort: "fast" | undefined): Promise<OpenStore> {
  const store = await Thermocline.open<BenchMetadata>({
    path: path.join(folder, FILE),
    dim: DIM,
    cold: { bytes: 48, effort },
  });
  return {
    add: (records) => store.upsert(records),
    finish: () => store.settled(),
    async index() {
      // Two filters on a field have an index made of it.
      const vector = new Float32Array(DIM).fill(1);
      for (const group of [0, 1]) await store.query({ vector, filter: { group } });
      const { records, indexes } = store.stats();
      let index = indexes[0];
      while (records > 5_000 && (index?.rows ?? 0) < records - 512) {
        await sleep(20);
        index = store.stats().indexes[0];
      }
    },
    async search(vector, k, group) {
      const hits = await store.query({ vector, k, ...(group !== undefined && { filter: { group } }) });
      return hits.map(({ id }) => id);
    },
    replace: (record) => store.upsert([record]),
    close: () => store.close(),
  };
}

function contender(effort: "fast" | undefined): StoreContender {
  return { create: (folder) => open(folder, effort), open: (folder) => open(folder, effort) };
}

/** 48 bytes a row, float16 originals, the default capacity of the hot tier. */
export const thermocline = contender(undefined);

/** With codebooks that are faster to fit and to code with, and find a little less. */
export const thermoclineFast = contender("fast");
