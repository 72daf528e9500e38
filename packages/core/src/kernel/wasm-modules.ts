import * as wasm from "@thermocline/wasm";
import { ThermoclineError } from "../errors.js";
import { type Compiled, compile, engine, type WasmSource } from "../wasm-source.js";

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

/** Compiles a module: the one given, else the one in the package that this engine runs. Rejects with `KERNEL`. */
export async function compiled(name: "search" | "calibrate", given: WasmModules[typeof name]): Promise<Compiled> {
  const { simd, portable } = wasm.modules[name];
  const beside = () => (engine?.validate(SIMD) ? simd() : portable());
  let module: Compiled;
  try {
    module = await compile(name, (await (typeof given === "function" ? given() : given)) ?? beside());
  } catch (cause) {
    if (cause instanceof ThermoclineError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ThermoclineError("KERNEL", `The module wasm.${name} could not be loaded: ${reason}.`, { cause });
  }
  // Its binding would take any module that starts, and then keep it.
  if (engine?.Module.imports(module).some((binding) => binding.module === `./${name}_bg.js`)) return module;
  throw new ThermoclineError(
    "KERNEL",
    `What was given as wasm.${name} is another module; give "@thermocline/wasm/${name}.wasm".`,
  );
}
