import { type Database, type SqlValue, type Statement, translating } from "./sqlite.js";

const MAX_STATEMENTS = 200;

/** A database with its statements prepared once and its errors made ours. */
export class Connection {
  readonly path: string;
  readonly database: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(path: string, database: Database) {
    this.path = path;
    this.database = database;
  }

  /** Runs a statement for its effect and returns the row number it inserted, if any. */
  run(sql: string, ...parameters: SqlValue[]): number {
    return translating(this.path, () => Number(this.#prepare(sql).run(...parameters).lastInsertRowid));
  }

  /** Runs a statement for its effect and returns how many rows it changed. */
  changes(sql: string, ...parameters: SqlValue[]): number {
    return translating(this.path, () => Number(this.#prepare(sql).run(...parameters).changes));
  }

  /** The first result row. The caller vouches for its shape, which the SQL fixes. */
  get<Row>(sql: string, ...parameters: SqlValue[]): Row | undefined {
    return translating(this.path, () => this.#prepare(sql).get(...parameters) as Row | undefined);
  }

  all<Row>(sql: string, ...parameters: SqlValue[]): Row[] {
    return translating(this.path, () => this.#prepare(sql).all(...parameters) as Row[]);
  }

  /** Runs a statement that is not worth keeping. */
  exec(sql: string): void {
    translating(this.path, () => this.database.exec(sql));
  }

  close(): void {
    this.#statements.clear();
    translating(this.path, () => this.database.close());
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      // Filters make statements of many shapes; forgetting the oldest keeps their number bounded.
      if (this.#statements.size >= MAX_STATEMENTS) this.#forgetOldest();
      statement = this.database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #forgetOldest(): void {
    const [oldest] = this.#statements;
    if (!oldest) return;
    const [sql, statement] = oldest;
    this.#statements.delete(sql);
    statement.finalize?.();
  }
}
