import { ThermoclineError } from "./errors.js";
import { nextTurn } from "./turn.js";

/** How long synchronous work may hold the event loop before others get a turn. */
const SLICE_MS = 2;

/** Rejects with `ABORTED` once the caller's signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new ThermoclineError("ABORTED", "The call was aborted by its signal; nothing was changed.", {
      cause: signal.reason,
    });
  }
}

/**
 * The result of a call that changes nothing, or `ABORTED` as soon as the signal fires, wherever the call is then: in the queue
 * of another write, or of the thread pool.
 */
export async function abortable<T>(signal: AbortSignal | undefined, call: Promise<T>): Promise<T> {
  if (!signal) return call;
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      try {
        throwIfAborted(signal);
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([call, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** An error as it is, unless it says that nothing was changed: then one that says what was. */
export function abortedAfter(error: unknown, changed: string): unknown {
  if (!(error instanceof ThermoclineError) || error.code !== "ABORTED") return error;
  return new ThermoclineError("ABORTED", `The call was aborted by its signal; ${changed}.`, { cause: error.cause });
}

/** Cuts long synchronous loops into slices of a few milliseconds: call `step` between items. */
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
    await nextTurn();
    throwIfAborted(this.#signal);
    this.#until = performance.now() + SLICE_MS;
  }
}

/**
 * Sees when calls that need no thread follow each other so closely that timers and I/O get no turn: a caller that awaits one
 * query after the other would hold the event loop for as long as it asks.
 */
export class Turns {
  #began: number | undefined;

  /** Lets others run if this turn of the event loop has lasted for a slice. */
  async share(): Promise<void> {
    if (this.#began === undefined) {
      this.#began = performance.now();
      void nextTurn().then(() => {
        this.#began = undefined;
      });
    } else if (performance.now() - this.#began >= SLICE_MS) {
      await nextTurn();
    }
  }
}
