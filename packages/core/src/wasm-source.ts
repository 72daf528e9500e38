import { ThermoclineError } from "./errors.js";
import type { WasmSource } from "./kernel/wasm-modules.js";

/** Compiles what was given as `wasm.<name>`. */
export async function compiled(name: string, source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source as BufferSource);
  if (typeof source === "string" || source instanceof URL) return streamed(await fetch(source));
  if (source instanceof Response) return streamed(source);
  throw new ThermoclineError(
    "ARGUMENT",
    `wasm.${name} is ${Object.prototype.toString.call(source)}; give a WebAssembly.Module, its bytes or its URL.`,
  );
}

async function streamed(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status} ${response.statusText}`);
  // Servers that call the file anything but application/wasm would make streaming fail.
  const known = response.headers.get("content-type")?.startsWith("application/wasm");
  return known ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}
