import * as wasm from "@thermocline/wasm";
import { ThermoclineError } from "../errors.js";
import { nodeModule } from "../node-module.js";
import type { Compiled } from "../wasm-source.js";
import { isTrap } from "./wasm-modules.js";

/** A long call of a module, as a worker thread understands it: a function of it, or a method of an object made there. */
export interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
  readonly on?: Recipe | undefined;
  /** Told the share that is done, 0 to 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How to make the object that a method is called on. Equal keys are the same object. */
export interface Recipe {
  readonly key: number;
  readonly type: "Codec" | "SpectralQuantizer";
  readonly parts: readonly unknown[];
}

/** Runs long calls of one module. Rejects with `KERNEL`, or with the signal's reason when it fires. */
export interface Calls {
  run<T>(call: Call): Promise<T>;
}

/** How long a thread waits for another call before it ends: the memory of an instance never shrinks. */
const IDLE_MS = 5_000;

/** What a thread answers. */
type Answer =
  | { readonly done: number }
  | { readonly value: unknown }
  | { readonly failed: string; readonly trapped: boolean };

interface Waiting {
  readonly call: Call;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

type Thread = InstanceType<typeof import("node:worker_threads").Worker>;

/** Long calls of a module on a thread of their own, one after the other. The thread is there while there is work. */
export class ThreadCalls implements Calls {
  readonly #name: "search" | "calibrate";
  readonly #module: () => Promise<Compiled>;
  readonly #waiting: Waiting[] = [];
  #active: Waiting | undefined;
  #thread: Thread | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(name: "search" | "calibrate", module: () => Promise<Compiled>) {
    this.#name = name;
    this.#module = module;
  }

  run<T>(call: Call): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { signal } = call;
      const waiting: Waiting = { call, resolve, reject };
      const abort = () => this.#abort(waiting, signal?.reason);
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener("abort", abort, { once: true });
      const settled = <V>(settle: (value: V) => void) => {
        return (value: V) => {
          signal?.removeEventListener("abort", abort);
          settle(value);
        };
      };
      this.#waiting.push(Object.assign(waiting, { resolve: settled(resolve), reject: settled(reject) }));
      this.#next();
    });
  }

  #next(): void {
    if (this.#active) return;
    this.#active = this.#waiting.shift();
    clearTimeout(this.#idle);
    if (!this.#active) {
      this.#idle = setTimeout(() => this.#end(), IDLE_MS);
      this.#idle.unref?.();
      this.#thread?.unref();
      return;
    }
    const active = this.#active;
    this.#started().then(
      (thread) => {
        if (this.#active !== active) return;
        const { method, args, on, onProgress } = active.call;
        thread.ref();
        thread.postMessage({ method, args, on, watched: onProgress !== undefined });
      },
      (error) => this.#settle(active, () => active.reject(failure(error))),
    );
  }

  async #started(): Promise<Thread> {
    if (this.#thread) return this.#thread;
    const module = await this.#module();
    const threads = nodeModule("node:worker_threads");
    if (!threads) throw new ThermoclineError("UNSUPPORTED", "This platform has no worker threads.");
    const thread = new threads.Worker(wasm.worker(), { workerData: { name: this.#name, module } });
    const lost = (reason: string) => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      const active = this.#active;
      if (active) this.#settle(active, () => active.reject(failure(reason)));
    };
    thread.on("message", (answer: Answer) => this.#answered(thread, answer));
    thread.on("error", (error) => lost(error.message));
    thread.on("exit", () => lost("its thread ended"));
    this.#thread = thread;
    return thread;
  }

  #answered(thread: Thread, answer: Answer): void {
    const active = this.#active;
    if (this.#thread !== thread || !active) return;
    if ("done" in answer) active.call.onProgress?.(answer.done);
    else if ("value" in answer) this.#settle(active, () => active.resolve(answer.value as never));
    else {
      // Of an instance that trapped nothing is used again.
      if (answer.trapped) this.#end();
      this.#settle(active, () => active.reject(failure(answer.failed)));
    }
  }

  #settle(active: Waiting, settle: () => void): void {
    if (this.#active !== active) return;
    this.#active = undefined;
    settle();
    this.#next();
  }

  /** A call under way cannot be told; its thread ends, and the next call has a new one. */
  #abort(waiting: Waiting, reason: unknown): void {
    const at = this.#waiting.indexOf(waiting);
    if (at >= 0) {
      this.#waiting.splice(at, 1);
      waiting.reject(reason);
    } else if (this.#active === waiting) {
      this.#end();
      this.#settle(waiting, () => waiting.reject(reason));
    }
  }

  #end(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    void thread?.terminate();
  }
}

/** What went wrong in the kernel, in its words. */
export function failure(cause: unknown): ThermoclineError {
  if (cause instanceof ThermoclineError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const trapped = isTrap(cause) ? " Its memory was given up: close and reopen stores." : "";
  return new ThermoclineError("KERNEL", `The WebAssembly kernel failed: ${reason}.${trapped}`, { cause });
}
