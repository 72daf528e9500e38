import { ThermoclineError } from "@thermocline/core";

/** How long synchronous work may hold the event loop before others get a turn. */
const SLICE_MS = 4;

/** Rejects with `ABORTED` once the caller's signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw new ThermoclineError("ABORTED", "The call was aborted by its signal; nothing was added.", {
    cause: signal.reason,
  });
}

/** Cuts long loops into slices of a few milliseconds: ask between items. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #until = performance.now() + SLICE_MS;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** True when the slice is used up; then await `pause`. */
  get due(): boolean {
    return performance.now() >= this.#until;
  }

  /** Lets timers, I/O and other calls run, then begins the next slice. */
  async pause(): Promise<void> {
    await new Promise((resolve) => {
      setTimeout(resolve);
    });
    throwIfAborted(this.#signal);
    this.#until = performance.now() + SLICE_MS;
  }
}
