// Calls that name what they call, as a thread is sent them.

/**
 * @typedef {Record<string, (...args: unknown[]) => { readonly buffer: ArrayBuffer }>} Methods
 * @typedef {{ key: number, type: string, parts: readonly unknown[] }} Recipe an object to call methods of; equal keys are the same object
 * @typedef {{ on?: Recipe | undefined, method: string, args: readonly unknown[] }} Call
 */

/** Objects are kept for calls to come. A codec is costly to make anew, and large. */
const KEPT = 4;

/** Runs calls of a module in the instance that its binding has. Of an instance that trapped, the runner is of no more use. */
export class Runner {
  /** The last used at the end. @type {Map<number, any>} */
  #objects = new Map();
  #binding;

  /** @param {object} binding */
  constructor(binding) {
    this.#binding = /** @type {any} */ (binding);
  }

  /**
   * @param {Call} call
   * @param {((done: number) => boolean) | undefined} progress
   * @returns {{ readonly buffer: ArrayBuffer }}
   */
  run({ on, method, args }, progress) {
    /** @type {Methods} */
    const target = on ? this.#object(on) : this.#binding;
    const value = target[method]?.(...args, ...(progress ? [progress] : []));
    if (value === undefined) throw new TypeError(`the module has no ${method}`);
    return value;
  }

  /** @param {Recipe} recipe */
  #object({ key, type, parts }) {
    const found = this.#objects.get(key) ?? new this.#binding[type](...parts);
    this.#objects.delete(key);
    this.#objects.set(key, found);
    for (const [old, unused] of [...this.#objects].slice(0, -KEPT)) {
      this.#objects.delete(old);
      unused.free();
    }
    return found;
  }
}
