import type { ErrorCode } from "../errors.js";
import type { Thermocline } from "../thermocline.js";
import type { OpenOptions, Progress, RecordInput, VerifyOptions } from "../types.js";

/*
 * One port carries everything of one store, so that what is said first arrives first: a call's progress before its result,
 * calls in the order in which they were made.
 */

/** The page asks a worker for a store; everything after it goes through the port. */
export interface Opening {
  readonly thermocline: "open";
  readonly options: OpenOptions;
  /** A file's bytes, to be opened in memory. */
  readonly bytes: Uint8Array | ArrayBuffer | undefined;
  readonly port: MessagePort;
}

/** The page asks a worker to verify a file. Whether there is a signal or a callback is for the page to know. */
export interface Verifying {
  readonly thermocline: "verify";
  readonly path: string;
  /** Without its signal and its callback. */
  readonly options: VerifyOptions;
  readonly port: MessagePort;
}

/** The methods of a store that a page can call. */
export type Method = Exclude<keyof Thermocline, symbol>;

/** What the page says on the port. */
export type Request =
  /** Some of the records of a call that will be made: so many at once would hold up the page. */
  | { readonly kind: "records"; readonly id: number; readonly records: readonly RecordInput[] }
  /** The call will not be made. */
  | { readonly kind: "forget"; readonly id: number }
  | Call
  | { readonly kind: "abort"; readonly id: number };

export interface Call {
  readonly kind: "call";
  readonly id: number;
  readonly method: Method;
  /** Without records that came before, and with options that have no signal and no callback. */
  readonly args: readonly unknown[];
  /** Which argument the options are, and what they had that does not travel. */
  readonly options: { readonly at: number; readonly signal: boolean; readonly onProgress: boolean };
}

/** What the worker answers. `hello` is the first it says. */
export type Reply =
  | { readonly kind: "hello" }
  | { readonly kind: "progress"; readonly id: number; readonly progress: Progress }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "error"; readonly id: number; readonly error: SentError };

/** An error as it travels: a structured clone would lose its class and its code. */
export interface SentError {
  readonly code: ErrorCode | undefined;
  readonly name: string;
  readonly message: string;
  readonly cause: string | undefined;
}

/** The number of the call that opens the store, or verifies a file. */
export const OPENING = 0;
