import type { Condition, RecordView, Source } from "../source.js";

/** Records of a page. */
const SIZE = 100;

/** Pages that are kept: what was seen last. */
const MOST = 60;

/** How long the list rests before pages are asked for: those that are only scrolled past are not. */
const REST_MS = 60;

/** A listing by pages, of which those are asked for that are looked at, and stale questions are aborted. */
export class RecordPages {
  readonly #source: Source;
  readonly #namespace: string;
  readonly #conditions: readonly Condition[];
  readonly #changed: (total: number | undefined, error: unknown) => void;
  readonly #pages = new Map<number, readonly RecordView[]>();
  readonly #asked = new Map<number, AbortController>();
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** `changed` is called when a page has come, with how many records there are, or when one could not be read. */
  constructor(
    source: Source,
    namespace: string,
    conditions: readonly Condition[],
    changed: (total: number | undefined, error: unknown) => void,
  ) {
    this.#source = source;
    this.#namespace = namespace;
    this.#conditions = conditions;
    this.#changed = changed;
  }

  /** The record at a place; undefined until its page is there. */
  at(place: number): RecordView | undefined {
    return this.#pages.get(Math.floor(place / SIZE))?.[place % SIZE];
  }

  /** Says which places are looked at, the last one included. */
  look(first: number, last: number): void {
    const wanted: number[] = [];
    for (let page = Math.floor(first / SIZE); page <= Math.floor(last / SIZE); page++) wanted.push(page);
    for (const [page, asked] of this.#asked) {
      if (wanted.includes(page)) continue;
      asked.abort();
      this.#asked.delete(page);
    }
    clearTimeout(this.#rest);
    const missing = wanted.filter((page) => !this.#pages.has(page) && !this.#asked.has(page));
    if (missing.length === 0) return;
    this.#rest = setTimeout(() => {
      for (const page of missing) void this.#ask(page);
    }, REST_MS);
  }

  end(): void {
    clearTimeout(this.#rest);
    for (const asked of this.#asked.values()) asked.abort();
    this.#asked.clear();
  }

  async #ask(page: number): Promise<void> {
    const abort = new AbortController();
    this.#asked.set(page, abort);
    try {
      const question = { namespace: this.#namespace, conditions: this.#conditions, offset: page * SIZE, limit: SIZE };
      const { records, total } = await this.#source.page(question, abort.signal);
      if (abort.signal.aborted) return;
      this.#pages.set(page, records);
      const [oldest] = this.#pages.keys();
      if (this.#pages.size > MOST && oldest !== undefined) this.#pages.delete(oldest);
      this.#changed(total, undefined);
    } catch (error) {
      if (!abort.signal.aborted) this.#changed(undefined, error);
    } finally {
      if (this.#asked.get(page) === abort) this.#asked.delete(page);
    }
  }
}
