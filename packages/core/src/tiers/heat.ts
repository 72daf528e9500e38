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

  /** The `count` least valuable rows, oldest first among equals, in ascending order. */
  coldest(count: number): number[] {
    const byValue = [...this.#values].sort(([rowA, a], [rowB, b]) => a - b || rowA - rowB);
    return byValue
      .slice(0, count)
      .map(([row]) => row)
      .sort((a, b) => a - b);
  }
}
