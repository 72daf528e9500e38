import path from "node:path";
import { type Contender, textOf } from "../../src/speed/contender.js";
import { load } from "./load.js";

/** What we call of the two packages. */
interface Sqlite {
  readonly DatabaseSync: new (file: string, options: { allowExtension: boolean }) => Database;
}

interface SqliteVec {
  load(database: Database): void;
}

interface Database {
  enableLoadExtension(allow: boolean): void;
  exec(sql: string): void;
  prepare(sql: string): { run(...values: unknown[]): unknown; all(...values: unknown[]): { id: number }[] };
  close(): void;
}

const BATCH = 20_000;

async function open(folder: string): Promise<Database> {
  const { DatabaseSync } = await load<Sqlite>("@photostructure/sqlite");
  const database = new DatabaseSync(path.join(folder, "records.db"), { allowExtension: true });
  database.enableLoadExtension(true);
  (await load<SqliteVec>("sqlite-vec")).load(database);
  return database;
}

const blob = (vector: Float32Array) => new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);

/**
 * A `vec0` table with texts. Column `f32` is scanned exactly; column `bit` holds the signs, and the float32 vectors beside it rescore
 * as many times k of the nearest as `oversample` says, as its documentation does it.
 */
export const contender: Contender = {
  async build({ documents, dim, rows, folder, build }) {
    const values = await documents();
    const database = await open(folder);
    const bits = build.column === "bit";
    const columns = bits
      ? `coarse bit[${dim}], +vector blob, +text text`
      : `vector float[${dim}] distance_metric=cosine, +text text`;
    database.exec(`create virtual table records using vec0(id integer primary key, ${columns})`);
    const insert = database.prepare(
      bits
        ? "insert into records(id, coarse, vector, text) values (?1, vec_quantize_binary(?2), ?2, ?3)"
        : "insert into records(id, vector, text) values (?1, ?2, ?3)",
    );
    for (let start = 0; start < rows; start += BATCH) {
      database.exec("begin");
      for (let row = start; row < Math.min(start + BATCH, rows); row++) {
        insert.run(BigInt(row), blob(values.subarray(row * dim, (row + 1) * dim)), textOf(row));
      }
      database.exec("commit");
    }
    database.close();
  },

  async open({ folder, build, query }) {
    const database = await open(folder);
    const nearest = database.prepare(
      build.column === "bit"
        ? `select id, text from
             (select id, text, vector from records where coarse match vec_quantize_binary(?1) and k = ?2)
           order by vec_distance_cosine(vector, ?1) limit ?3`
        : "select id, text from records where vector match ?1 and k = ?2",
    );
    const { oversample } = query;
    return {
      search(vector, k) {
        const counts = oversample ? [k * Number(oversample), k] : [k];
        return nearest.all(blob(vector), ...counts).map(({ id }) => id);
      },
      close: () => database.close(),
    };
  },
};
