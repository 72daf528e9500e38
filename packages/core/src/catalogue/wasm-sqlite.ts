import type { PreparedStatement, Sqlite3Static, Database as WasmDatabase } from "@sqlite.org/sqlite-wasm";
import { ThermoclineError } from "../errors.js";
import { compile, type WasmSource } from "../wasm-source.js";
import type { Database, SqlValue, Statement } from "./sqlite.js";

/** SQLite's own WebAssembly build. */
export type Sqlite = Sqlite3Static;

/** Where its module comes from; undefined: from beside its package. */
export type SqliteSource = WasmSource | PromiseLike<WasmSource> | undefined;

/** How the package is started; its types have no options. */
type Init = (options: {
  readonly print: () => void;
  readonly printErr: () => void;
  readonly instantiateWasm?: (imports: WebAssembly.Imports, ready: Ready) => object;
}) => Promise<Sqlite>;
type Ready = (instance: { readonly exports: WebAssembly.Exports }, module: WebAssembly.Module) => void;

/** What the package reads when it starts, and deletes. */
interface Config {
  sqlite3ApiConfig?: object;
}

/** The oldest SQLite whose pool of OPFS files can fail to open without deleting them. */
const OLDEST = 3_054_000;

const UTF8 = new TextDecoder("utf-8", { ignoreBOM: true });

let loading: Promise<Sqlite> | undefined;

/** SQLite, started once in this realm, from what the first caller gives or else from its package's own module. */
export function loadSqlite(source: SqliteSource): Promise<Sqlite> {
  loading ??= start(source).catch((cause: unknown) => {
    loading = undefined;
    if (cause instanceof ThermoclineError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice =
      "Is @sqlite.org/sqlite-wasm installed, and is its sqlite3.wasm served beside the script, or given as wasm.sqlite?";
    throw new ThermoclineError("UNSUPPORTED", `SQLite's WebAssembly build could not be loaded: ${reason}. ${advice}`, {
      cause,
    });
  });
  return loading;
}

async function start(source: SqliteSource): Promise<Sqlite> {
  const module = source === undefined ? undefined : ((await compile("sqlite", await source)) as WebAssembly.Module);
  const { default: init } = (await import("@sqlite.org/sqlite-wasm")) as unknown as { readonly default: Init };
  const silent = () => {};
  // Its other OPFS drivers want headers that most servers do not send, and say so on the console.
  const disable = { vfs: { opfs: true, "opfs-wl": true, kvvfs: true } };
  (globalThis as Config).sqlite3ApiConfig = { disable, debug: silent, log: silent, warn: silent, error: silent };
  const sqlite = await init({
    print: silent,
    printErr: silent,
    ...(module && { instantiateWasm: (imports, ready) => instantiate(module, imports, ready) }),
  });
  if (sqlite.version.libVersionNumber >= OLDEST) return sqlite;
  const { libVersion } = sqlite.version;
  const advice = "update @sqlite.org/sqlite-wasm to 3.54.1-build1 or newer";
  throw new ThermoclineError("UNSUPPORTED", `This is SQLite ${libVersion}, which is too old; ${advice}.`);
}

function instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports, ready: Ready): object {
  void WebAssembly.instantiate(module, imports).then(({ exports }) => {
    ready({ exports: canCompile() ? exports : withoutCallbacks(exports) }, module);
  });
  return {};
}

/** Whether modules may be made of bytes here: edge runtimes take only those that were deployed. */
function canCompile(): boolean {
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

/**
 * Exports whose table takes JavaScript functions and leaves their places empty. The package makes a small module for each
 * of its callbacks (tracing, its own file systems), which a database in memory never calls; a call would trap.
 */
function withoutCallbacks(exports: WebAssembly.Exports): WebAssembly.Exports {
  const name = "__indirect_function_table";
  const table = exports[name] as WebAssembly.Table;
  const lenient = {
    get length() {
      return table.length;
    },
    get: (at: number): unknown => table.get(at),
    grow: (by: number) => table.grow(by),
    set(at: number, value: unknown) {
      try {
        table.set(at, value);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    },
  };
  return { ...exports, [name]: lenient as unknown as WebAssembly.Table };
}

/** A failure as node:sqlite throws it. */
class SqliteFailure extends Error {
  readonly errcode: number;

  constructor(message: string, errcode: number, cause: unknown) {
    super(message, { cause });
    this.errcode = errcode;
  }
}

/** Opens a database; `open` is a constructor of the package. */
export function connect(sqlite: Sqlite, open: () => WasmDatabase): Connected {
  try {
    return new Connected(sqlite, open());
  } catch (cause) {
    throw failure(sqlite, undefined, cause);
  }
}

function failure(sqlite: Sqlite, database: WasmDatabase | undefined, cause: unknown): unknown {
  if (!(cause instanceof sqlite.SQLite3Error) || !cause.resultCode) return cause;
  const message = database?.isOpen() ? sqlite.capi.sqlite3_errmsg(database) : cause.message;
  return new SqliteFailure(message, cause.resultCode, cause);
}

/** The package's object-oriented API with the names of node:sqlite's. */
export class Connected implements Database {
  readonly #sqlite: Sqlite;
  readonly wasm: WasmDatabase;
  readonly #attempt = <T>(call: () => T): T => {
    try {
      return call();
    } catch (cause) {
      throw failure(this.#sqlite, this.wasm, cause);
    }
  };

  constructor(sqlite: Sqlite, wasm: WasmDatabase) {
    this.#sqlite = sqlite;
    this.wasm = wasm;
  }

  prepare(sql: string): Statement {
    return this.#attempt(() => new Prepared(this.wasm.prepare(sql), this.wasm, this.#sqlite, this.#attempt));
  }

  exec(sql: string): void {
    this.#attempt(() => this.wasm.exec(sql));
  }

  toBytes(): Uint8Array {
    return this.#attempt(() => this.#sqlite.capi.sqlite3_js_db_export(this.wasm));
  }

  /** Frees its statements, too. */
  close(): void {
    this.wasm.close();
  }
}

class Prepared implements Statement {
  readonly #statement: PreparedStatement;
  readonly #database: WasmDatabase;
  readonly #sqlite: Sqlite;
  readonly #attempt: <T>(call: () => T) => T;
  #columns: readonly string[] | undefined;

  constructor(statement: PreparedStatement, database: WasmDatabase, sqlite: Sqlite, attempt: <T>(call: () => T) => T) {
    this.#statement = statement;
    this.#database = database;
    this.#sqlite = sqlite;
    this.#attempt = attempt;
  }

  run(...parameters: SqlValue[]) {
    const { capi } = this.#sqlite;
    return this.#stepping(parameters, () => {
      while (this.#statement.step());
      return { changes: this.#database.changes(), lastInsertRowid: capi.sqlite3_last_insert_rowid(this.#database) };
    });
  }

  get(...parameters: SqlValue[]): unknown {
    return this.#stepping(parameters, () => (this.#statement.step() ? this.#row() : undefined));
  }

  all(...parameters: SqlValue[]): unknown[] {
    return this.#stepping(parameters, () => {
      const rows: unknown[] = [];
      while (this.#statement.step()) rows.push(this.#row());
      return rows;
    });
  }

  finalize(): void {
    this.#statement.finalize();
  }

  #stepping<T>(parameters: readonly SqlValue[], work: () => T): T {
    return this.#attempt(() => {
      try {
        if (parameters.length > 0) this.#statement.bind([...parameters]);
        const result = work();
        this.#statement.reset(true);
        return result;
      } catch (cause) {
        const error = failure(this.#sqlite, this.#database, cause);
        try {
          this.#statement.reset(true);
        } catch {
          // It reports the failure of the last step once more.
        }
        throw error;
      }
    });
  }

  #row(): unknown {
    this.#columns ??= this.#statement.getColumnNames();
    const row: Record<string, unknown> = {};
    for (const [i, column] of this.#columns.entries()) row[column] = this.#value(i);
    return row;
  }

  #value(column: number): unknown {
    const { sqlite3_column_type, SQLITE_TEXT } = this.#sqlite.capi;
    if (sqlite3_column_type(this.#statement, column) !== SQLITE_TEXT) return this.#statement.get(column);
    // The package's own decoder takes a byte order mark away from the beginning.
    return UTF8.decode(this.#statement.getBlob(column) ?? undefined);
  }
}
