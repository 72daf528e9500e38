import type { Thermocline } from "@thermocline/core";

/** Does one piece of work after the other, in the order in which they were given. */
export class WriteQueue {
  static readonly #queues = new WeakMap<Thermocline, WriteQueue>();
  #last: Promise<unknown> = Promise.resolve();

  /** The queue of all who share a store. */
  static of(core: Thermocline): WriteQueue {
    const queue = WriteQueue.#queues.get(core) ?? new WriteQueue();
    WriteQueue.#queues.set(core, queue);
    return queue;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
