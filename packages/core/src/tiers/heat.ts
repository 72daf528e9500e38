import { Pace } from "../pace.js";

/** How uses become value, and when a cold row is worth a hot one's place. */
export interface Policy {
  /** Hits that queries return until a use counts half, in capacities. Next to none makes value recency alone (LRU). */
  readonly halfLife: number;
  /** How many times as valuable as the rows let go a cold row has to be: what keeps rows from going up and down by turns. */
  readonly margin: number;
  /** Cold rows whose uses are remembered, in capacities. */
  readonly memory: number;
}

export const POLICY: Policy = { halfLife: 4, margin: 1.1, memory: 2 };

/** Values are told apart in steps of this part of a doubling. */
const STEPS = 256;

/** What rows are worth of which no use is known, as they were hot before the store was opened: half a use. */
const UNKNOWN = -1;

/**
 * How valuable rows are, hot ones and those cold ones that queries return: uses, of which each counts half when `halfLife`
 * more hits have been returned (least recently and frequently used: Lee et al. 2001). Values are logarithms to base 2 of
 * what a row's uses were worth at one fixed moment, so they change with a use only, and never have to be aged.
 *
 * Which rows are hot is known here too, and which of them are pinned.
 */
export class Heat {
  readonly #hot = new Map<number, number>();
  /** Cold rows that queries returned, the one returned last at the end. */
  readonly #cold = new Map<number, number>();
  readonly #pinned = new Set<number>();
  /** Hot rows of which the file has half floats. */
  readonly #halves = new Set<number>();
  /** Cold rows that were worth a place when they were last used. */
  #risen = new Set<number>();
  /** The value of a use now. */
  #now = 0;
  /** The highest value let go for want of room. */
  #floor = Number.NEGATIVE_INFINITY;
  readonly #capacity: () => number;
  readonly #policy: Policy;

  /** `capacity`: how many rows can be hot. */
  constructor(capacity: () => number, policy: Policy = POLICY) {
    this.#capacity = capacity;
    this.#policy = policy;
  }

  get size(): number {
    return this.#hot.size;
  }

  /** How many rows are pinned, all of them hot. */
  get pinned(): number {
    return this.#pinned.size;
  }

  /** How many hot rows have their vector in half floats in the file. */
  get halves(): number {
    return this.#halves.size;
  }

  /** How many cold rows seem to be worth a place. */
  get risen(): number {
    return this.#risen.size;
  }

  has(row: number): boolean {
    return this.#hot.has(row);
  }

  isPinned(row: number): boolean {
    return this.#pinned.has(row);
  }

  /** Whether a row is hot and may be let go. */
  isFree(row: number): boolean {
    return this.#hot.has(row) && !this.#pinned.has(row);
  }

  /** The hot rows, in the order in which they came. */
  rows(): Iterable<number> {
    return this.#hot.keys();
  }

  /** A row is hot from now on: worth what its uses were worth, or `touched`, a use more. `bits` of its vector in the file. */
  arrive(row: number, touched = true, bits = 32): void {
    const before = this.#cold.get(row);
    this.#forgetCold(row);
    this.#hot.set(row, touched ? sum(before, this.#now) : (before ?? this.#now));
    if (bits === 16) this.#halves.add(row);
  }

  /** Counts a use. `remembered`: whether a cold row may rise by it. */
  use(row: number, remembered: boolean): void {
    const capacity = this.#capacity();
    this.#now += 1 / Math.max(1, this.#policy.halfLife * capacity);
    const hot = this.#hot.get(row);
    if (hot !== undefined) this.#hot.set(row, sum(hot, this.#now));
    else if (remembered) this.#remember(row, sum(this.#cold.get(row), this.#now), capacity);
  }

  /** Up to `count` cold rows that are worth a place, the most valuable first. What is left out has to be used again. */
  takeRisen(count: number): number[] {
    const rows = [...this.#risen].filter((row) => this.#isWorth(this.#cold.get(row)));
    this.#risen = new Set();
    return rows.sort((a, b) => (this.#cold.get(b) ?? 0) - (this.#cold.get(a) ?? 0)).slice(0, count);
  }

  /** Pins a hot row. */
  pin(row: number): void {
    this.#pinned.add(row);
  }

  unpin(row: number): void {
    this.#pinned.delete(row);
  }

  /** Forgets all about a row. */
  forget(row: number): void {
    this.#leave(row);
    this.#forgetCold(row);
  }

  /** Lets a row go for want of room. Its uses stay in mind, and what is less valuable than it was will not rise. */
  release(row: number, remembered: boolean): void {
    const value = this.#hot.get(row) ?? Number.NEGATIVE_INFINITY;
    this.#leave(row);
    this.#floor = Math.max(this.#floor, value);
    if (remembered) this.#remember(row, value, this.#capacity());
    this.#risen.delete(row);
  }

  /** Forgets all hot rows but these; those it does not know are worth half a use. `halves` and `pinned` are among them. */
  keep(rows: readonly number[], halves: readonly number[], pinned: readonly number[]): void {
    const before = new Map(this.#hot);
    this.#hot.clear();
    for (const row of rows) {
      const value = before.get(row);
      if (value === undefined) this.#arriveUnknown(row);
      else this.#hot.set(row, value);
    }
    this.#halves.clear();
    for (const row of halves) this.#halves.add(row);
    this.#pinned.clear();
    for (const row of pinned) this.#pinned.add(row);
  }

  /**
   * About the `count` least valuable rows that are not pinned, oldest first among equals, in ascending order; rows may come
   * and go meanwhile.
   */
  async coldest(count: number): Promise<Uint32Array> {
    const pace = new Pace();
    const rowsOf = new Map<number, number>();
    for (const [row, value] of this.#hot) {
      if (this.#pinned.has(row)) continue;
      rowsOf.set(step(value), (rowsOf.get(step(value)) ?? 0) + 1);
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
    for (const [row, value] of this.#hot) {
      if (found.length === count) break;
      if (this.#pinned.has(row)) continue;
      if (step(value) < last || (step(value) === last && equals-- > 0)) found.push(row);
      if (pace.due) await pace.pause();
    }
    return Uint32Array.from(found).sort();
  }

  #arriveUnknown(row: number): void {
    const value = this.#cold.get(row) ?? this.#now + UNKNOWN;
    this.#forgetCold(row);
    this.#hot.set(row, value);
  }

  #leave(row: number): void {
    this.#hot.delete(row);
    this.#halves.delete(row);
    this.#pinned.delete(row);
  }

  #forgetCold(row: number): void {
    this.#cold.delete(row);
    this.#risen.delete(row);
  }

  /** Keeps in mind what a cold row is worth, in the place of the row that was returned longest ago. */
  #remember(row: number, value: number, capacity: number): void {
    this.#cold.delete(row);
    this.#cold.set(row, value);
    if (this.#isWorth(value)) this.#risen.add(row);
    if (this.#cold.size <= this.#policy.memory * capacity) return;
    const [oldest] = this.#cold.keys();
    if (oldest !== undefined) this.#forgetCold(oldest);
  }

  #isWorth(value: number | undefined): boolean {
    return value !== undefined && value > this.#floor + Math.log2(this.#policy.margin);
  }
}

/** The value of uses worth `a` and `b` together. */
function sum(a: number | undefined, b: number): number {
  if (a === undefined) return b;
  return Math.max(a, b) + Math.log2(1 + 2 ** -Math.abs(a - b));
}

function step(value: number): number {
  return Math.floor(value * STEPS);
}
