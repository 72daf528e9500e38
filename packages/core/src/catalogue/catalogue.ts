import { ThermoclineError } from "../errors.js";
import { throwIfAborted } from "../pace.js";
import { nextTurn } from "../turn.js";
import type { Durability } from "../types.js";
import type { Checksum } from "./blob.js";
import type { Connection } from "./connection.js";
import { DistantTexts } from "./distant-texts.js";
import { type Examination, examine } from "./examine.js";
import { type Connections, IN_MEMORY, openConnections, type Place, patiently } from "./open-connections.js";
import { Reader } from "./reader.js";
import { expectedBytes, pages } from "./schema.js";
import type { DistantReader, Driver } from "./sqlite.js";
import { compareTexts } from "./text-index.js";
import { Transaction } from "./transaction.js";
import type { WriteAheadLog } from "./write-ahead-log.js";

/** How often a read is repeated because another process committed during it. */
const ATTEMPTS = 16;

/** Free pages are given back from one in this many. */
const RECLAIM_SHARE = 8;

/** Pages given back at a time: about as many as a few milliseconds move. */
const RECLAIM_PAGES = 64;

/** Up to this size a file is examined when it is opened, but for cold rows' originals: a few milliseconds a MiB. */
const EXAMINED_BYTES = 8 * 2 ** 20;

/**
 * The durable truth: one SQLite file, or memory. Knows SQL and nothing of codecs.
 *
 * Where the driver can share a file it has two connections. Writes are transactions that may take many turns of the event
 * loop, one at a time; meanwhile reads go through the other connection and see the last commit. Otherwise, and in memory,
 * there is only one connection, so there reads wait for the writes before them, and writes for the reads before them.
 *
 * The store keeps an image of it in RAM. Before a read or a write begins, that image is loaded anew if another process
 * has committed since; while a transaction is open none can.
 */
export class Catalogue {
  readonly #driver: Driver;
  readonly #checksum: Checksum;
  readonly #readOnly: boolean;
  readonly #writer: Connection;
  readonly #reading: Connection;
  readonly #log: WriteAheadLog | undefined;
  readonly #openApart: Connections["apart"];
  #apart: Promise<DistantReader> | undefined;
  readonly reader: Reader;
  /** Settles when the writes so far have ended. */
  #writes: Promise<unknown> = Promise.resolve();
  /** With one connection: reads under way. They settle, and never reject. */
  readonly #reads = new Set<Promise<unknown>>();
  #load: () => Promise<void> = async () => {};
  #loading: Promise<void> | undefined;
  #commits = 0;
  /** The data version that the image in RAM shows; undefined when it shows none. */
  #shown: number | undefined;

  private constructor(driver: Driver, { writer, reading, readOnly, log, apart }: Connections, checksum: Checksum) {
    this.#driver = driver;
    this.#checksum = checksum;
    this.#readOnly = readOnly;
    this.#writer = writer;
    this.#reading = reading;
    this.#log = log;
    this.#openApart = apart;
    this.reader = new Reader(reading, checksum);
  }

  /** Opens a store, or makes it unless `check` throws. Refuses a file that is not one, before changing anything in it. */
  static async open(driver: Driver, place: Place, checksum: Checksum, check: () => void): Promise<Catalogue> {
    return new Catalogue(driver, await openConnections(driver, place, check), checksum);
  }

  get bytes(): number {
    return expectedBytes(this.#reading.database);
  }

  /** The version of the file's tables, as it says itself. */
  get formatVersion(): number {
    return this.#reading.get<{ user_version: number }>("PRAGMA user_version")?.user_version ?? 0;
  }

  /** How many pages there are. */
  get pages(): number {
    return pages(this.#reading.database).all;
  }

  /** Whether it is small enough to be examined whole when it is opened. */
  get isSmall(): boolean {
    return this.bytes <= EXAMINED_BYTES;
  }

  /** Whether it was opened only to be read. */
  get isReadOnly(): boolean {
    return this.#readOnly;
  }

  /** When writes resolve; undefined in memory. */
  get durability(): Durability | undefined {
    if (this.#writer.path === IN_MEMORY) return undefined;
    if (this.#log) return this.#log.durability;
    const { synchronous } = this.#writer.get<{ synchronous: number }>("PRAGMA synchronous") ?? {};
    return synchronous === 1 ? "normal" : "full";
  }

  /** How many writes this catalogue has committed: what is read in many turns is of one moment if it stays the same. */
  get commits(): number {
    return this.#commits;
  }

  /** Resolves when no write is under way or waiting. */
  async idle(): Promise<void> {
    await this.#writes;
  }

  /** Calls `load` to make the image in RAM, now and whenever another process has committed. It must replace it in one turn. */
  async follow(load: () => Promise<void>): Promise<void> {
    this.#load = load;
    // What was written before counts as shown, but nothing has shown it.
    this.#shown = undefined;
    await this.#refresh();
  }

  /** Refuses a small file of which anything is damaged that could change an answer. Call before anything else reads or writes. */
  async refuseDamage(): Promise<void> {
    if (!this.isSmall) return;
    let found: Examination | undefined;
    await this.#snapshot(async () => {
      found = await examine(this.#reading, this.reader, { originals: false });
    });
    // What is wrong with the index of words can be put right: see `store/text-index.ts`.
    const problem = found?.problems.find(({ what }) => what !== "texts");
    if (!problem) return;
    const advice = problem.message.includes("Restore a backup") ? "" : " Restore a backup.";
    throw new ThermoclineError("CORRUPT", `${this.#reading.path} is damaged: ${problem.message}${advice}`);
  }

  /**
   * Where it is only to be read, and small: refuses words from now on if the index of them does not say what the records say. It
   * cannot be made anew here, and would give other answers.
   */
  refuseDamagedTexts(): void {
    if (!this.#readOnly || !this.isSmall) return;
    const tokenizer = this.reader.tokenizer();
    if (tokenizer === undefined) return;
    try {
      compareTexts(this.#reading, tokenizer);
    } catch (error) {
      // Where there is no room for a copy, nothing is known.
      if (error instanceof ThermoclineError && error.code === "CORRUPT") this.reader.texts.refuse();
    }
  }

  /** The index of words, asked off this thread by a connection that is kept from then on; undefined where there is one only. */
  async textsApart(): Promise<DistantTexts | undefined> {
    const before = this.#apart;
    // A thread that failed, say for want of memory, is no reason to have none.
    const lost = await before?.then(
      (reader) => reader.lost,
      () => true,
    );
    if (lost && this.#apart === before) this.#apart = undefined;
    this.#apart ??= this.#openApart?.();
    const apart = await this.#apart;
    return apart && new DistantTexts(apart, this.reader.texts);
  }

  /** Runs `work` on what is committed; again, if another process has committed meanwhile. */
  async read<T>(work: () => T | Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      let result: Promise<T>;
      if (this.#reading === this.#writer) {
        result = this.#writes.then(() => this.#refresh()).then(work);
        this.#hold(result);
      } else {
        await this.#refresh();
        result = Promise.resolve().then(work);
      }
      const shown = this.#shown;
      await result.catch(() => {});
      // A write of our own may have loaded meanwhile what the work had not seen.
      if (attempt === ATTEMPTS || (!this.#stale && this.#shown === shown)) return result;
    }
  }

  /**
   * Runs `work` in a transaction, after those before it. When it resolves, its changes are on disk, and `apply` has run
   * with its result before anyone else could look. When it rejects, nothing has changed. The transaction has its place
   * in the order of calls from now on, but begins only when `prepared` has resolved.
   */
  write<T>(
    work: (transaction: Transaction) => T | Promise<T>,
    apply: (result: T) => void = () => {},
    prepared: Promise<unknown> = Promise.resolve(),
  ): Promise<T> {
    if (this.#readOnly) return Promise.reject(this.#refusal());
    // It may reject long before its turn comes.
    prepared.catch(() => {});
    const committed = this.#exclusive(async () => {
      await prepared;
      await this.#log?.room();
      await patiently(() => this.#writer.exec("BEGIN IMMEDIATE"));
      try {
        await this.#refresh();
        const result = await work(new Transaction(this.#writer, this.#checksum));
        this.#writer.exec("COMMIT");
        this.#commits += 1;
        this.#applied(() => apply(result));
        this.#log?.committed();
        return result;
      } catch (error) {
        this.#rollBack();
        throw error;
      }
    });
    const log = this.#log;
    if (!log) return committed;
    // The next write need not wait for the disk.
    return committed.then(async (result) => {
      await log.durable();
      return result;
    });
  }

  #refusal(): ThermoclineError {
    const { path } = this.#writer;
    return new ThermoclineError("UNSUPPORTED", `${path} was opened with readOnly; open it without, to write.`);
  }

  /** Gives free pages back to the disk, a few at a time, if they are more than new rows will soon fill. */
  async reclaim(signal: AbortSignal): Promise<void> {
    const { free, all } = pages(this.#writer.database);
    if (free * RECLAIM_SHARE < all) return;
    for (let left = free; left > 0 && !signal.aborted; left -= RECLAIM_PAGES) {
      await this.write(() => this.#writer.exec(`PRAGMA incremental_vacuum(${RECLAIM_PAGES})`));
      await nextTurn();
    }
  }

  /**
   * Gives all free pages back to the disk, some at a time, while others read and write, and merges the log into the file.
   * `onShare` is told what share of them is done.
   */
  async shrink(signal: AbortSignal | undefined, onShare: (share: number) => void): Promise<void> {
    const all = pages(this.#writer.database).free;
    let left = all;
    while (left > 0) {
      throwIfAborted(signal);
      await this.write(() => this.#writer.exec(`PRAGMA incremental_vacuum(${RECLAIM_PAGES})`));
      const { free } = pages(this.#writer.database);
      // Others may free pages as fast.
      if (free >= left) break;
      left = free;
      onShare(1 - left / all);
      await nextTurn();
    }
    await this.#exclusive(async () => this.#mergeLog());
  }

  /** Copies the store to another file, as it is at one moment, while it is in use. */
  async backup(path: string): Promise<void> {
    await this.#copied((source) => this.#driver.backup(source, this.#driver.locate(path)));
  }

  /** A whole file of the store as it is at one moment, with everything that was committed before. */
  toBytes(): Promise<Uint8Array> {
    return this.#copied((source) => this.#driver.toBytes(source));
  }

  /** Runs `copy` on what is committed. With one connection it would see a write that is under way. */
  #copied<T>(copy: (source: Connection["database"]) => Promise<T>): Promise<T> {
    const turn = () => copy(this.#reading.database);
    return this.#reading === this.#writer ? this.#exclusive(turn) : turn();
  }

  /** Call when idle. */
  async close(): Promise<void> {
    await this.#log?.close();
    await (await this.#apart?.catch(() => undefined))?.close();
    if (this.#reading !== this.#writer) {
      this.#reading.close();
      // A driver may hold the file until its statements are collected; a copy of it must have everything before that.
      this.#mergeLog();
    }
    this.#writer.close();
  }

  #mergeLog(): void {
    if (this.#reading === this.#writer) return;
    try {
      this.#writer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // What stays in the log is durable there, and the next opening takes it in.
    }
  }

  /** Runs `turn` when the writes, and with one connection the reads, before it have ended. */
  #exclusive<T>(turn: () => Promise<T>): Promise<T> {
    const result = Promise.all([this.#writes, ...this.#reads]).then(turn);
    this.#writes = result.catch(() => {});
    return result;
  }

  /** Makes the next write wait for a read. */
  #hold(read: Promise<unknown>): void {
    const ended = read
      .catch(() => {})
      .finally(() => {
        this.#reads.delete(ended);
      });
    this.#reads.add(ended);
  }

  /** What is committed cannot be undone: when RAM does not take it, it is loaded anew before the next call. */
  #applied(apply: () => void): void {
    try {
      apply();
    } catch {
      this.#shown = undefined;
    }
  }

  /** Whether RAM shows less than what is committed. */
  get #stale(): boolean {
    return this.#dataVersion() !== this.#shown;
  }

  /** Makes the image in RAM show at least what was committed when this was called. */
  async #refresh(): Promise<void> {
    // A load under way may have begun before the last commit.
    if (this.#loading) await this.#loading;
    if (!this.#stale) return;
    this.#loading ??= this.#reload().finally(() => {
      this.#loading = undefined;
    });
    await this.#loading;
  }

  async #reload(): Promise<void> {
    // Asked before the snapshot is taken: a commit in between only makes for one more load.
    const version = this.#dataVersion();
    await this.#snapshot(this.#load);
    this.#shown = version;
  }

  /** Lets `reader` see one moment, however long `work` takes; with one connection a reload is never beside a write. */
  async #snapshot(work: () => Promise<void>): Promise<void> {
    if (this.#reading === this.#writer) return work();
    this.#reading.exec("BEGIN; SELECT count(*) FROM settings");
    try {
      await work();
    } finally {
      this.#reading.exec("COMMIT");
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
