import { ThermoclineError } from "../errors.js";

/** What can be bound and read back. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** The part of node:sqlite's API that the catalogue uses; every driver has it. */
export interface Statement {
  run(...parameters: SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...parameters: SqlValue[]): unknown;
  all(...parameters: SqlValue[]): unknown[];
  /** Frees it, where garbage collection cannot. */
  finalize?(): void;
}

/** What its methods throw has SQLite's message, and SQLite's result code as `errcode`. */
export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  close(): void;
}

/**
 * How a file is opened. `write`: to be changed. `read`: others may change it meanwhile, and what they commit is seen. `still`:
 * nobody changes it, and nothing is put beside it.
 */
export type Access = "write" | "read" | "still";

/** A connection of its own, off this thread, for statements that take long. It only reads, and sees what is committed. */
export interface DistantReader {
  /** Whether its thread has failed: then it answers nothing any more. */
  readonly lost: boolean;
  all<Row>(sql: string, ...parameters: SqlValue[]): Promise<Row[]>;
  /** The columns of a statement that has only numbers, by their names: each an array as long as there are rows. */
  columns(sql: string, names: readonly string[], ...parameters: SqlValue[]): Promise<Float64Array[]>;
  /** What is asked for still rejects. */
  close(): Promise<void>;
}

/** What has to be done for a write-ahead log beside commits, which is slow and done off this thread. */
export interface LogCare {
  /** Resolves when all that was committed before is on disk. */
  sync(): Promise<void>;
  /** Copies what is in the log into the file, as far as no reader needs what it was before; returns the pages of both. */
  merge(): Promise<{ readonly logged: number; readonly merged: number }>;
  close(): Promise<void>;
}

/** An SQLite, where it keeps files, and what it can do there: all that differs between Node and a page. */
export interface Driver {
  /**
   * How files are written. `WAL`: several connections and processes share a file, and read beside one that writes.
   * `TRUNCATE`: one connection has the file to itself.
   */
  readonly journal: "WAL" | "TRUNCATE";
  /** The whole name of what a caller calls `path`. */
  locate(path: string): string;
  /** Whether there is a file with something in it. Refuses what is not a store, before changing anything in it. */
  inspect(path: string): Promise<boolean>;
  open(path: string, access?: Access): Promise<Database>;
  /** For a file that a connection has open; missing where SQLite itself has to do all of it. */
  careForLog?(path: string): LogCare;
  /** What is another whenever a file was changed; undefined while somebody may be about to change it. */
  signature(path: string): Promise<string | undefined>;
  /** Reads a file off this thread; missing where a file has one connection only. */
  readApart?(path: string, access: Access): Promise<DistantReader>;
  /** A database in memory: empty, or of a whole file's bytes, which are copied. `name` is for errors. */
  openMemory(name: string, bytes: Uint8Array | undefined): Promise<Database>;
  /** A whole file of what is committed. */
  toBytes(source: Database): Promise<Uint8Array>;
  /** Copies a database to another file while it is in use. */
  backup(source: Database, path: string): Promise<void>;
}

/** Primary result codes of SQLite that a caller can act on. */
const MEANING: ReadonlyMap<number, readonly [ThermoclineError["code"], string]> = new Map([
  [5, ["LOCKED", "another process or connection is writing to it; try again when it has finished"]],
  [6, ["LOCKED", "another connection is writing to it; try again when it has finished"]],
  [8, ["IO", "it is read-only; give it write permission, or open it with readOnly"]],
  [10, ["IO", "the disk reported an error"]],
  [11, ["CORRUPT", "the file is damaged; restore it from a backup"]],
  [13, ["IO", "the disk is full; free some space and try again"]],
  [
    14,
    [
      "IO",
      "it could not be opened; does its directory exist, and may this process write there? To read it, open it with readOnly",
    ],
  ],
  [26, ["FORMAT", "it is not an SQLite database, so not a Thermocline store; choose another file"]],
]);

/** What SQLite says of a statement that is sound, when the file is not; a driver may lose the code of a failure to prepare it. */
const DAMAGE =
  /^(no such (table|column)|malformed|Value is too large|database disk image|unsupported file format|vtable constructor|invalid fts5|fts5: (checksum mismatch|corruption))/;

/** An error of the driver as ours. */
export function sqlError(path: string, cause: unknown): ThermoclineError {
  if (cause instanceof ThermoclineError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const result = typeof cause === "object" && cause !== null && "errcode" in cause ? Number(cause.errcode) & 0xff : 1;
  const [code, advice] = MEANING.get(DAMAGE.test(reason) ? 11 : result) ?? [
    "IO",
    "SQLite refused the statement; please report this",
  ];
  return new ThermoclineError(code, `${path}: ${advice} (SQLite: ${reason}).`, { cause });
}

export function translating<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw sqlError(path, cause);
  }
}
