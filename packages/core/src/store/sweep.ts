import { Pace, throwIfAborted } from "../pace.js";
import type { Engine } from "./engine.js";
import { MAX_DELAY } from "./settings.js";
import { applyRemoval, Departures, remove } from "./write.js";

/** Records deleted in one transaction: other writes wait no longer than for these. */
const BATCH = 512;

/** Deletes all records that have expired by now, and returns how many there were. */
export async function sweepExpired(engine: Engine, signal: AbortSignal | undefined): Promise<number> {
  const now = Date.now();
  throwIfAborted(signal);
  let swept = 0;
  // Asked of the catalogue: other processes write, too.
  while (await engine.catalogue.read(() => now >= engine.expiry.next)) {
    const count = await sweepSome(engine, now, signal);
    swept += count;
    if (count < BATCH) break;
  }
  return swept;
}

async function sweepSome(engine: Engine, now: number, signal: AbortSignal | undefined): Promise<number> {
  const { count } = await engine.catalogue.write(
    async (transaction) => {
      throwIfAborted(signal);
      const pace = new Pace(signal);
      const expired = transaction.expiring({ row: 0, expires: Number.MIN_SAFE_INTEGER }, now, BATCH);
      const left = new Map<number, Departures>();
      for (const { row } of expired) {
        const namespace = transaction.namespaceOf(row) ?? 0;
        const departures = left.get(namespace) ?? new Departures();
        left.set(namespace, departures);
        departures.add(row, transaction.blockOf(row) ?? null);
        transaction.deleteRecord(row);
        if (pace.due) await pace.pause();
      }
      const removals = [];
      for (const [namespace, departures] of left) {
        removals.push({ namespace, removal: await remove(transaction, departures, pace) });
      }
      return { count: expired.length, removals, next: transaction.nextExpiry() };
    },
    ({ removals, next }) => {
      for (const { namespace, removal } of removals) applyRemoval(engine, namespace, removal);
      engine.expiry.swept(next);
    },
  );
  return count;
}

/** Sweeps in the background, at intervals, while any record ever expires. It keeps no process alive. */
export class Sweeping {
  readonly #engine: Engine;
  readonly #stop = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Sees to it that the next sweep comes, if there is anything to sweep some day. */
  start(): void {
    const { expiry, settings } = this.#engine;
    if (this.#timer !== undefined || this.#stop.signal.aborted) return;
    if (expiry.next === Number.POSITIVE_INFINITY || settings.sweepInterval === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(Math.max(settings.sweepInterval, expiry.next - Date.now()), MAX_DELAY);
    this.#timer = setTimeout(() => this.#sweep(), wait);
    // Node's timers keep the process alive, unless they are told not to; a page's are numbers.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** Ends a sweep after the batch it is at, and begins no other. */
  stop(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
  }

  /** Resolves when no sweep is under way. */
  async ended(): Promise<void> {
    await this.#running;
  }

  #sweep(): void {
    // What could not be swept, say because another process holds the file, is swept the next time.
    this.#running = sweepExpired(this.#engine, this.#stop.signal)
      .catch(() => {})
      .then(() => {
        this.#timer = undefined;
        this.start();
      });
  }
}
