import type { Filter, ListPageOptions, StoredRecord } from "@thermocline/core";
import type { Inspected } from "./inspected.js";

/** Records between two cursors that are kept. */
const STEP = 1_000;

/** A listing that is read from the middle: cursors of every thousandth record, found as far as anybody has asked. */
export class Cursors {
  readonly #store: Inspected;
  readonly #namespace: string;
  readonly #filter: Filter | undefined;
  /** Where each thousand begins; undefined for the first, and beyond the last there is none. */
  readonly #cursors: (string | undefined)[] = [undefined];
  #whole = false;
  #walking: Promise<void> = Promise.resolve();

  constructor(store: Inspected, namespace: string, filter: Filter | undefined) {
    this.#store = store;
    this.#namespace = namespace;
    this.#filter = filter;
  }

  /** Up to `limit` records, `offset` of them passed over. */
  async page(offset: number, limit: number, signal: AbortSignal | undefined): Promise<StoredRecord[]> {
    const stretch = Math.floor(offset / STEP);
    await this.#reach(stretch, signal);
    if (stretch >= this.#cursors.length) return [];
    const place = { cursor: this.#cursors[stretch], offset: offset - stretch * STEP };
    const { records } = await this.#list(place, limit, signal);
    return [...records];
  }

  /** Finds the cursor of a thousand. Callers wait for each other, and each goes on from where the one before was. */
  #reach(stretch: number, signal: AbortSignal | undefined): Promise<void> {
    const walked = this.#walking.then(async () => {
      while (this.#cursors.length <= stretch && !this.#whole) {
        const { cursor } = await this.#list({ cursor: this.#cursors.at(-1), offset: STEP - 1 }, 1, signal);
        if (cursor === undefined) this.#whole = true;
        else this.#cursors.push(cursor);
      }
    });
    this.#walking = walked.catch(() => {});
    return walked;
  }

  #list(place: Pick<ListPageOptions, "cursor" | "offset">, limit: number, signal: AbortSignal | undefined) {
    return this.#store.listPage({ namespace: this.#namespace, filter: this.#filter, ...place, limit, signal });
  }
}
