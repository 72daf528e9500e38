import { ThermoclineError } from "../errors.js";
import { withoutLog } from "./header.js";
import { exists, openFile } from "./opfs.js";
import { type Driver, translating } from "./sqlite.js";
import { type Connected, connect, loadSqlite, type Sqlite, type SqliteSource } from "./wasm-sqlite.js";

/** SQLite's WebAssembly build; files lie in the origin private file system of a page. */
export function sqliteDriver(source: SqliteSource): Driver {
  return {
    // The pool of files has neither shared memory nor locks.
    journal: "TRUNCATE",
    locate: (path) => path,
    inspect: exists,
    open: async (path) => openFile(await loadSqlite(source), path),
    // Whoever opens a file has it for himself.
    signature: async () => "",
    async openMemory(name, bytes) {
      const sqlite = await loadSqlite(source);
      const connected = connect(sqlite, () => new sqlite.oo1.DB(":memory:"));
      if (bytes) translating(name, () => fill(sqlite, connected, withoutLog(bytes)));
      return connected;
    },
    toBytes: async (database) => translating("A copy of the store", () => (database as Connected).toBytes()),
    async backup() {
      const why = "SQLite in WebAssembly cannot copy a store to another file";
      throw new ThermoclineError("UNSUPPORTED", `${why}; keep what toBytes returns.`);
    },
  };
}

/** Makes bytes the content of an empty database in memory, which may grow. */
function fill({ capi, wasm }: Sqlite, { wasm: database }: Connected, bytes: Uint8Array): void {
  const { SQLITE_DESERIALIZE_FREEONCLOSE, SQLITE_DESERIALIZE_RESIZEABLE } = capi;
  const flags = SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE;
  const data = wasm.allocFromTypedArray(bytes);
  database.checkRc(capi.sqlite3_deserialize(database, "main", data, bytes.length, bytes.length, flags));
}
