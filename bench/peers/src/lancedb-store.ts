import type { OpenStore, StoreContender } from "../../src/store/contender.js";
import type { BenchRecord } from "../../src/store/records.js";
import { load } from "./load.js";

/** What we call of LanceDB. */
interface LanceDb {
  connect(folder: string): Promise<{
    createTable(name: string, rows: readonly object[]): Promise<Table>;
    openTable(name: string): Promise<Table>;
  }>;
  readonly Index: { btree(): unknown };
}

interface Table {
  add(rows: readonly object[]): Promise<unknown>;
  createIndex(column: string, options: { config: unknown }): Promise<void>;
  vectorSearch(query: Float32Array): VectorQuery;
  mergeInsert(column: string): Merge;
}

interface VectorQuery {
  distanceType(type: "cosine"): VectorQuery;
  where(condition: string): VectorQuery;
  select(columns: string[]): VectorQuery;
  limit(k: number): VectorQuery;
  toArray(): Promise<{ id: string }[]>;
}

interface Merge {
  whenMatchedUpdateAll(): Merge;
  whenNotMatchedInsertAll(): Merge;
  execute(rows: readonly object[]): Promise<unknown>;
}

const TABLE = "records";
const FIELD = "group_number";

function plain({ id, vector, text, metadata: { group, ...fields } }: BenchRecord): object {
  return { id, vector: Array.from(vector), text, ...fields, [FIELD]: group };
}

async function opened(folder: string, existing: boolean): Promise<OpenStore> {
  const { connect, Index } = await load<LanceDb>("@lancedb/lancedb");
  const connection = await connect(folder);
  let table = existing ? await connection.openTable(TABLE) : undefined;
  const filled = (): Table => {
    if (!table) throw new Error("The table is empty");
    return table;
  };
  return {
    async add(records) {
      const rows = records.map(plain);
      if (table) await table.add(rows);
      else table = await connection.createTable(TABLE, rows);
    },
    finish: async () => {},
    async index() {
      for (const column of ["id", FIELD]) await filled().createIndex(column, { config: Index.btree() });
    },
    async search(vector, k, group) {
      const all = filled().vectorSearch(vector).distanceType("cosine");
      const wanted = group === undefined ? all : all.where(`${FIELD} = ${group}`);
      const found = await wanted.select(["id", "text", "_distance"]).limit(k).toArray();
      return found.map(({ id }) => id);
    },
    async replace(record) {
      await filled()
        .mergeInsert("id")
        .whenMatchedUpdateAll()
        .whenNotMatchedInsertAll()
        .execute([plain(record)]);
    },
    async close() {},
  };
}

/** A table read flat, with indexes of the ids and of the field that filters ask for. */
export const lancedb: StoreContender = {
  create: (folder) => opened(folder, false),
  open: (folder) => opened(folder, true),
};
