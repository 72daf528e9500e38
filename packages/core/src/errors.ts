/**
 * Every way a call can fail.
 *
 * - `ARGUMENT`: an option or argument is missing or out of range
 * - `DIMENSION`: a vector has the wrong number of components
 * - `NOT_FINITE`: a vector holds NaN or infinity
 * - `ZERO_VECTOR`: a vector of length zero has no direction, which cosine needs
 * - `FILTER`: a filter has an unknown operator or a value of the wrong type
 * - `CLOSED`: the store is closed
 * - `ABORTED`: the caller's signal fired
 * - `FORMAT`: the file is not a Thermocline store, or not what another program's file was asked to be (`.npy`, a store to move in)
 * - `VERSION`: the file was written by a newer Thermocline, or in a newer `.npy` format
 * - `CORRUPT`: a checksum does not match, or stored data contradict each other or are cut off
 * - `LOCKED`: another process holds the file
 * - `UNSUPPORTED`: this build, platform or store cannot do that
 * - `IO`: the disk or the database refused
 * - `KERNEL`: the numeric kernel failed or could not be loaded
 */
export type ErrorCode =
  | "ARGUMENT"
  | "DIMENSION"
  | "NOT_FINITE"
  | "ZERO_VECTOR"
  | "FILTER"
  | "CLOSED"
  | "ABORTED"
  | "FORMAT"
  | "VERSION"
  | "CORRUPT"
  | "LOCKED"
  | "UNSUPPORTED"
  | "IO"
  | "KERNEL";

/**
 * The one error class of Thermocline. Branch on `code`; `message` says what was given, what was expected and what to do.
 *
 * @example
 * try { await store.query({ vector }); } catch (error) {
 *   if (error instanceof ThermoclineError && error.code === "DIMENSION") console.error(error.message);
 * }
 */
export class ThermoclineError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
    // Callers everywhere tell an abort by its name.
    this.name = code === "ABORTED" ? "AbortError" : "ThermoclineError";
  }
}
