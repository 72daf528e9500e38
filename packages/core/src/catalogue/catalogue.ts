import { stat } from "node:fs/promises";
import { ThermoclineError } from "../errors.js";
import type { Checksum } from "./blob.js";
import { Connection } from "./connection.js";
import { Reader } from "./reader.js";
import { createSchema, expectedBytes, inspectSchema, LAYOUT, pages } from "./schema.js";
import { backupDatabase, openDatabase, sqlError } from "./sqlite.js";
import { Transaction } from "./transaction.js";

/** How long a write waits for another process to finish its own. */
const LOCK_TIMEOUT_MS = 5_000;

/** Free pages are given back from one in this many. */
const RECLAIM_SHARE = 8;

/** Pages given back at a time: about as many as a few milliseconds move. */
const RECLAIM_PAGES = 64;

const MEMORY = ":memory:";

/**
 * The durable truth: one SQLite file, or memory. Knows SQL and nothing of codecs.
 *
 * A file has two connections. Writes are transactions that may take many turns of the event loop, one at a time;
 * meanwhile reads go through the other connection and see the last commit. In memory there is only one connection, so
 * there reads wait for the write: `ready` does.
 */
export class Catalogue {
  readonly #checksum: Checksum;
  readonly #writer: Connection;
  readonly #reading: Connection;
  readonly reader: Reader;
  #queue: Promise<unknown> = Promise.resolve();
  #version = 0;

  private constructor(writer: Connection, reading: Connection, checksum: Checksum) {
    this.#checksum = checksum;
    this.#writer = writer;
    this.#reading = reading;
    this.reader = new Reader(reading, checksum);
    this.#version = this.#dataVersion();
  }

  /** Opens or makes a store. Refuses a file that is not one, before changing anything in it. */
  static async open(path: string | undefined, checksum: Checksum): Promise<Catalogue> {
    const name = path ?? MEMORY;
    const writer = new Connection(path ?? "The store in memory", await openDatabase(name));
    let reading = writer;
    try {
      const empty = inspected(writer);
      if (empty) writer.exec(LAYOUT);
      if (path !== undefined) {
        await refuseTruncated(writer, path);
        // Sets how the file is written, which an existing store of ours already has.
        writer.exec("PRAGMA journal_mode = WAL");
        writer.exec("PRAGMA synchronous = FULL");
      }
      if (empty) createSchema(writer.database);
      if (path !== undefined) reading = new Connection(path, await openDatabase(path));
      return new Catalogue(writer, reading, checksum);
    } catch (cause) {
      writer.close();
      throw sqlError(name, cause);
    }
  }

  /** Where it lies, for messages; undefined in memory. */
  get path(): string | undefined {
    return this.#reading === this.#writer ? undefined : this.#writer.path;
  }

  get bytes(): number {
    return expectedBytes(this.#reading.database);
  }

  /** Resolves when `reader` sees only what is committed. */
  async ready(): Promise<void> {
    if (this.#reading === this.#writer) await this.idle();
  }

  /** Resolves when no write is under way or waiting. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  /** Whether another process has committed to this file since this was last asked. */
  changedElsewhere(): boolean {
    const version = this.#dataVersion();
    const changed = version !== this.#version;
    this.#version = version;
    return changed;
  }

  /**
   * Runs `work` in a transaction, after those before it. When it resolves, its changes are on disk, and `apply` has run
   * with its result before anyone else could look. When it rejects, nothing has changed.
   */
  write<T>(work: (transaction: Transaction) => T | Promise<T>, apply: (result: T) => void = () => {}): Promise<T> {
    const turn = this.#queue.then(async () => {
      await this.#begin();
      try {
        const result = await work(new Transaction(this.#writer, this.#checksum));
        this.#writer.exec("COMMIT");
        apply(result);
        return result;
      } catch (error) {
        this.#rollBack();
        throw error;
      }
    });
    this.#queue = turn.catch(() => {});
    return turn;
  }

  /** Gives free pages back to the disk, a few at a time, if they are more than new rows will soon fill. */
  async reclaim(signal: AbortSignal): Promise<void> {
    const { free, all } = pages(this.#writer.database);
    if (free * RECLAIM_SHARE < all) return;
    for (let left = free; left > 0 && !signal.aborted; left -= RECLAIM_PAGES) {
      await this.write(() => this.#writer.exec(`PRAGMA incremental_vacuum(${RECLAIM_PAGES})`));
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  /** Copies the store to another file, as it is at one moment, while it is in use. */
  async backup(path: string): Promise<void> {
    await this.idle();
    await backupDatabase(this.#reading.database, path);
  }

  /** Call when idle. */
  close(): void {
    if (this.#reading !== this.#writer) {
      this.#reading.close();
      try {
        // A driver may hold the file until its statements are collected; a copy of it must have everything before that.
        this.#writer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      } catch {
        // What stays in the log is durable there, and the next opening takes it in.
      }
    }
    this.#writer.close();
  }

  async #begin(): Promise<void> {
    const deadline = performance.now() + LOCK_TIMEOUT_MS;
    for (let wait = 1; ; wait = Math.min(2 * wait, 50)) {
      try {
        return this.#writer.exec("BEGIN IMMEDIATE");
      } catch (error) {
        const locked = error instanceof ThermoclineError && error.code === "LOCKED";
        if (!locked || performance.now() > deadline) throw error;
        await new Promise((resolve) => {
          setTimeout(resolve, wait);
        });
      }
    }
  }

  #rollBack(): void {
    try {
      this.#writer.exec("ROLLBACK");
    } catch {
      // SQLite rolls back by itself on the gravest errors, and then there is nothing left to undo.
    }
  }

  #dataVersion(): number {
    return this.#writer.get<{ data_version: number }>("PRAGMA data_version")?.data_version ?? 0;
  }
}

function inspected(connection: Connection): boolean {
  try {
    return inspectSchema(connection.database, connection.path);
  } catch (cause) {
    throw sqlError(connection.path, cause);
  }
}

async function refuseTruncated(connection: Connection, path: string): Promise<void> {
  const { size } = await stat(path);
  const expected = expectedBytes(connection.database);
  // Pages that are not in the file yet may be in the write-ahead log beside it.
  const log = await stat(`${path}-wal`).then(
    (found) => found.size,
    () => 0,
  );
  if (size < expected && log === 0) {
    throw new ThermoclineError(
      "CORRUPT",
      `${path} was cut off: it has ${size} bytes of ${expected}. Restore a backup.`,
    );
  }
}
