import { setTimeout as wait } from "node:timers/promises";

const ATTEMPTS = 5;

/** Before the second attempt; twice as long before each later one. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 60_000;

/** A failure that may pass; `after` is what the header `Retry-After` says, seconds or a date. */
export class Passing extends Error {
  readonly failure: Error;
  readonly waitMs: number | undefined;

  constructor(failure: Error, after: string | null = null) {
    super(failure.message);
    this.failure = failure;
    const ms = /^\d+$/.test(after ?? "") ? 1000 * Number(after) : Date.parse(after ?? "") - Date.now();
    this.waitMs = Number.isFinite(ms) ? Math.max(0, ms) : undefined;
  }
}

/** Does `work`, and again where it throws {@link Passing}, five times at most; then throws that failure. */
export async function retrying<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Passing)) throw error;
      if (attempt === ATTEMPTS) throw error.failure;
      // A little more or less, so that several who were turned away do not come back at once.
      const usual = FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
      await wait(Math.min(error.waitMs ?? usual, LONGEST_WAIT_MS), undefined, { signal });
    }
  }
}
