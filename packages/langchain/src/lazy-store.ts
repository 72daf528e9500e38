import { type OpenOptions, Thermocline, ThermoclineError } from "@thermocline/core";

/** A store that the first call opens: one of its own, which closing closes, or one that is lent and stays open. */
export class LazyStore {
  readonly #what: string;
  readonly #options: OpenOptions;
  readonly #lent: boolean;
  #opening: Promise<Thermocline> | undefined;
  #closed = false;

  private constructor(what: string, options: OpenOptions, lent?: Thermocline) {
    this.#what = what;
    this.#options = options;
    this.#lent = lent !== undefined;
    if (lent) this.#opening = Promise.resolve(lent);
  }

  /** A store of its own. `what` names it in errors: "byte store". */
  static of(what: string, options: OpenOptions): LazyStore {
    return new LazyStore(what, options);
  }

  /** A store that is open already. */
  static lent(what: string, store: Thermocline): LazyStore {
    return new LazyStore(what, {}, store);
  }

  /** A store that is open already, whose scores are cosines. */
  static lentCosine(what: string, store: Thermocline): LazyStore {
    const { metric } = store.stats();
    if (metric === "cosine") return LazyStore.lent(what, store);
    const rule = 'open a store with metric "cosine"';
    throw new ThermoclineError("ARGUMENT", `A ${what} compares by cosine, and this store by ${metric}; ${rule}.`);
  }

  /** The store, opened if it is not yet. When that fails, the next call tries again. */
  async open(): Promise<Thermocline> {
    this.assertOpen();
    this.#opening ??= Thermocline.open(this.#options).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  get closed(): boolean {
    return this.#closed;
  }

  async close(): Promise<void> {
    this.assertOpen();
    this.#closed = true;
    const store = await this.#opening?.catch(() => undefined);
    if (!this.#lent) await store?.close();
  }

  /** Throws `CLOSED` once it is closed. */
  assertOpen(): void {
    if (this.#closed) throw new ThermoclineError("CLOSED", `This ${this.#what} is closed; make another to go on.`);
  }
}
