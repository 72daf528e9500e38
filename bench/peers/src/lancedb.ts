import { type Contender, textOf } from "../../src/speed/contender.js";
import { load } from "./load.js";

/** What we call of LanceDB. */
interface LanceDb {
  connect(folder: string): Promise<Connection>;
  readonly Index: { ivfPq(options: { distanceType: "cosine" }): unknown };
}

/** What we call of Apache Arrow, in whose tables LanceDB takes vectors without boxing every number. */
interface Arrow {
  readonly Field: new (name: string, type: object, nullable: boolean) => object;
  readonly FixedSizeList: new (length: number, item: object) => object;
  readonly Float32: new () => object;
  readonly Utf8: new () => object;
  readonly Vector: new (data: object[]) => object;
  readonly Table: new (columns: Record<string, object>) => object;
  makeData(content: { type: object; length: number; data?: Float32Array; child?: object }): object;
  vectorFromArray(values: Int32Array | string[], type?: object): object;
}

interface Connection {
  createTable(name: string, rows: object): Promise<Table>;
  openTable(name: string): Promise<Table>;
}

interface Table {
  add(rows: object): Promise<unknown>;
  createIndex(column: string, options: { config: unknown }): Promise<void>;
  vectorSearch(query: Float32Array): VectorQuery;
}

interface VectorQuery {
  distanceType(type: "cosine"): VectorQuery;
  nprobes(count: number): VectorQuery;
  refineFactor(factor: number): VectorQuery;
  select(columns: string[]): VectorQuery;
  limit(k: number): VectorQuery;
  toArray(): Promise<{ row: number; text: string }[]>;
}

const TABLE = "records";
const BATCH = 20_000;

/** Rows from number `first` on, with their vectors `[n][dim]`. */
function arrowTable(arrow: Arrow, first: number, vectors: Float32Array, dim: number): object {
  const length = vectors.length / dim;
  const numbers = Int32Array.from({ length }, (_, i) => first + i);
  const float32 = new arrow.Float32();
  const vector = arrow.makeData({
    type: new arrow.FixedSizeList(dim, new arrow.Field("item", float32, true)),
    length,
    child: arrow.makeData({ type: float32, length: vectors.length, data: vectors }),
  });
  return new arrow.Table({
    row: arrow.vectorFromArray(numbers),
    text: arrow.vectorFromArray(Array.from(numbers, textOf), new arrow.Utf8()),
    vector: new arrow.Vector([vector]),
  });
}

/** A table of vectors and texts, read flat or through the default IVF_PQ index. */
export const contender: Contender = {
  async build({ documents, dim, rows, folder, build }) {
    const { connect, Index } = await load<LanceDb>("@lancedb/lancedb");
    const arrow = await load<Arrow>("apache-arrow");
    const values = await documents();
    const connection = await connect(folder);
    let table: Table | undefined;
    for (let start = 0; start < rows; start += BATCH) {
      const end = Math.min(start + BATCH, rows);
      const batch = arrowTable(arrow, start, values.subarray(start * dim, end * dim), dim);
      if (table) await table.add(batch);
      else table = await connection.createTable(TABLE, batch);
    }
    if (build.index === "ivf_pq") {
      await table?.createIndex("vector", { config: Index.ivfPq({ distanceType: "cosine" }) });
    }
  },

  async open({ folder, query }) {
    const { connect } = await load<LanceDb>("@lancedb/lancedb");
    const table = await (await connect(folder)).openTable(TABLE);
    return {
      async search(vector, k) {
        let search = table.vectorSearch(vector).distanceType("cosine");
        if (query.nprobes) search = search.nprobes(Number(query.nprobes));
        if (query.refineFactor) search = search.refineFactor(Number(query.refineFactor));
        const found = await search.select(["row", "text", "_distance"]).limit(k).toArray();
        return found.map(({ row }) => Number(row));
      },
    };
  },
};
