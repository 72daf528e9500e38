import path from "node:path";
import { type Hit, type OpenOptions, Thermocline } from "@thermocline/core";
import { openEngine } from "../../../../packages/core/src/store/open.js";
import { type Contender, type Settings, type Task, textOf } from "../contender.js";
import { allowedRows } from "../filter.js";

const BATCH = 8_192;
/** The number of the first row in a file. */
const FIRST = 1;

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

const database = (folder: string) => path.join(folder, "store.db");

function openOptions({ build, query, threads, dim, folder }: Task): OpenOptions {
  const { codec, bytes, originals, effort } = build as BuildSettings;
  const { kernel } = query as Pick<OpenOptions, "kernel">;
  return {
    path: database(folder),
    dim,
    originals,
    hot: { capacity: Number.POSITIVE_INFINITY },
    ...(codec && { cold: { codec, bytes, ...(effort && { effort }) } }),
    threads,
    kernel,
  };
}

async function build(task: Task): Promise<void> {
  const { rows, dim } = task;
  const values = await task.documents();
  const store = await Thermocline.open(openOptions(task));
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
    const store = await Thermocline.open(openOptions(task));
    const rowsOf = (hits: readonly Hit[]) => hits.map(({ id }) => Number(id));
    return {
      search: async (vector, k) => rowsOf(await store.query({ vector, k })),
      searchAll: async (vectors, k) => (await store.queryBatch({ vectors, k })).map(rowsOf),
      close: () => store.close(),
    };
  },
};

/** The kernel on the same file: a search returns row numbers and scores, by codes alone, as FAISS does. */
export const thermoclineKernel: Contender = {
  build,
  async open(task) {
    const engine = await openEngine(openOptions(task));
    const partition = engine.partitions.values().next().value;
    if (!partition) throw new Error(`${database(task.folder)} has no rows`);
    const allow = bitmapOf(task);
    const search = async (queries: readonly Float32Array[], k: number): Promise<number[][]> => {
      const flat = new Float32Array(queries.length * task.dim);
      for (const [q, query] of queries.entries()) flat.set(query, q * task.dim);
      const request = { queries: flat, hot: k, cold: k, symmetric: false, allow, threads: task.threads };
      const found = await partition.search(request);
      return found.map(({ hotRows, coldRows }) => [...hotRows, ...coldRows].map((row) => row - FIRST));
    };
    return {
      search: async (query, k) => (await search([query], k))[0] ?? [],
      searchAll: search,
      close: () => engine.catalogue.close(),
    };
  },
};

/** The filter as a search takes it, if there is one. */
function bitmapOf({ rows, query }: Task): Uint8Array | undefined {
  const allowed = allowedRows(rows, query);
  if (!allowed) return undefined;
  const bits = new Uint8Array(Math.ceil((rows + FIRST) / 8));
  for (const row of allowed) {
    const number = row + FIRST;
    bits[number >> 3] = (bits[number >> 3] ?? 0) | (1 << (number & 7));
  }
  return bits;
}
