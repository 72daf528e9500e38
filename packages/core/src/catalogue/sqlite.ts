import { ThermoclineError } from "../errors.js";

/** What can be bound and read back. */
export type SqlValue = string | number | bigint | null | Uint8Array;

/** The part of node:sqlite's API that the catalogue uses; both drivers have it. */
export interface Statement {
  run(...parameters: SqlValue[]): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  get(...parameters: SqlValue[]): unknown;
  all(...parameters: SqlValue[]): unknown[];
}

export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  close(): void;
}

interface Driver {
  readonly DatabaseSync: new (path: string) => Database;
  backup(source: Database, path: string): Promise<unknown>;
}

let loading: Promise<Driver> | undefined;

/** node:sqlite where Node has it, else the package with the same API and its binaries inside. */
function loadDriver(): Promise<Driver> {
  const builtIn = "node:sqlite";
  loading ??= import(/* @vite-ignore */ builtIn)
    .then((module: Driver) => (typeof module.backup === "function" ? module : Promise.reject(new Error("too old"))))
    .catch(() => import("@photostructure/sqlite") as unknown as Promise<Driver>);
  return loading;
}

export async function openDatabase(path: string): Promise<Database> {
  const { DatabaseSync } = await loadDriver();
  return translating(path, () => new DatabaseSync(path));
}

/** Copies a database to another file, page by page, while it is in use. */
export async function backupDatabase(source: Database, path: string): Promise<void> {
  const { backup } = await loadDriver();
  try {
    await backup(source, path);
  } catch (cause) {
    throw sqlError(path, cause);
  }
}

/** Primary result codes of SQLite that a caller can act on. */
const MEANING: ReadonlyMap<number, readonly [ThermoclineError["code"], string]> = new Map([
  [5, ["LOCKED", "another process or connection is writing to it; try again when it has finished"]],
  [6, ["LOCKED", "another connection is writing to it; try again when it has finished"]],
  [8, ["IO", "it is read-only; give it write permission or open a copy"]],
  [10, ["IO", "the disk reported an error"]],
  [11, ["CORRUPT", "the file is damaged; restore it from a backup"]],
  [13, ["IO", "the disk is full; free some space and try again"]],
  [14, ["IO", "it could not be opened; does its directory exist, and may this process write there?"]],
  [26, ["FORMAT", "it is not an SQLite database, so not a Thermocline store; choose another path"]],
]);

/** What SQLite says of a statement that is sound, when the file is not. */
const DAMAGE = /^(no such (table|column)|malformed|unsupported file format)/;

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
