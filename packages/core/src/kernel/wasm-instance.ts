import * as wasm from "@thermocline/wasm";
import { ThermoclineError } from "../errors.js";
import { failure } from "./wasm-calls.js";
import { isTrap } from "./wasm-modules.js";

/** A module's binding, as far as giving it a fresh instance goes. */
interface Binding {
  restart(): void;
  readonly Codec: new (codebook: Uint8Array) => object;
}

/** Gives up a module's instance for a fresh one. */
export function renew(binding: Binding): void {
  binding.restart();
  // The binding makes it within the next call, whose arguments it has by then put into the old one's memory: a call without any
  // bytes comes to no harm.
  try {
    new binding.Codec(new Uint8Array());
  } catch {
    // There is no such codebook.
  }
}

/** Instances of the first module that were given up. */
let givenUp = 0;

/** Calls the first module. After a trap, the next call runs in a fresh instance, and what was made before fails. */
export function calling<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (isTrap(cause)) {
      givenUp += 1;
      renew(wasm.search);
    }
    throw failure(cause);
  }
}

/** An object of the first module. The binding would take one of an instance given up for what is at its address in the next. */
export class Held<T extends { free(): void }> {
  readonly #object: T;
  readonly #instance: number;

  constructor(make: () => T) {
    this.#object = calling(make);
    this.#instance = givenUp;
  }

  /** Throws `KERNEL` once its instance was given up. */
  get current(): T {
    if (this.#instance === givenUp) return this.#object;
    throw new ThermoclineError(
      "KERNEL",
      "The WebAssembly kernel failed before, and its memory was given up: close and reopen stores.",
    );
  }

  free(): void {
    if (this.#instance === givenUp) this.#object.free();
  }
}
