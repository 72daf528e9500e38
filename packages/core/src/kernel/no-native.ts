import { ThermoclineError } from "../errors.js";
import type { Kernel } from "./kernel.js";

/** Stands in for `native.ts` where no addon can be loaded. */
export function nativeKernel(): Kernel {
  throw new ThermoclineError("UNSUPPORTED", "addons are Node's, and this is a page, a worker or an edge runtime");
}
