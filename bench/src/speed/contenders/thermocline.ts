import path from "node:path";
import { type Hit, type OpenOptions, Thermocline } from "@thermocline/core";
import type { SearchResult } from "../../../../packages/core/src/kernel/kernel.js";
import { loadKernel } from "../../../../packages/core/src/kernel/load.js";
import { openEngine } from "../../../../packages/core/src/store/open.js";
import { type Contender, type Settings, type Task, textOf } from "../contender.js";

const BATCH = 8_192;

/**
 * What a case may set. A build without a codec keeps every row hot; the others have all of them in the cold tier. What is
 * not set is the default.
 */
interface BuildSettings extends Settings {
  readonly codec: "eigen" | "fourier" | null;
  readonly bytes: number;
  readonly originals: "none" | "float16" | "float32";
  readonly effort: "fast" | null;
}

/** A store that may have a call for many queries. */
type Batching = Thermocline & {
  queryBatch?(options: { vectors: readonly Float32Array[]; k: number }): Promise<Hit[][]>;
};

const database = (folder: string) => path.join(folder, "store.db");

async function openOptions({ build, query, threads, dim, folder }: Task): Promise<OpenOptions> {
  const { codec, bytes, originals, effort } = build as BuildSettings;
  const splits = "threads" in (await loadKernel(undefined));
  if (threads > 1 && !splits) throw new Error("a search of this kernel runs on one thread");
  const options = {
    path: database(folder),
    dim,
    originals,
    hot: { capacity: Number.POSITIVE_INFINITY },
    ...(codec && { cold: { codec, bytes, ...(effort && { effort }) } }),
    ...(splits && { threads }),
    ...query,
  };
  return options;
}

async function build(task: Task): Promise<void> {
  const { rows, dim } = task;
  const values = await task.documents();
  const store = await Thermocline.open(await openOptions(task));
  for (let start = 0; start < rows; start += BATCH) {
    await store.upsert(
      Array.from({ length: Math.min(BATCH, rows - start) }, (_, i) => ({
        id: String(start + i),
        vector: values.subarray((start + i) * dim, (start + i + 1) * dim),
        text: textOf(start + i),
      })),
    );
  }
  if (task.build.codec !== null) await store.demote({ all: true });
  await store.settled();
  await store.close();
}

/** The public class: a query returns records, so ids and texts are read from SQLite. */
export const thermocline: Contender = {
  build,
  async open(task) {
    const store: Batching = await Thermocline.open(await openOptions(task));
    const rowsOf = (hits: readonly Hit[]) => hits.map(({ id }) => Number(id));
    return {
      search: async (vector, k) => rowsOf(await store.query({ vector, k })),
      ...(store.queryBatch && {
        searchAll: async (vectors, k) => ((await store.queryBatch?.({ vectors, k })) ?? []).map(rowsOf),
      }),
      close: () => store.close(),
    };
  },
};

/** The kernel on the same file: a search returns row numbers and scores, by codes alone, as FAISS does. */
export const thermoclineKernel: Contender = {
  build,
  async open(task) {
    const engine = await openEngine(await openOptions(task));
    const partition = engine.partitions.values().next().value;
    if (!partition) throw new Error(`${database(task.folder)} has no rows`);
    const search = async (queries: readonly Float32Array[], k: number): Promise<number[][]> => {
      const flat = new Float32Array(queries.length * task.dim);
      for (const [q, query] of queries.entries()) flat.set(query, q * task.dim);
      const request = { query: flat, queries: flat, hot: k, cold: k, symmetric: false, threads: task.threads };
      const found: SearchResult | readonly SearchResult[] = await partition.search(request);
      // Row numbers in a file count from 1.
      return [found].flat().map(({ hotRows, coldRows }) => [...hotRows, ...coldRows].map((row) => row - 1));
    };
    return {
      search: async (query, k) => (await search([query], k))[0] ?? [],
      ...("threads" in engine.kernel && { searchAll: search }),
      close: () => engine.catalogue.close(),
    };
  },
};
