import type { Durability } from "../types.js";
import type { Connection } from "./connection.js";
import type { LogCare } from "./sqlite.js";

/** Rows that statements change between two merges: some MiB of pages. */
const MERGED_CHANGES = 4_096;

/** Pages of the log from which the next write waits until it is merged, and begins it anew. */
const LONG = 4_096;

/** Pages at which SQLite merges the log by itself, within a commit: more than the log should ever have. */
const LONGEST = 4 * LONG;

/** The same by SQLite's own default, where nothing else merges it. */
const UNCARED = 1_000;

/**
 * The writing connection's log. SQLite would bring it to disk within each commit, and merge it into the file within each
 * thousandth page's, while nothing else can run; here both go on beside.
 */
export class WriteAheadLog {
  readonly #writer: Connection;
  readonly #care: LogCare;
  readonly #durability: Durability;
  #merging: Promise<void> | undefined;
  /** Changes at the last merge. */
  #changes = 0;
  /** Pages of the log at the last merge. */
  #logged = 0;
  /** Pages up to which the log may grow before a write waits. */
  #most = LONG;

  /** `durability` is when writes resolve: with `full` they are to await `durable`. */
  constructor(writer: Connection, care: LogCare, durability: Durability) {
    this.#writer = writer;
    this.#care = care;
    this.#durability = durability;
    this.#changes = this.#totalChanges();
    writer.exec(`PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${LONGEST}`);
  }

  get durability(): Durability {
    return this.#durability;
  }

  /** Resolves when a commit that has just been made keeps what the store promises. */
  durable(): Promise<void> {
    return this.#durability === "full" ? this.#care.sync() : Promise.resolve();
  }

  /** Call after a commit: begins to merge the log when enough has come together. */
  committed(): void {
    if (this.#totalChanges() - this.#changes >= MERGED_CHANGES) void this.#merge();
  }

  /** Call before a write, while there is no other: resolves when the log has room for it. */
  async room(): Promise<void> {
    if (this.#logged < this.#most) return;
    await this.#merging;
    await this.#merge();
    // What a reader still needs stays in the log.
    this.#most = this.#logged < LONG ? LONG : this.#logged + LONG;
  }

  /** Call when no write is under way. */
  async close(): Promise<void> {
    await this.#merging;
    await this.#care.close();
  }

  #merge(): Promise<void> {
    this.#merging ??= this.#care
      .merge()
      .then(({ logged, merged }) => {
        // The next write begins a log anew that has been merged whole. One that is under way goes on with it, so then this is too little,
        // until the next merge.
        this.#logged = logged === merged ? 0 : logged;
      })
      .catch(() => {
        this.#logged = 0;
        this.#writer.exec(`PRAGMA wal_autocheckpoint = ${UNCARED}`);
      })
      .finally(() => {
        this.#merging = undefined;
      });
    this.#changes = this.#totalChanges();
    return this.#merging;
  }

  #totalChanges(): number {
    return this.#writer.get<{ changes: number }>("SELECT total_changes() AS changes")?.changes ?? 0;
  }
}
