import type { Reader } from "../catalogue/reader.js";
import { Pace } from "../pace.js";
import { countRows } from "./row-bits.js";

/** Rows read at a time: about a millisecond's work. */
const PAGE = 2_048;

/** The rows of records without a vector, which are in no partition: a bit for each row, and how many each namespace has. */
export class PlainRows {
  /** A bit for each row, lowest first. */
  #bits: Uint8Array = new Uint8Array();
  readonly #counts = new Map<number, number>();

  /** What the catalogue says. */
  static async read(reader: Reader): Promise<PlainRows> {
    const rows = new PlainRows();
    const pace = new Pace();
    for (let page = reader.plainRows({ namespace: 0, row: 0 }, PAGE); page.length > 0; ) {
      for (const { namespace, row } of page) rows.add(namespace, row);
      const last = page.at(-1);
      page = last && page.length === PAGE ? reader.plainRows(last, PAGE) : [];
      if (pace.due) await pace.pause();
    }
    return rows;
  }

  /** How many there are, in a namespace or in all. */
  count(namespace?: number): number {
    if (namespace !== undefined) return this.#counts.get(namespace) ?? 0;
    let all = 0;
    for (const count of this.#counts.values()) all += count;
    return all;
  }

  /** The namespaces that have some. */
  namespaces(): Iterable<number> {
    return this.#counts.keys();
  }

  /** How many of them, whatever their namespace, `allow` has a bit for. */
  among(allow: Uint8Array): number {
    return countRows(this.#bits.subarray(0, allow.length).map((byte, i) => byte & (allow[i] ?? 0)));
  }

  has(row: number): boolean {
    return (((this.#bits[row >>> 3] ?? 0) >>> (row & 7)) & 1) === 1;
  }

  add(namespace: number, row: number): void {
    if (row >>> 3 >= this.#bits.length) {
      const bits = new Uint8Array((row >>> 2) + 64);
      bits.set(this.#bits);
      this.#bits = bits;
    }
    if (this.has(row)) return;
    this.#flip(row);
    this.#counts.set(namespace, this.count(namespace) + 1);
  }

  /** Forgets a row, and says whether it was one of these. */
  remove(namespace: number, row: number): boolean {
    if (!this.has(row)) return false;
    this.#flip(row);
    const left = this.count(namespace) - 1;
    if (left > 0) this.#counts.set(namespace, left);
    else this.#counts.delete(namespace);
    return true;
  }

  #flip(row: number): void {
    this.#bits[row >>> 3] = (this.#bits[row >>> 3] ?? 0) ^ (1 << (row & 7));
  }
}
