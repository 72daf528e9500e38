import type { Condition, Reader } from "../catalogue/reader.js";
import type { FilterNode } from "../filter/filter-node.js";
import { verdictOf } from "../filter/verdict.js";
import type { Pace } from "../pace.js";
import { type FieldIndexes, STRETCH } from "./field-indexes.js";
import { addBits, addRows, countRows, noRows, rowsIn } from "./row-bits.js";

/** A filter, checked: its tree, the same as SQL, and the fields it asks for, by path as JSON. */
export interface Filtering {
  readonly key: string;
  readonly node: FilterNode;
  readonly condition: Condition;
  readonly paths: ReadonlyMap<string, readonly string[]>;
}

/** Bytes of masks that are kept. */
const CACHE_BYTES = 2 ** 22;

/** Bytes of bits for each row of a mask that is packed, at least: to half its room. */
const PACKED = 8;

/** Rows that one statement looks at: about a millisecond's work. */
const SPAN = 512;

/** Of a span's rows, a share of one in this many is looked at one by one. */
const FEW = 8;

/** A namespace's rows are found by their ids where it has less than one in this many of the store's. */
const SMALL = 16;

/** Stores with fewer rows than this need no indexes: to look at all of them takes milliseconds. */
export const LEAST_INDEXED = 4_096;

/**
 * Which rows of a namespace meet a filter, as far as they have been looked at: up to row `through`. A record never changes, so
 * what was found of a row stays true, and a mask only has to grow with the store. Rows of other namespaces, and rows that are
 * gone, may have a bit as well: who uses the mask knows the rows that there are.
 */
export class Mask {
  readonly #namespace: number;
  readonly #filtering: Filtering;
  readonly #indexes: FieldIndexes;
  /** What was found: a bit for each row, or while it lies packed, which takes less room where it is little, the rows themselves. */
  #bits = noRows(0);
  #packed: Uint32Array | undefined;
  /** Whether it was found to be too much to be packed. */
  #dense = false;
  #through = 0;
  /** How many calls of `grow` are under way. */
  #growing = 0;

  constructor(namespace: number, filtering: Filtering, indexes: FieldIndexes) {
    this.#namespace = namespace;
    this.#filtering = filtering;
    this.#indexes = indexes;
  }

  get bytes(): number {
    return (this.#packed?.byteLength ?? this.#bits.length) + 2 * this.#filtering.key.length;
  }

  /** Takes less room from now on, if it can; returns by how many bytes. */
  pack(): number {
    if (this.#packed || this.#dense || this.#growing > 0) return 0;
    const count = countRows(this.#bits);
    this.#dense = count > this.#bits.length / PACKED;
    if (this.#dense) return 0;
    const before = this.bytes;
    this.#packed = new Uint32Array(count);
    let next = 0;
    // Not by `entries()`, which makes an array of each of a hundred thousand bytes.
    for (let at = 0; at < this.#bits.length; at++) {
      for (let left = this.#bits[at] ?? 0; left !== 0; left &= left - 1) {
        this.#packed[next++] = 8 * at + 31 - Math.clz32(left & -left);
      }
    }
    this.#bits = noRows(0);
    return before - this.bytes;
  }

  /** Whether all rows have been looked at. A search that begins in the same turn sees the same rows. */
  covers(reader: Reader): boolean {
    return reader.lastRow() <= this.#through;
  }

  /** A copy, which does not grow. */
  bits(): Uint8Array {
    if (!this.#packed) return this.#bits.slice(0, (this.#through >>> 3) + 1);
    const bits = noRows(this.#through);
    addRows(bits, this.#packed);
    return bits;
  }

  /** Looks at the rows that are new to it; `held` is how many records the namespace holds. Ask `covers` again after it. */
  async grow(reader: Reader, held: number, pace: Pace): Promise<void> {
    this.#growing += 1;
    try {
      if (this.#packed) [this.#bits, this.#packed] = [this.bits(), undefined];
      await this.#grow(reader, held, pace);
    } finally {
      this.#growing -= 1;
    }
  }

  async #grow(reader: Reader, held: number, pace: Pace): Promise<void> {
    const last = reader.lastRow();
    if (SMALL * held < last - this.#through) return this.#growByIds(reader, last, pace);
    if (last - this.#through > LEAST_INDEXED) this.#indexes.start();
    // Others may be growing it, too.
    while (this.#through < last) {
      this.#room(last);
      const base = this.#through + 1 - ((this.#through + 1) % STRETCH);
      const end = Math.min(base + STRETCH - 1, last);
      const verdict = verdictOf(this.#filtering.node, STRETCH, (path) => this.#indexes.pieces(reader, path, base));
      if (verdict) {
        const { certain, possible } = verdict;
        const found = certain.subarray(0, ((end - base) >>> 3) + 1);
        // Where something is left to be looked at, another call may be at it.
        if (certain === possible && base > this.#through) this.#bits.set(found, base >>> 3);
        else addBits(this.#bits, found, base >>> 3);
        if (certain !== possible) await this.#decide(reader, base, end, certain, possible, pace);
        this.#through = Math.max(this.#through, end);
      } else {
        const to = Math.min(this.#through + this.#span(), end);
        this.#add(reader.rowsBetween(this.#namespace, this.#through, to, this.#filtering.condition));
        this.#through = to;
      }
      if (pace.due) await pace.pause();
    }
  }

  /** Looks at those rows of a stretch of which the indexes do not tell. */
  async #decide(
    reader: Reader,
    base: number,
    end: number,
    certain: Uint8Array,
    possible: Uint8Array,
    pace: Pace,
  ): Promise<void> {
    const open = possible.map((byte, i) => byte & ~(certain[i] ?? 0));
    const { condition } = this.#filtering;
    const span = this.#span();
    for (let first = 0; first <= end - base; first += span) {
      const to = Math.min(first + span - 1, end - base);
      const rows = rowsIn(open, first - 1, to).map((row) => base + row);
      if (rows.length === 0) continue;
      if (rows.length * FEW < span) this.#add(reader.rowsAmong(this.#namespace, rows, condition));
      else this.#add(reader.rowsBetween(this.#namespace, base + first - 1, base + to, condition));
      if (pace.due) await pace.pause();
    }
  }

  async #growByIds(reader: Reader, last: number, pace: Pace): Promise<void> {
    const found: number[] = [];
    for (let id: string | undefined = ""; id !== undefined; ) {
      const page = reader.rowsByIds(this.#namespace, id, this.#span(), this.#filtering.condition);
      for (const row of page.rows) if (row <= last) found.push(row);
      id = page.last;
      if (pace.due) await pace.pause();
    }
    this.#room(last);
    this.#add(found);
    this.#through = Math.max(this.#through, last);
  }

  #add(rows: readonly number[]): void {
    addRows(this.#bits, rows);
  }

  /** Rows looked at in one statement. SQLite reads a long list of values anew in each of them, so then they are more. */
  #span(): number {
    const given = this.#filtering.condition.parameters;
    return given.reduce<number>((sum, value) => sum + (typeof value === "string" ? value.length >> 3 : 0), SPAN);
  }

  #room(last: number): void {
    const bytes = (last >>> 3) + 1;
    if (bytes <= this.#bits.length) return;
    const bits = new Uint8Array(Math.max(bytes, Math.min(2 * this.#bits.length, bytes + 4_096)));
    bits.set(this.#bits);
    this.#bits = bits;
  }
}

/** The masks that were asked for last, in `most` bytes. */
export class Masks {
  readonly #indexes: FieldIndexes;
  readonly #most: number;
  readonly #masks = new Map<string, Mask>();

  constructor(indexes: FieldIndexes, most = CACHE_BYTES) {
    this.#indexes = indexes;
    this.#most = most;
  }

  of(namespace: number, filtering: Filtering): Mask {
    this.#indexes.use(filtering.paths);
    const key = `${namespace} ${filtering.key}`;
    const mask = this.#masks.get(key) ?? new Mask(namespace, filtering, this.#indexes);
    this.#masks.delete(key);
    this.#masks.set(key, mask);
    this.#makeRoom();
    return mask;
  }

  /** All but the last make room, those asked for longest ago first: by what they can do without, and if that is too little, by going. */
  #makeRoom(): void {
    let over = -this.#most;
    for (const { bytes } of this.#masks.values()) over += bytes;
    if (over <= 0) return;
    const others = [...this.#masks].slice(0, -1);
    for (const [, mask] of others) {
      if (over <= 0) return;
      over -= mask.pack();
    }
    for (const [key, { bytes }] of others) {
      if (over <= 0) return;
      this.#masks.delete(key);
      over -= bytes;
    }
  }
}
