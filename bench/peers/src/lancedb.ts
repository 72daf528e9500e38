import { type Contender, textOf } from "../../src/speed/contender.js";
import { load } from "./load.js";

/** What we call of LanceDB. */
interface LanceDb {
  connect(folder: string): Promise<Connection>;
  readonly Index: { ivfPq(options: { distanceType: "cosine" }): unknown };
}

interface Connection {
  createTable(name: string, rows: object[]): Promise<Table>;
  openTable(name: string): Promise<Table>;
}

interface Table {
  add(rows: object[]): Promise<unknown>;
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

/** A table of vectors and texts, read flat or through the default IVF_PQ index. */
export const contender: Contender = {
  async build({ documents, dim, rows, folder, build }) {
    const { connect, Index } = await load<LanceDb>("@lancedb/lancedb");
    const values = await documents();
    const connection = await connect(folder);
    let table: Table | undefined;
    for (let start = 0; start < rows; start += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, rows - start) }, (_, i) => ({
        row: start + i,
        text: textOf(start + i),
        vector: Array.from(values.subarray((start + i) * dim, (start + i + 1) * dim)),
      }));
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
