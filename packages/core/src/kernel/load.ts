import { ThermoclineError } from "../errors.js";
import type { Kernel } from "./kernel.js";
import type { WasmModules } from "./wasm-modules.js";

/** What `OpenOptions.kernel` and the environment variable THERMOCLINE_KERNEL may say. */
const CHOICES = ["auto", "native", "wasm"] as const;
type Choice = (typeof CHOICES)[number];

const loading = new Map<Exclude<Choice, "auto">, Promise<Kernel>>();

/**
 * The kernel, loaded once a process: the addon, else WebAssembly, which then says why in `fallback`; or the one that is asked for.
 * `wasm` are the modules of the latter, where they cannot be found beside its package; the first ones given count.
 */
export async function loadKernel(choice: string | undefined, wasm?: WasmModules): Promise<Kernel> {
  const chosen = choice ?? environment().THERMOCLINE_KERNEL ?? "auto";
  if (!isChoice(chosen)) {
    throw new ThermoclineError(
      "ARGUMENT",
      `Unknown kernel ${JSON.stringify(chosen)}; use one of ${CHOICES.join(", ")}.`,
    );
  }
  if (chosen === "native") {
    return native().catch((cause) => {
      throw unavailable("native", cause, `Reinstall @thermocline/native on this platform, or let kernel be "auto".`);
    });
  }
  let passed: unknown;
  if (chosen === "auto") {
    try {
      return await native();
    } catch (error) {
      passed = error;
    }
  }
  try {
    const kernel = await webAssembly(wasm);
    return passed === undefined ? kernel : { ...kernel, fallback: reasonOf(passed) };
  } catch (cause) {
    const both = passed === undefined ? "" : `Nor could the native one: ${reasonOf(passed)}. `;
    throw unavailable(
      "WebAssembly",
      cause,
      `${both}Reinstall @thermocline/wasm, or give its modules with the option wasm.`,
    );
  }
}

function isChoice(text: string): text is Choice {
  return CHOICES.some((known) => known === text);
}

function native(): Promise<Kernel> {
  return once("native", async () => (await import("#native")).nativeKernel());
}

function webAssembly(modules: WasmModules | undefined): Promise<Kernel> {
  return once("wasm", async () => (await import("./wasm.js")).wasmKernel({ modules }));
}

/** What has failed is tried anew by the next call: it may have been installed. */
function once(backend: Exclude<Choice, "auto">, load: () => Promise<Kernel>): Promise<Kernel> {
  const known = loading.get(backend);
  if (known) return known;
  const kernel = load().catch((error) => {
    loading.delete(backend);
    throw error;
  });
  loading.set(backend, kernel);
  return kernel;
}

/**
 * In one line, for the middle of a sentence. The addon's loader tries one file after the other and chains its failures, the first
 * innermost. The first that says more than that no addon was built in its own folder is of the file made for this platform.
 */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause instanceof ThermoclineError) return firstLine(cause);
  const chain = [cause];
  for (let { cause: inner } = cause; inner instanceof Error; inner = inner.cause) chain.unshift(inner);
  return firstLine(chain.find(({ message }) => !message.startsWith("Cannot find module './")) ?? cause);
}

function firstLine({ message }: Error): string {
  const [line = ""] = message.split("\n");
  return line.replace(/\.$/, "");
}

function unavailable(name: string, cause: unknown, remedy: string): ThermoclineError {
  const { platform = "this platform", arch } = host();
  const where = arch ? `${platform}-${arch}` : platform;
  return new ThermoclineError(
    "KERNEL",
    `The ${name} kernel could not be loaded on ${where}: ${reasonOf(cause)}. ${remedy}`,
    { cause },
  );
}

interface Host {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly platform?: string;
  readonly arch?: string;
}

/** Node's process, where this is Node. */
function host(): Host {
  return (globalThis as { readonly process?: Host }).process ?? {};
}

function environment(): Readonly<Record<string, string | undefined>> {
  return host().env ?? {};
}
