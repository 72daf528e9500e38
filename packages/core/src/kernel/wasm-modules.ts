import * as wasm from "@thermocline/wasm";
import { ThermoclineError } from "../errors.js";

/**
 * What a WebAssembly module may be given as: compiled (`WebAssembly.Module`), its bytes, or where to get them.
 * `object` because the types of WebAssembly and of `fetch` belong to platforms.
 */
export type WasmSource = ArrayBuffer | ArrayBufferView | URL | string | object;

/**
 * The modules of the WebAssembly kernel, for platforms that cannot find them beside the package `@thermocline/wasm`. What is left
 * out is found there.
 *
 * @example
 * import search from "@thermocline/wasm/search.wasm"; // where a bundler compiles modules, as for edge runtimes
 * await Thermocline.open({ kernel: "wasm", wasm: { search } });
 */
export interface WasmModules {
  /** What opening, writing and searching a store needs. */
  readonly search?: WasmSource | PromiseLike<WasmSource> | undefined;
  /** What only calibration needs. A function is called when it is first needed. */
  readonly calibrate?: WasmSource | PromiseLike<WasmSource> | (() => WasmSource | PromiseLike<WasmSource>) | undefined;
}

/** A compiled module. */
export type Compiled = object & { readonly compiled?: never };

interface Engine {
  readonly Module: new (bytes: ArrayBuffer | ArrayBufferView) => Compiled;
  readonly RuntimeError: new () => Error;
  compile(bytes: ArrayBuffer | ArrayBufferView): Promise<Compiled>;
  compileStreaming?(response: Response): Promise<Compiled>;
  validate(bytes: Uint8Array): boolean;
}

const engine = (globalThis as unknown as { readonly WebAssembly?: Engine }).WebAssembly;

/** Whether a call ended in a way that leaves its instance in no state to go on. */
export function isTrap(error: unknown): boolean {
  // A stack that overflowed is a RangeError.
  return error instanceof RangeError || (engine !== undefined && error instanceof engine.RuntimeError);
}

/** (func (drop (v128.const 0 …))) as a module: valid only where there are SIMD instructions. */
const SIMD = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 23, 1, 21, 0, 253, 12],
  ...new Uint8Array(16),
  ...[26, 11],
);

/** Compiles a module: the one given, else the one in the package that this engine runs. */
export async function compiled(name: "search" | "calibrate", given: WasmModules[typeof name]): Promise<Compiled> {
  if (!engine) throw new ThermoclineError("UNSUPPORTED", "This platform has no WebAssembly.");
  const { simd, portable } = wasm.modules[name];
  const source =
    (await (typeof given === "function" ? given() : given)) ?? (engine.validate(SIMD) ? simd() : portable());
  if (source instanceof engine.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return engine.compile(source);
  if (source instanceof Response) return streamed(engine, source);
  if (typeof source === "string" || source instanceof URL) return located(engine, new URL(source, location()));
  throw new ThermoclineError(
    "ARGUMENT",
    `wasm.${name} is ${Object.prototype.toString.call(source)}; give a WebAssembly.Module, its bytes or its URL.`,
  );
}

/** What relative addresses are relative to, where there is such a thing. */
function location(): string | undefined {
  return (globalThis as { readonly location?: { readonly href?: string } }).location?.href;
}

async function located(engine: Engine, url: URL): Promise<Compiled> {
  const files = url.protocol === "file:" ? nodeModule("node:fs/promises") : undefined;
  if (files) return engine.compile(await files.readFile(url));
  return streamed(engine, await fetch(url));
}

async function streamed(engine: Engine, response: Response): Promise<Compiled> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status} ${response.statusText}`);
  // Servers that call the file anything but application/wasm would make streaming fail.
  const known = response.headers.get("content-type")?.startsWith("application/wasm");
  if (engine.compileStreaming && known) return engine.compileStreaming(response);
  return engine.compile(await response.arrayBuffer());
}

/** One of Node's own modules where this is Node, without an import that bundlers for pages would stumble over. */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const { process } = globalThis as { readonly process?: { getBuiltinModule?(name: string): unknown } };
  return process?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}

interface NodeModules {
  readonly "node:fs/promises": typeof import("node:fs/promises");
  readonly "node:worker_threads": typeof import("node:worker_threads");
}
