import { type Metric, type OpenOptions, Thermocline, ThermoclineError } from "@thermocline/core";
import { refuse } from "./errors.js";
import { fileOf, IndexFiles } from "./index-files.js";

/** An open index. */
export class Index {
  readonly store: Thermocline;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: Thermocline) {
    this.store = store;
  }

  /** Components per vector, which a store has from the start. */
  get dim(): number {
    return this.store.stats().dim ?? 0;
  }

  get metric(): Metric {
    return this.store.stats().metric;
  }

  /** Runs what writes, after all that was given before: what reads before it writes must find what it has read. */
  write<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

/**
 * Indexes by name, in a folder or in memory. Each is opened by the first call that needs it. Whatever opens, makes or deletes an
 * index takes its turn: the promise in the map is the index's state after the last of them.
 */
export class Indexes {
  readonly #options: OpenOptions;
  readonly #files: IndexFiles | undefined;
  readonly #states = new Map<string, Promise<Index | undefined>>();
  /** Calls under way, which `close` waits for. They settle, and never reject. */
  readonly #calls = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;

  constructor(path: string | undefined, options: OpenOptions) {
    if (path !== undefined && (typeof path !== "string" || path === "" || path.includes("\0"))) {
      refuse(`path is ${JSON.stringify(path)}; give a folder's path, or leave it out for indexes in memory.`);
    }
    this.#options = options;
    this.#files = path === undefined ? undefined : new IndexFiles(path);
  }

  /** Does what is to be done with an index. */
  async use<T>(name: string, work: (index: Index) => Promise<T>): Promise<T> {
    this.#assertOpen();
    const result = this.#get(name).then(work);
    const ended: Promise<void> = result.then(
      () => void this.#calls.delete(ended),
      () => void this.#calls.delete(ended),
    );
    this.#calls.add(ended);
    return result;
  }

  /** Makes an index; where there is one of this name already, gives it back as it is. */
  async create(name: string, dim: number, metric: Metric): Promise<{ readonly index: Index; readonly made: boolean }> {
    let made = false;
    const index = await this.#next(name, async (before) => {
      const there = before ?? (await this.#open(name));
      if (there) return there;
      if (this.#options.readOnly === true) refuseReadOnly();
      made = true;
      if (!this.#files) return new Index(await Thermocline.open({ ...this.#options, dim, metric }));
      made = await this.#files.make(name, async (path) => {
        await (await Thermocline.open({ ...this.#options, dim, metric, path })).close();
      });
      return this.#open(name);
    });
    return index ? { index, made } : refuse(`Index ${JSON.stringify(name)} was deleted as soon as it was made.`);
  }

  /** Deletes an index, after the writes that it was given; one that is not there is none. */
  async delete(name: string): Promise<void> {
    await this.#next(name, async (before) => {
      if (this.#options.readOnly === true) refuseReadOnly();
      await before?.write(() => before.store.close());
      await this.#files?.remove(name);
      return undefined;
    });
  }

  async names(): Promise<string[]> {
    this.#assertOpen();
    if (this.#files) return this.#files.names();
    const states = await Promise.all(
      [...this.#states].map(async ([name, state]) => ((await state.catch(() => undefined)) ? [name] : [])),
    );
    return states.flat();
  }

  /** Closes what is open, after the calls under way. Calls after it reject with `CLOSED`, but for `close` itself. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all(this.#calls);
    const indexes = await Promise.all([...this.#states.values()].map((state) => state.catch(() => undefined)));
    this.#states.clear();
    await Promise.all(indexes.map((index) => index?.write(() => index.store.close())));
  }

  #assertOpen(): void {
    if (this.#closing) throw new ThermoclineError("CLOSED", "This vector store is closed; make another to go on.");
  }

  async #get(name: string): Promise<Index> {
    const index = await this.#next(name, async (before) => before ?? this.#open(name));
    return index ?? refuse(`There is no index ${JSON.stringify(name)}; make it with createIndex.`);
  }

  async #open(name: string): Promise<Index | undefined> {
    if (!(await this.#files?.exists(name))) return undefined;
    return new Index(await Thermocline.open({ ...this.#options, path: this.#files?.path(name) }));
  }

  /** Takes the index from the state before to the next one; a step that fails leaves none open. */
  async #next(
    name: string,
    step: (before: Index | undefined) => Promise<Index | undefined>,
  ): Promise<Index | undefined> {
    this.#assertOpen();
    fileOf(name);
    const before = this.#states.get(name) ?? Promise.resolve(undefined);
    const after = before.catch(() => undefined).then(step);
    this.#states.set(name, after);
    const forget = (index?: Index) => {
      if (!index && this.#states.get(name) === after) this.#states.delete(name);
    };
    after.then(forget, () => forget());
    return after;
  }
}

function refuseReadOnly(): never {
  throw new ThermoclineError("UNSUPPORTED", "This vector store was made with readOnly; it neither makes nor deletes.");
}
