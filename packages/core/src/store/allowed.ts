import { Pace } from "../pace.js";
import { type Engine, heldRecords } from "./engine.js";
import type { Filtering, Mask } from "./masks.js";

/**
 * The rows of a namespace that a search may find: those that meet its filter and have not expired when it begins. While they
 * are not `known`, `find` them; what `rows` then says holds for a search that begins in the same turn.
 */
export class Allowed {
  readonly #engine: Engine;
  readonly #namespace: number;
  readonly #mask: Mask | undefined;
  readonly #now = Date.now();
  readonly #pace: Pace;

  constructor(engine: Engine, namespace: number, filtering: Filtering | undefined, signal: AbortSignal | undefined) {
    this.#engine = engine;
    this.#namespace = namespace;
    this.#mask = filtering && engine.masks.of(namespace, filtering);
    this.#pace = new Pace(signal);
  }

  get known(): boolean {
    const { catalogue, expiry } = this.#engine;
    return expiry.knows(this.#now) && (this.#mask?.covers(catalogue.reader) ?? true);
  }

  /** Some milliseconds at a time; writes may come in between, so that more is to be found. */
  async find(): Promise<void> {
    const { catalogue, expiry } = this.#engine;
    if (!expiry.knows(this.#now)) await expiry.find(catalogue.reader, this.#now, this.#pace);
    await this.#mask?.grow(catalogue.reader, heldRecords(this.#engine, this.#namespace), this.#pace);
  }

  /** A bit for each row, lowest first; undefined for all. Call when they are `known`. */
  rows(): Uint8Array | undefined {
    const { catalogue, expiry } = this.#engine;
    return expiry.without(this.#mask?.bits(), this.#now, catalogue.reader);
  }
}
