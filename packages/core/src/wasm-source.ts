import { ThermoclineError } from "./errors.js";
import { nodeModule } from "./node-module.js";

/**
 * What a WebAssembly module may be given as: compiled (`WebAssembly.Module`), its bytes, or where to get them.
 * `object` because the types of WebAssembly and of `fetch` belong to platforms.
 */
export type WasmSource = ArrayBuffer | ArrayBufferView | URL | string | object;

/** A compiled module. */
export type Compiled = object & { readonly compiled?: never };

interface Engine {
  readonly Module: {
    new (bytes: ArrayBuffer | ArrayBufferView): Compiled;
    imports(module: Compiled): readonly { readonly module: string }[];
  };
  readonly RuntimeError: new () => Error;
  compile(bytes: ArrayBuffer | ArrayBufferView): Promise<Compiled>;
  compileStreaming?(response: Response): Promise<Compiled>;
  validate(bytes: Uint8Array): boolean;
}

/** WebAssembly, where there is such a thing. */
export const engine = (globalThis as unknown as { readonly WebAssembly?: Engine }).WebAssembly;

/** Compiles what was given as `wasm.<name>`. */
export async function compile(name: string, source: WasmSource): Promise<Compiled> {
  if (!engine) throw new ThermoclineError("UNSUPPORTED", "This platform has no WebAssembly.");
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
