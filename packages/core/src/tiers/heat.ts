import { Pace } from "../pace.js";

/**
 * How valuable each hot row is: uses, with aging. A use makes a row worth one more than the larger of its own value and
 * the floor; the floor is the highest value ever let go, so rows that were popular long ago sink below new ones (least
 * frequently used with dynamic aging: Arlitt et al. 1999).
 */
export class Heat {
  readonly #values = new Map<number, number>();
  #floor = 0;

  get size(): number {
    return this.#values.size;
  }

  has(row: number): boolean {
    return this.#values.has(row);
  }

  /** The hot rows, in the order in which they came. */
  rows(): Iterable<number> {
    return this.#values.keys();
  }

  /** Counts a use of a row, or its arrival. */
  touch(row: number): void {
    this.#values.set(row, Math.max(this.#values.get(row) ?? 0, this.#floor) + 1);
  }

  /** Counts a use of a row that is hot; other rows are passed over. */
  use(row: number): void {
    if (this.#values.has(row)) this.touch(row);
  }

  forget(row: number): void {
    this.#values.delete(row);
  }

  /** Forgets a row because it was let go: what is as valuable as it was will be next. */
  release(row: number): void {
    this.#floor = Math.max(this.#floor, this.#values.get(row) ?? 0);
    this.#values.delete(row);
  }

  /** Forgets all rows but these; those it does not know arrive. */
  keep(rows: readonly number[]): void {
    const before = new Map(this.#values);
    this.#values.clear();
    for (const row of rows) {
      const value = before.get(row);
      if (value === undefined) this.touch(row);
      else this.#values.set(row, value);
    }
  }

  /** About the `count` least valuable rows, oldest first among equals, in ascending order; rows may come and go meanwhile. */
  async coldest(count: number): Promise<Uint32Array> {
    const pace = new Pace();
    // Values are whole numbers, and few differ.
    const rowsOf = new Map<number, number>();
    for (const value of this.#values.values()) {
      rowsOf.set(value, (rowsOf.get(value) ?? 0) + 1);
      if (pace.due) await pace.pause();
    }
    let below = 0;
    let last = 0;
    for (const [value, rows] of [...rowsOf].sort(([a], [b]) => a - b)) {
      last = value;
      if (below + rows >= count) break;
      below += rows;
    }
    const found: number[] = [];
    let equals = count - below;
    for (const [row, value] of this.#values) {
      if (found.length === count) break;
      if (value < last || (value === last && equals-- > 0)) found.push(row);
      if (pace.due) await pace.pause();
    }
    return Uint32Array.from(found).sort();
  }
}
