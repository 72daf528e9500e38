import { ThermoclineError } from "../errors.js";
import type { Metric } from "../types.js";
import type { CodecSpec } from "./kernel.js";

/** Metrics as the kernel crate numbers them. */
export const METRIC: Readonly<Record<Metric, number>> = { cosine: 0, dot: 1, euclidean: 2 };

/** A store of which nobody said how large it will be. */
const MANY_ROWS = 2 ** 32 - 1;

/** What the kernel crate asks of an eigen codebook. */
export function eigenSpec(spec: CodecSpec & { codec: "eigen" }) {
  const { bytes, seed, effort, rows = MANY_ROWS } = spec;
  return { bytes, seed, rows, ...(effort && { effort }) };
}

/** What it asks of a Fourier codebook. */
export function fourierSpec(spec: CodecSpec & { codec: "fourier" }) {
  const { topK, magBits = 8, phaseBits = 8, normBits = 0 } = spec;
  return { topK, magBits, phaseBits, normBits };
}

/** What a call rejects with that its signal ended. */
export function abortedBy(signal: AbortSignal, what: string): ThermoclineError {
  return new ThermoclineError("ABORTED", `The ${what} was aborted by its signal; nothing was changed.`, {
    cause: signal.reason,
  });
}

export function refuseForeign(what: string): never {
  throw new ThermoclineError("KERNEL", `${what} of one kernel was given to another; open the store anew.`);
}
