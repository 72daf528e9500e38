/** What a case asks of a contender beside its name; JSON, since it also crosses to Python. */
export type Settings = Readonly<Record<string, string | number | boolean | null>>;

/** What a contender works on. */
export interface Task {
  readonly rows: number;
  readonly dim: number;
  readonly threads: number;
  /** Decides what `build` makes. */
  readonly build: Settings;
  /** Decides how `open` and searches go about it. */
  readonly query: Settings;
  /** A folder of its own, in which `build` leaves what `open` reads. */
  readonly folder: string;
  /** Unit vectors `[rows][dim]`, read from disk when asked for. */
  documents(): Promise<Float32Array>;
}

/** A contender that is ready to be asked. Rows are found by their numbers. */
export interface Opened {
  /** The row numbers of the k best, best first. */
  search(query: Float32Array, k: number): number[] | Promise<number[]>;
  /** The same for many queries in one call. */
  searchAll?(queries: readonly Float32Array[], k: number): number[][] | Promise<number[][]>;
  close?(): void | Promise<void>;
}

/** A store or an index, behind the two calls that the suite makes. */
export interface Contender {
  /** Left out by those that keep nothing on disk. Called once, in a process of its own. */
  build?(task: Task): Promise<void>;
  open(task: Task): Promise<Opened>;
}

/** What a store keeps beside each vector, and returns with it, if it keeps texts at all. */
export function textOf(row: number): string {
  return `the text of record ${row}`;
}
