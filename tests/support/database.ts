import { createRequire } from "node:module";

interface Statement {
  run(...parameters: unknown[]): unknown;
  get(...parameters: unknown[]): unknown;
}

export interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

// The SQLite that core opens on this Node.
const requireFromCore = createRequire(new URL("../../packages/core/package.json", import.meta.url));
const { DatabaseSync } = (process.getBuiltinModule?.("node:sqlite") ?? requireFromCore("@photostructure/sqlite")) as {
  DatabaseSync: new (path: string) => Database;
};

/** Opens a file with SQLite itself. */
export function database(path: string): Database {
  return new DatabaseSync(path);
}

/** Changes a file behind the store's back, and closes it so that nothing stays in a log. */
export function edit(path: string, ...sql: readonly string[]): void {
  const opened = database(path);
  for (const statement of sql) opened.exec(statement);
  opened.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  opened.close();
}

/** Takes the file's write lock, until the function that is returned is called. */
export function holdLock(path: string): () => void {
  const opened = database(path);
  opened.exec("BEGIN IMMEDIATE");
  return () => {
    opened.exec("ROLLBACK");
    opened.close();
  };
}
