import type { Worker } from "node:worker_threads";
import { ThermoclineError } from "../errors.js";
import { nodeModule } from "../node-module.js";
import { type DistantReader, type SqlValue, sqlError } from "./sqlite.js";

/**
 * What the thread runs: no file of its own, so that bundlers need not know of it. SQLite lets nobody write to the tables of an
 * index of words while it is defensive, not even to those of a temporary one.
 */
const PROGRAM = `
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
const { createRequire } = process.getBuiltinModule("node:module");
const { DatabaseSync } = createRequire(workerData.sqlite.from)(workerData.sqlite.name);
const statements = new Map();
let database;
function prepared(sql) {
  if (!database) {
    database = new DatabaseSync(workerData.address, { readOnly: true, defensive: false });
    database.exec("PRAGMA busy_timeout = 5000");
  }
  if (!statements.has(sql)) statements.set(sql, database.prepare(sql));
  return statements.get(sql);
}
function columns(statement, names, parameters) {
  let [arrays, length, room] = [names.map(() => new Float64Array(1024)), 0, 1024];
  for (const row of statement.iterate(...parameters)) {
    if (length === room) {
      room *= 2;
      arrays = arrays.map((array) => {
        const longer = new Float64Array(room);
        longer.set(array);
        return longer;
      });
    }
    for (let i = 0; i < names.length; i++) arrays[i][length] = row[names[i]];
    length += 1;
  }
  return arrays.map((array) => array.slice(0, length));
}
parentPort.on("message", ({ id, sql, parameters, names }) => {
  if (sql === undefined) {
    database?.close();
    parentPort.close();
    return;
  }
  try {
    const statement = prepared(sql);
    if (names) {
      const value = columns(statement, names, parameters);
      parentPort.postMessage({ id, value }, value.map(({ buffer }) => buffer));
    } else {
      parentPort.postMessage({ id, value: statement.all(...parameters) });
    }
  } catch ({ message, errcode }) {
    parentPort.postMessage({ id, error: { message, errcode } });
  }
});`;

/** What the thread says of a question. */
interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly message: string; readonly errcode: number | undefined };
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Reads a file by a connection on a thread of its own, which keeps no process from ending unless it is asked something. */
export class NodeReader implements DistantReader {
  readonly #path: string;
  readonly #thread: Worker;
  readonly #pending = new Map<number, Pending>();
  #asked = 0;
  #lost: ThermoclineError | undefined;

  /** `sqlite` is the driver's module, as the file at the address `from` finds it. */
  constructor(path: string, address: string, sqlite: { readonly name: string; readonly from: string }) {
    const threads = nodeModule("node:worker_threads");
    if (!threads) throw new ThermoclineError("UNSUPPORTED", "This platform has no worker threads.");
    this.#path = path;
    this.#thread = new threads.Worker(PROGRAM, { eval: true, workerData: { address, sqlite } });
    this.#thread.unref();
    this.#thread.on("message", (answer: Answer) => this.#take(answer));
    this.#thread.on("error", (cause) => this.#lose(cause));
    this.#thread.on("exit", () => this.#lose());
  }

  get lost(): boolean {
    return this.#lost !== undefined;
  }

  all<Row>(sql: string, ...parameters: SqlValue[]): Promise<Row[]> {
    return this.#ask<Row[]>({ sql, parameters });
  }

  columns(sql: string, names: readonly string[], ...parameters: SqlValue[]): Promise<Float64Array[]> {
    return this.#ask<Float64Array[]>({ sql, parameters, names });
  }

  async close(): Promise<void> {
    if (this.#lost) return;
    const ended = new Promise<void>((resolve) => {
      this.#thread.once("exit", () => resolve());
    });
    this.#thread.ref();
    // A question under way has no end but its own.
    if (this.#pending.size > 0) await this.#thread.terminate();
    else this.#thread.postMessage({});
    await ended;
  }

  #ask<T>(question: object): Promise<T> {
    if (this.#lost) return Promise.reject(this.#lost);
    const id = this.#asked++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    this.#thread.ref();
    this.#thread.postMessage({ id, ...question });
    return answer as Promise<T>;
  }

  #take({ id, value, error }: Answer): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#thread.unref();
    if (error) {
      const { message, errcode } = error;
      pending?.reject(sqlError(this.#path, Object.assign(new Error(message), { errcode })));
    } else pending?.resolve(value);
  }

  #lose(cause?: unknown): void {
    const reason = cause instanceof Error ? cause.message : "it ended";
    this.#lost ??= new ThermoclineError("IO", `${this.#path}: the thread that reads the file failed: ${reason}.`, {
      cause,
    });
    for (const { reject } of this.#pending.values()) reject(this.#lost);
    this.#pending.clear();
  }
}
