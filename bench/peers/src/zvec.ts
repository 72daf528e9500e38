import path from "node:path";
import { type Contender, type Settings, type Task, textOf } from "../../src/speed/contender.js";
import { load } from "./load.js";

/** What we call of zvec. */
interface Zvec {
  readonly default: {
    ZVecInitialize(options: { logLevel: number; queryThreads: number }): void;
    readonly ZVecCollectionSchema: new (schema: { name: string; vectors: object; fields: object[] }) => object;
    ZVecCreateAndOpen(folder: string, schema: object): Collection;
    ZVecOpen(folder: string, options: { readOnly: boolean }): Collection;
    readonly ZVecDataType: { readonly STRING: number; readonly VECTOR_FP32: number };
    readonly ZVecIndexType: { readonly FLAT: number; readonly HNSW: number };
    readonly ZVecMetricType: { readonly IP: number };
    readonly ZVecQuantizeType: { readonly INT8: number };
    readonly ZVecLogLevel: { readonly ERROR: number };
  };
}

interface Collection {
  insertSync(documents: object[]): { ok: boolean; message: string }[];
  optimizeSync(): void;
  closeSync(): void;
  querySync(query: object): { id: string }[];
}

const BATCH = 1_000;
const database = (folder: string) => path.join(folder, "collection");

async function start({ threads }: Pick<Task, "threads">): Promise<Zvec["default"]> {
  const zvec = (await load<Zvec>("@zvec/zvec")).default;
  zvec.ZVecInitialize({ logLevel: zvec.ZVecLogLevel.ERROR, queryThreads: threads });
  return zvec;
}

function indexParams(zvec: Zvec["default"], { index, quantize }: Settings): object {
  const { ZVecIndexType, ZVecMetricType, ZVecQuantizeType } = zvec;
  return {
    indexType: index === "hnsw" ? ZVecIndexType.HNSW : ZVecIndexType.FLAT,
    metricType: ZVecMetricType.IP,
    ...(quantize === "int8" && { quantizeType: ZVecQuantizeType.INT8 }),
  };
}

/** A collection of vectors and texts with a flat index, whole or in int8, or the default HNSW graph. */
export const contender: Contender = {
  async build(task) {
    const { documents, dim, rows, folder, build } = task;
    const zvec = await start(task);
    const values = await documents();
    const schema = new zvec.ZVecCollectionSchema({
      name: "records",
      vectors: {
        name: "vector",
        dataType: zvec.ZVecDataType.VECTOR_FP32,
        dimension: dim,
        indexParams: indexParams(zvec, build),
      },
      fields: [{ name: "text", dataType: zvec.ZVecDataType.STRING }],
    });
    const collection = zvec.ZVecCreateAndOpen(database(folder), schema);
    for (let begin = 0; begin < rows; begin += BATCH) {
      const statuses = collection.insertSync(
        Array.from({ length: Math.min(BATCH, rows - begin) }, (_, i) => ({
          id: String(begin + i),
          vectors: { vector: values.subarray((begin + i) * dim, (begin + i + 1) * dim) },
          fields: { text: textOf(begin + i) },
        })),
      );
      const refused = statuses.find(({ ok }) => !ok);
      if (refused) throw new Error(refused.message);
    }
    collection.optimizeSync();
    collection.closeSync();
  },

  async open(task) {
    const zvec = await start(task);
    const collection = zvec.ZVecOpen(database(task.folder), { readOnly: true });
    return {
      search: (vector, k) =>
        collection
          .querySync({ fieldName: "vector", vector, topk: k, outputFields: ["text"] })
          .map(({ id }) => Number(id)),
      close: () => collection.closeSync(),
    };
  },
};
