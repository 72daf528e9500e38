import process from "node:process";
import { ThermoclineError } from "../errors.js";
import type { Kernel } from "./kernel.js";

/** What `OpenOptions.kernel` and the environment variable THERMOCLINE_KERNEL may say. */
const CHOICES = ["auto", "native"] as const;

let loading: Promise<Kernel> | undefined;

/** The kernel, loaded once a process. */
export async function loadKernel(choice: string | undefined): Promise<Kernel> {
  const { THERMOCLINE_KERNEL: environment } = process.env;
  const chosen = choice ?? environment ?? "auto";
  if (!CHOICES.some((known) => known === chosen)) {
    throw new ThermoclineError(
      "ARGUMENT",
      `Unknown kernel ${JSON.stringify(chosen)}; use one of ${CHOICES.join(", ")}.`,
    );
  }
  loading ??= import("./native.js").then(({ nativeKernel }) => nativeKernel());
  try {
    return await loading;
  } catch (cause) {
    loading = undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const platform = `${process.platform}-${process.arch}`;
    throw new ThermoclineError(
      "KERNEL",
      `The native kernel could not be loaded on ${platform}: ${reason}. Reinstall @thermocline/native on this platform.`,
      { cause },
    );
  }
}
