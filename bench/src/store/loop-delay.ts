import { createHistogram } from "node:perf_hooks";

const TIMER_MS = 1;

/**
 * By how much a timer of 1 ms is late while it is watched, as often as one likes: Node's own monitor counts what lies between two
 * times as a delay.
 */
export class LoopDelay {
  readonly #histogram = createHistogram();
  #timer: NodeJS.Timeout | undefined;

  /** The result of `work`, during which the timer is watched. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    let before = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.#histogram.record(Math.max(1, Math.round((now - before) * 1e6)));
      before = now;
    }, TIMER_MS);
    try {
      return await work();
    } finally {
      clearInterval(this.#timer);
      // What held the loop last, and no timer has seen.
      this.#histogram.record(Math.max(1, Math.round((performance.now() - before) * 1e6)));
    }
  }

  /** Milliseconds, at the 99th percentile. */
  get p99(): number {
    return Math.max(0, this.#histogram.percentile(99) / 1e6 - TIMER_MS);
  }
}
