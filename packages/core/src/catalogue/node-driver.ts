import { randomUUID } from "node:crypto";
import { access, constants, mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ThermoclineError } from "../errors.js";
import { HEADER_BYTES, type Header, readHeader, refuseHeader, withoutLog } from "./header.js";
import { NodeLog } from "./node-log.js";
import { NodeReader } from "./node-reader.js";
import { expectedBytes, pragma } from "./schema.js";
import { type Access, type Database, type Driver, sqlError, translating } from "./sqlite.js";

interface Sqlite {
  readonly DatabaseSync: new (
    path: string,
    options?: { readonly readOnly?: boolean; readonly defensive?: boolean },
  ) => Database;
  backup(source: Database, path: string): Promise<unknown>;
}

/** What SQLite lets a database hold that is made of bytes (SQLITE_MEMDB_DEFAULT_MAXSIZE). */
const MAX_MEMORY = 2 ** 30;

const BUILT_IN: string = "node:sqlite";

let loading: Promise<Sqlite> | undefined;

/** node:sqlite where Node has it, else the package with the same API and its binaries inside. */
function loadSqlite(): Promise<Sqlite> {
  loading ??= import(/* webpackIgnore: true */ /* @vite-ignore */ BUILT_IN)
    .then((module: Sqlite) => (typeof module.backup === "function" ? module : Promise.reject(new Error("too old"))))
    .catch(async () => (await import("#binaries")).sqlite() as unknown as Promise<Sqlite>);
  return loading;
}

/** The name by which a thread finds the same SQLite, as this file does. */
async function sqliteOfThreads(): Promise<{ readonly name: string; readonly from: string }> {
  const builtIn = await import(/* webpackIgnore: true */ /* @vite-ignore */ BUILT_IN).catch(() => undefined);
  return { name: (await loadSqlite()) === builtIn ? BUILT_IN : "@photostructure/sqlite", from: import.meta.url };
}

/** SQLite in Node, on the file system. It brings its own binaries, so a module for it is passed over. */
export function sqliteDriver(_module?: unknown): Driver {
  return driver;
}

const driver: Driver = {
  journal: "WAL",
  // Made whole, because SQLite takes a name that begins with "file:" for an address.
  locate: (path) => resolve(path),
  inspect,
  async open(path, access = "write") {
    const { DatabaseSync } = await loadSqlite();
    // A connection that is defensive cannot compare an index of words, not even a copy of it: see `comparison`.
    const reading = { readOnly: true, defensive: false };
    return translating(path, () =>
      access === "write" ? new DatabaseSync(path) : new DatabaseSync(addressOf(path, access), reading),
    );
  },
  async signature(path) {
    // Whoever has the file open has a log beside it.
    if (await stat(`${path}-wal`).catch(() => undefined)) return undefined;
    const { size, mtimeMs, ino } = await stat(path);
    return [size, mtimeMs, ino].join();
  },
  careForLog: (path) => new NodeLog(path, sqliteOfThreads()),
  async readApart(path, access) {
    return new NodeReader(path, addressOf(path, access), await sqliteOfThreads());
  },
  async openMemory(name, bytes) {
    const { DatabaseSync } = await loadSqlite();
    if (!bytes) return translating(name, () => new DatabaseSync(":memory:"));
    if (bytes.length > MAX_MEMORY) {
      const advice = "write them to a file and open its path";
      throw new ThermoclineError("UNSUPPORTED", `${name} has ${bytes.length} bytes, more than 1 GiB; ${advice}.`);
    }
    return inFolder(async (folder) => {
      // Neither driver takes bytes; a backup may go into memory that has a name.
      const memory = `file:/thermocline-${randomUUID()}?vfs=memdb`;
      const file = join(folder, "store.db");
      await writeFile(file, withoutLog(bytes));
      const source = await driver.open(file);
      const database = await driver.open(memory);
      try {
        await backup(source, memory, name);
      } catch (error) {
        database.close();
        throw error;
      } finally {
        source.close();
      }
      return database;
    });
  },
  toBytes: (source) =>
    inFolder(async (folder) => {
      const file = join(folder, "store.db");
      await backup(source, file, "A copy of the store");
      return withoutLog(await readFile(file));
    }),
  async backup(source, path) {
    await inspect(path);
    await backup(source, path, path);
  },
};

/** SQLite looks for nothing beside a file that it takes for immutable. */
function addressOf(path: string, access: Access): string {
  return access === "still" ? `${pathToFileURL(path).href}?immutable=1` : path;
}

/** Copies page by page, between which others get their turn. */
async function backup(source: Database, path: string, name: string): Promise<void> {
  const sqlite = await loadSqlite();
  try {
    await sqlite.backup(source, path);
  } catch (cause) {
    throw sqlError(name, cause);
  }
}

/** Lends a folder that only this user may look into. */
async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  let folder: string | undefined;
  try {
    folder = await mkdtemp(join(tmpdir(), "thermocline-copy-"));
    return await work(folder);
  } catch (cause) {
    if (cause instanceof ThermoclineError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = `A copy of the store could not be written to ${folder ?? tmpdir()}`;
    throw new ThermoclineError("IO", `${what}; may this process write there, and is there space? (${reason})`, {
      cause,
    });
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function inspect(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found || (found.isFile() && found.size === 0)) return false;
  if (!found.isFile()) throw new ThermoclineError("IO", `${path} is not a file; give the path of a file.`);
  await readable(path, () => access(path, constants.R_OK));
  const header = await headerOf(path, found.size);
  const hasLog = await isBeside(path);
  // Asked for last, as others may be writing: pages that a header counts are in the file, or in a log until they are.
  const { size } = await stat(path);
  refuseHeader(path, header, size, hasLog);
  return true;
}

/** Whether there is a write-ahead log, or the rollback journal that a file has only while it is made. */
async function isBeside(path: string): Promise<boolean> {
  const logs = await Promise.all(["-wal", "-journal"].map((end) => stat(path + end).catch(() => undefined)));
  return logs.some((log) => (log?.size ?? 0) > 0);
}

/**
 * What a file's header says. Files that this process may have open are left to SQLite, because whoever closes a descriptor of a file lets go
 * of all locks that its process has on it (POSIX); without them, another process may take itself for the last and delete the log.
 */
async function headerOf(path: string, size: number): Promise<Header> {
  // SQLite takes less than a header for an empty database, and a file that it cannot read no store has open.
  const found = size < HEADER_BYTES ? undefined : await askHeader(path);
  return found ?? readHeader(path, await readable(path, () => firstBytes(path)));
}

/** The same by SQLite; undefined where the file is too damaged for it. */
async function askHeader(path: string): Promise<Header | undefined> {
  const { DatabaseSync } = await loadSqlite();
  try {
    return askImmutable(DatabaseSync, path, false);
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
  }
  // Its last pages may be in the log.
  if (!(await isBeside(path))) return undefined;
  try {
    return { ...askImmutable(DatabaseSync, path, true), bytes: 0 };
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    return undefined;
  }
}

/**
 * What SQLite reads from a file that it takes for immutable: otherwise it would write to the file that it opens, since it rolls back, or
 * merges, what a crash of its owner left beside it. It refuses a file that is shorter than its header says, unless that is `lenient`.
 */
function askImmutable(DatabaseSync: Sqlite["DatabaseSync"], path: string, lenient: boolean): Header {
  return translating(path, () => {
    const database = new DatabaseSync(addressOf(path, "still"), { readOnly: true, defensive: false });
    try {
      if (lenient) database.exec("PRAGMA writable_schema = ON");
      return {
        application: pragma(database, "application_id"),
        version: pragma(database, "user_version"),
        bytes: expectedBytes(database),
      };
    } finally {
      database.close();
    }
  });
}

function isDamage(cause: unknown): boolean {
  return cause instanceof ThermoclineError && (cause.code === "FORMAT" || cause.code === "CORRUPT");
}

async function firstBytes(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(HEADER_BYTES), 0, HEADER_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ThermoclineError("IO", `${path} could not be read; may this process read it? (${reason})`, { cause });
  }
}
