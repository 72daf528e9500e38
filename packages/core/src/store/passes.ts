import type { Kernel, Partition, SearchRequest, SearchResult } from "../kernel/kernel.js";
import { throwIfAborted } from "../pace.js";

/** Searches that share a pass at most: more gain nothing, and the first would wait for the last. */
const SHARED = 64;

interface Waiting {
  readonly partition: Partition;
  readonly request: SearchRequest;
  readonly signal: AbortSignal | undefined;
  readonly answer: (found: readonly SearchResult[]) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Searches for single queries, no more of them at a time than there are processors for. Those that come meanwhile wait, and then go
 * over the rows together: a server whose callers ask one by one gets the throughput of batches, and its event loop need not fight
 * its searches for a processor. What a search finds does not depend on the queries beside it.
 */
export class Passes {
  readonly #most: number;
  #running = 0;
  #waiting: Waiting[] = [];

  /** `threads` is how many a search is split over. */
  constructor(kernel: Kernel, threads = kernel.threads) {
    this.#most = Math.max(1, Math.floor(kernel.processors / threads));
  }

  /** What `partition.search` finds, now or in turn; rows are those of the moment when it begins. */
  search(
    partition: Partition,
    dim: number,
    request: SearchRequest,
    signal: AbortSignal | undefined,
  ): Promise<readonly SearchResult[]> {
    // Batches have shared what they could, and would keep others waiting.
    if (request.queries.length !== dim) return partition.search(request, signal);
    if (this.#running < this.#most) return this.#run(partition, request, signal);
    return new Promise((answer, fail) => {
      this.#waiting.push({ partition, request, signal, answer, fail });
    });
  }

  async #run(
    partition: Partition,
    request: SearchRequest,
    signal: AbortSignal | undefined,
  ): Promise<readonly SearchResult[]> {
    this.#running += 1;
    try {
      return await partition.search(request, signal);
    } finally {
      this.#running -= 1;
      this.#next();
    }
  }

  /** Begins with those who have waited longest. */
  #next(): void {
    while (this.#running < this.#most) {
      const together = this.#take();
      if (together.length === 0) return;
      void this.#answer(together);
    }
  }

  /** The first that waits, and the others that can share a pass with it. */
  #take(): Waiting[] {
    const [first] = this.#waiting;
    if (!first) return [];
    const together: Waiting[] = [];
    const others: Waiting[] = [];
    for (const waiting of this.#waiting) {
      (together.length < SHARED && alike(first, waiting) ? together : others).push(waiting);
    }
    this.#waiting = others;
    return together;
  }

  async #answer(together: readonly Waiting[]): Promise<void> {
    const asked = together.filter(({ signal, fail }) => {
      try {
        throwIfAborted(signal);
        return true;
      } catch (error) {
        fail(error);
        return false;
      }
    });
    const [first] = asked;
    if (!first) return this.#next();
    const all = ending(asked.map(({ signal }) => signal));
    try {
      const queries = asked.length === 1 ? first.request.queries : joined(asked.map(({ request }) => request.queries));
      const found = await this.#run(first.partition, { ...first.request, queries }, all.signal);
      for (const [i, { answer }] of asked.entries()) answer(found.slice(i, i + 1));
    } catch (error) {
      for (const { fail } of asked) fail(error);
    } finally {
      all.release();
    }
  }
}

/** Whether two ask for the same of the same rows. */
function alike({ partition, request }: Waiting, other: Waiting): boolean {
  const { hot, cold, symmetric, allow, threads } = other.request;
  return (
    partition === other.partition &&
    request.hot === hot &&
    request.cold === cold &&
    request.symmetric === symmetric &&
    request.allow === allow &&
    request.threads === threads
  );
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A signal that fires once all of these have: a pass goes on as long as one caller waits for it. */
function ending(signals: readonly (AbortSignal | undefined)[]): {
  readonly signal: AbortSignal | undefined;
  release(): void;
} {
  const given = signals.filter((signal) => signal !== undefined);
  if (given.length < signals.length) return { signal: undefined, release() {} };
  if (given.length === 1) return { signal: given[0], release() {} };
  const all = new AbortController();
  const one = () => {
    if (given.every(({ aborted }) => aborted)) all.abort(given.at(-1)?.reason);
  };
  for (const signal of given) signal.addEventListener("abort", one);
  return {
    signal: all.signal,
    release() {
      for (const signal of given) signal.removeEventListener("abort", one);
    },
  };
}
