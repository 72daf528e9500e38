import type { Progress } from "../types.js";

/** Turns the shares that parts of a long call are done into one count that never falls and ends at its total. */
export class Meter {
  readonly #phase: Progress["phase"];
  readonly #total: number;
  readonly #report: ((progress: Progress) => void) | undefined;
  #ended = 0;
  #done = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(phase: Progress["phase"], total: number, report: ((progress: Progress) => void) | undefined) {
    this.#phase = phase;
    this.#total = total;
    this.#report = report;
    this.#tell();
    this.#check();
  }

  /** Runs a part worth so many of the total, which says from time to time what share of it is done, 0 to 1. */
  async part<T>(units: number, work: (done: (share: number) => void) => Promise<T>): Promise<T> {
    const result = await work((share) => {
      const done = this.#ended + Math.floor(units * Math.min(Math.max(share, 0), 1));
      if (done <= this.#done) return;
      this.#done = done;
      this.#tell();
    });
    this.#ended = Math.min(this.#ended + units, this.#total);
    if (this.#ended > this.#done) {
      this.#done = this.#ended;
      this.#tell();
    }
    this.#check();
    return result;
  }

  /** Parts call from timers, where what the callback throws would end the process: it rejects the call at the part's end. */
  #tell(): void {
    if (this.#failure) return;
    try {
      this.#report?.({ phase: this.#phase, done: this.#done, total: this.#total });
    } catch (error) {
      this.#failure = { error };
    }
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
