import type { Connection } from "./connection.js";
import { APPLICATION_ID, FORMAT_VERSION, refuseForeign } from "./header.js";
import { type Database, translating } from "./sqlite.js";
import { damagedTextIndex } from "./text-index.js";

/**
 * `records.text` is text, or its UTF-8 bytes as a blob if it holds U+0000, at which the driver would end it. Row numbers
 * are never used twice, so a code whose record was replaced can never be taken for the new one. `records.expires` is when a
 * record ceases to be found, in milliseconds since 1970, or null. `records.plain` is 1 for a record without a vector, or null. Every other
 * record has a row either in `hot_rows`, with its vector (in float32, or as it was in `cold_rows` if it came from there), or in `cold_rows`, with
 * its code block and what the store keeps of its vector, if anything. `pins` are rows that are hot and are to stay so. Records
 * themselves never change: rows that grow or shrink in place would leave pages half empty.
 * `fits` says how well rows fit a codebook (`calibration/drift.ts`): beside it, as a change of it would write the codebook anew.
 * `field_values` says which of the rows from `first` on have which values in a field (`filter/field-values.ts`); rows of which
 * nothing is there are looked at one by one. Field numbers are never used twice either.
 * Checksums are CRC-32 of the blobs or fields beside them, in the order of the columns (`blob.ts`). Blobs are
 * little-endian; `store/original.ts` says what a vector's bytes mean.
 */
const TABLES = `
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE namespaces (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE records (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace INTEGER NOT NULL REFERENCES namespaces (number),
    id TEXT NOT NULL,
    text ANY,
    metadata TEXT NOT NULL,
    expires INTEGER,
    plain INTEGER,
    checksum INTEGER NOT NULL,
    UNIQUE (namespace, id)
  ) STRICT;
  CREATE INDEX plain_records ON records (plain, namespace) WHERE plain IS NOT NULL;
  CREATE INDEX expiring_records ON records (expires) WHERE expires IS NOT NULL;
  CREATE TABLE hot_rows (
    row INTEGER PRIMARY KEY,
    bits INTEGER NOT NULL,
    vector BLOB NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE cold_rows (
    row INTEGER PRIMARY KEY,
    block INTEGER NOT NULL,
    bits INTEGER NOT NULL,
    vector BLOB,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE codebooks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    codec TEXT NOT NULL,
    sample_rows INTEGER NOT NULL,
    queries INTEGER NOT NULL,
    codebook BLOB NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE fits (
    codebook INTEGER PRIMARY KEY REFERENCES codebooks (number),
    fitted REAL NOT NULL,
    error REAL NOT NULL,
    energy REAL NOT NULL,
    rows INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE code_blocks (
    block INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace INTEGER NOT NULL REFERENCES namespaces (number),
    codebook INTEGER NOT NULL REFERENCES codebooks (number),
    rows BLOB NOT NULL,
    codes BLOB NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE indexed_fields (
    field INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    checksum INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE field_values (
    field INTEGER NOT NULL,
    first INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    entries BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (field, first, rows)
  ) STRICT;
  CREATE TABLE live_rows (block INTEGER PRIMARY KEY, live BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT;
  CREATE TABLE pins (row INTEGER PRIMARY KEY, checksum INTEGER NOT NULL) STRICT;
`;

/** The number that SQLite says of a database by this name. */
export function pragma(database: Database, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
  return row[name] ?? 0;
}

/** Whether there are no tables yet; a database with other tables than ours is refused. */
function isEmpty({ database, path }: Connection): boolean {
  const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() as { tables: number };
  const application = pragma(database, "application_id");
  if (tables === 0 && application === 0) return true;
  refuseForeign(path, application, pragma(database, "user_version"));
  return false;
}

/** Pages that hold several vectors. It is said before a transaction, and writes nothing. */
const PAGES = "PRAGMA page_size = 8192;";

/** A free list that can be given back to the disk. It writes a page, by which nobody would know a file of ours. */
const FREE_LIST = "PRAGMA auto_vacuum = INCREMENTAL;";

/** Tables and indexes that are not, word for word, as they were made: `table records`, say. */
export function damagedDefinitions(connection: Connection): string[] {
  const found = connection.all<{ sql: string | null }>("SELECT sql FROM sqlite_schema");
  const texts = new Set(found.map(({ sql }) => sql));
  const made = TABLES.split(";").map((sql) => sql.trim());
  const damaged = made.filter((sql) => sql !== "" && !texts.has(sql)).map(nameOf);
  if (!damaged.includes("table settings") && damagedTextIndex(connection)) damaged.push("table text_index");
  return damaged;
}

/** What a statement makes: `table records`. */
function nameOf(statement: string): string {
  const [, kind = "", name = ""] = statement.split(" ");
  return `${kind.toLowerCase()} ${name}`;
}

/** Makes the tables, all or none of them, if there are none. */
export function createSchema(connection: Connection): void {
  translating(connection.path, () => {
    if (!isEmpty(connection)) return;
    const { database } = connection;
    // One transaction, so that nobody finds a file that is half made, and a crash leaves none. It takes its lock with its first
    // write: one that it had before would fix the layout.
    database.exec(`${PAGES} BEGIN;`);
    try {
      database.exec(FREE_LIST);
      // Another process may have been first.
      if (isEmpty(connection)) {
        database.exec(`${TABLES} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT_VERSION};`);
      }
      database.exec("COMMIT");
    } catch (error) {
      database.exec("ROLLBACK");
      throw error;
    }
  });
}

/** How many pages are free, and how many there are. */
export function pages(database: Database): { readonly free: number; readonly all: number } {
  return { free: pragma(database, "freelist_count"), all: pragma(database, "page_count") };
}

/** Bytes that the file must at least have: less means that it was cut off. */
export function expectedBytes(database: Database): number {
  return pragma(database, "page_count") * pragma(database, "page_size");
}
