import { ThermoclineError } from "../errors.js";
import type { Kernel } from "../kernel/kernel.js";
import { Pace } from "../pace.js";
import { shown } from "../store/settings.js";
import { MAX_LENGTH, refuseNorm } from "../store/validate.js";

/** Vectors `[n][dim]`: all in one flat array, row after row, or an array each. */
export type EncoderVectors = ArrayLike<number> | readonly ArrayLike<number>[];

/** Numbers that are worked on in one go: enough to be quick, few enough to hold the event loop for a millisecond or two. */
const SLICE_NUMBERS = 2 ** 19;

/** How many rows of `width` numbers are worked on in one go. */
export function rowsPerSlice(width: number): number {
  return Math.min(4_096, Math.max(1, Math.floor(SLICE_NUMBERS / width)));
}

function isNumberArray(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && "length" in value);
}

function refuseLength(what: string, given: number, rule: string): never {
  throw new ThermoclineError("DIMENSION", `${what} has ${given} numbers, but ${rule}.`);
}

/** Copies numbers to `out`; others would be taken for numbers: null for 0, "1" for 1. */
function copyNumbers(what: string, from: ArrayLike<unknown>, start: number, out: Float32Array): void {
  for (let i = 0; i < out.length; i++) {
    const value = from[start + i];
    if (typeof value !== "number") {
      const rule = "every component must be a finite number";
      throw new ThermoclineError("NOT_FINITE", `${what} has ${shown(value)} at ${start + i}; ${rule}.`);
    }
    out[i] = value;
  }
}

/** The rows of `x`, flat; a copy unless `x` is a Float32Array. */
async function flattened(what: string, x: unknown, dim: number): Promise<Float32Array> {
  if (!isNumberArray(x)) {
    const rule = "give a Float32Array of whole vectors, or an array of vectors";
    throw new ThermoclineError("ARGUMENT", `${what} is ${shown(x)}; ${rule}.`);
  }
  const flat = !isNumberArray(x[0]);
  if (flat && x.length % dim !== 0) refuseLength(what, x.length, `whole vectors of ${dim} were expected`);
  if (x instanceof Float32Array) return x;
  const rows = flat ? x.length / dim : x.length;
  const out = new Float32Array(rows * dim);
  const pace = new Pace();
  for (let row = 0; row < rows; row++) {
    const into = out.subarray(row * dim, (row + 1) * dim);
    if (flat) {
      copyNumbers(what, x, row * dim, into);
    } else {
      const vector = x[row];
      const name = `Vector ${row} of ${what}`;
      if (!isNumberArray(vector)) {
        throw new ThermoclineError("ARGUMENT", `${name} is ${shown(vector)}; give an array of numbers.`);
      }
      if (vector.length !== dim) refuseLength(name, vector.length, `the encoder's dim is ${dim}`);
      copyNumbers(name, vector, 0, into);
    }
    if (pace.due) await pace.pause();
  }
  return out;
}

/**
 * The rows `[n][dim]` of `x`, flat and checked: whole vectors, finite, and so short that scores are finite too.
 *
 * @throws `ARGUMENT`, `DIMENSION` or `NOT_FINITE`, naming `what`
 */
export async function validVectors(kernel: Kernel, what: string, x: unknown, dim: number): Promise<Float32Array> {
  const rows = await flattened(what, x, dim);
  const slice = rowsPerSlice(dim) * dim;
  const pace = new Pace();
  for (let at = 0; at < rows.length; at += slice) {
    const norms = kernel.norms(rows.subarray(at, at + slice), dim);
    const bad = norms.findIndex((norm) => !(norm <= MAX_LENGTH));
    if (bad >= 0) refuseNorm(`Vector ${at / dim + bad} of ${what}`, norms[bad] ?? Number.NaN, "dot");
    if (pace.due) await pace.pause();
  }
  return rows;
}
