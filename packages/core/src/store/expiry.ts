import type { Condition, ExpiringRow, Reader } from "../catalogue/reader.js";
import type { Pace } from "../pace.js";
import { addRows, noRows } from "./row-bits.js";

/** Rows asked for at a time: about a millisecond's work. */
const PAGE = 2_048;

/** Whether a record is not to be found any more. */
export function hasExpired({ expires }: { readonly expires: number | null }, now: number): boolean {
  return expires !== null && expires <= now;
}

/**
 * Which rows have expired and not been swept yet. Nothing is asked of the catalogue, or kept, before the first record
 * expires. A row's time never changes, so rows that have expired are found once; if the clock is put back, anew.
 */
export class Expiry {
  /** When the first record to expire does, of those that are stored. */
  #next = Number.POSITIVE_INFINITY;
  /** Rows that expire by then are in `#bits`. */
  #until = Number.NEGATIVE_INFINITY;
  /** The latest moment that rows are being looked for. */
  #sought = Number.NEGATIVE_INFINITY;
  /** A bit for each row, lowest first. */
  #bits: Uint8Array = new Uint8Array();
  /** How often all was forgotten. */
  #age = 0;

  /** Whether any stored record ever expires, and when the first does: `Infinity` for never. */
  get next(): number {
    return this.#next;
  }

  /** Takes what the catalogue says: when the first record expires. */
  begin(next: number | undefined): void {
    this.#next = next ?? Number.POSITIVE_INFINITY;
    this.#forget();
  }

  /** Takes rows that were written. */
  add(rows: readonly ExpiringRow[]): void {
    for (const { row, expires } of rows) {
      this.#next = Math.min(this.#next, expires);
      // It may have expired, and been looked for, while the transaction ran.
      if (expires <= this.#sought) this.#mark(row);
    }
  }

  /** When the first of the records expires that a sweep has left. */
  swept(next: number | undefined): void {
    this.#next = next ?? Number.POSITIVE_INFINITY;
  }

  /** Whether all rows are known that have expired by `now`. */
  knows(now: number): boolean {
    if (Date.now() < this.#until) this.#forget();
    return now < this.#next || now <= this.#until;
  }

  /** Finds the rows that have expired by `now`, unless another process writes meanwhile: ask `knows` again. */
  async find(reader: Reader, now: number, pace: Pace): Promise<void> {
    const age = this.#age;
    this.#sought = Math.max(this.#sought, now);
    let last: ExpiringRow = { row: 2 ** 32, expires: Math.max(this.#until, Number.MIN_SAFE_INTEGER) };
    for (;;) {
      const page = reader.expiring(last, now, PAGE);
      for (const { row } of page) this.#mark(row);
      const end = page.at(-1);
      if (!end || page.length < PAGE) break;
      last = end;
      if (pace.due) await pace.pause();
      if (this.#age !== age) return;
    }
    this.#until = Math.max(this.#until, now);
  }

  /** Of the rows that are allowed (default: all), those that have not expired; undefined for all. Call when it `knows`. */
  without(allow: Uint8Array | undefined, now: number, reader: Reader): Uint8Array | undefined {
    if (now < this.#next) return allow;
    const left = allow ?? noRows(reader.lastRow()).fill(0xff);
    const bytes = Math.min(left.length, this.#bits.length);
    for (let i = 0; i < bytes; i++) left[i] = (left[i] ?? 0) & ~(this.#bits[i] ?? 0);
    return left;
  }

  /** A condition that expired records do not meet either. */
  unexpired(condition: Condition, now: number): Condition {
    if (now < this.#next) return condition;
    return {
      sql: `(${condition.sql}) AND (records.expires IS NULL OR records.expires > ?)`,
      parameters: [...condition.parameters, now],
    };
  }

  #mark(row: number): void {
    if (row >>> 3 >= this.#bits.length) {
      const bits = noRows(2 * row + 512);
      bits.set(this.#bits);
      this.#bits = bits;
    }
    addRows(this.#bits, [row]);
  }

  #forget(): void {
    this.#until = Number.NEGATIVE_INFINITY;
    this.#sought = Number.NEGATIVE_INFINITY;
    this.#bits = new Uint8Array();
    this.#age += 1;
  }
}
