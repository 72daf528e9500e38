import { ThermoclineError } from "../errors.js";
import { Pace } from "../pace.js";

/**
 * Vectors of one dimension, `[n][d]`: row by row, or in one block whose last of `dims` is d and whose others multiply
 * to n, as tensors have it (those of transformers.js and onnxruntime fit as they are).
 */
export type Vectors = readonly ArrayLike<number>[] | { readonly data: Float32Array; readonly dims: readonly number[] };

/** Checked vectors: `rows` is `[n][dim]`, n at least 1. */
export interface Rows {
  readonly rows: Float32Array;
  readonly dim: number;
}

/** The longest vectors and the widest spectra (as a length): no sum over a rotated or decoded one overflows float32. */
export const MAX_LENGTH = 1e37;

/** The most components that a rotation takes: its matrices hold d² numbers. */
const MAX_DIM = 8192;

function isList(vectors: Vectors): vectors is readonly ArrayLike<number>[] {
  return Array.isArray(vectors);
}

function refuseDim(what: string, reason: string): never {
  throw new ThermoclineError("DIMENSION", `${what} ${reason}.`);
}

/** The number of rows and of components that vectors claim to have. */
function shapeOf(what: string, vectors: Vectors): { n: number; dim: number } {
  if (isList(vectors)) return { n: vectors.length, dim: vectors[0]?.length ?? 1 };
  const { data, dims } = vectors ?? {};
  if (!(data instanceof Float32Array) || !Array.isArray(dims) || dims.length === 0) {
    const rule = "give an array of vectors, or { data: Float32Array, dims: [n, d] }";
    throw new ThermoclineError("ARGUMENT", `${what} are no vectors; ${rule}.`);
  }
  const size = dims.reduce((product: number, each: number) => product * each, 1);
  if (size !== data.length)
    refuseDim(what, `have ${data.length} numbers, but dims [${dims.join(", ")}] ask for ${size}`);
  const dim = Number(dims.at(-1));
  return { n: data.length / dim, dim };
}

/**
 * Checks vectors, letting others run every few milliseconds.
 *
 * @param what - names them in messages, in the plural
 * @param expected - components that each must have, if that is settled
 * @throws `DIMENSION`, `NOT_FINITE`, or `ARGUMENT` where there are none, or one too long for float32 sums
 */
export async function validVectors(what: string, vectors: Vectors, expected?: number): Promise<Rows> {
  const { n, dim } = shapeOf(what, vectors);
  if (n === 0) throw new ThermoclineError("ARGUMENT", `${what} are none; give one or more.`);
  if (!Number.isInteger(dim) || dim < 1 || dim > MAX_DIM) {
    refuseDim(what, `have ${dim} components; 1 to ${MAX_DIM} can be rotated`);
  }
  if (expected !== undefined && dim !== expected) {
    refuseDim(what, `have ${dim} components, but the rotation has ${expected}; was it calibrated for another layer?`);
  }
  const list = isList(vectors) ? vectors : undefined;
  const rows = isList(vectors) ? new Float32Array(n * dim) : vectors.data;
  const pace = new Pace();
  for (let row = 0; row < n; row++) {
    if (pace.due) await pace.pause();
    if (list) copy(what, list, row, rows, dim);
    let squared = 0;
    for (let i = row * dim; i < (row + 1) * dim; i++) squared += (rows[i] ?? 0) ** 2;
    if (squared <= MAX_LENGTH ** 2) continue;
    if (Number.isFinite(squared)) {
      throw new ThermoclineError("ARGUMENT", `Of ${what}, number ${row} is longer than ${MAX_LENGTH}; scale it down.`);
    }
    const rule = "every component must be a finite float32 number";
    throw new ThermoclineError("NOT_FINITE", `Of ${what}, number ${row} holds NaN or infinity; ${rule}.`);
  }
  return { rows, dim };
}

function copy(what: string, list: readonly ArrayLike<number>[], row: number, rows: Float32Array, dim: number): void {
  const vector = list[row];
  if (vector?.length !== dim) {
    refuseDim(what, `differ: number ${row} has ${vector?.length ?? "no"} components and number 0 has ${dim}`);
  }
  for (let i = 0; i < dim; i++) {
    const value: unknown = vector[i];
    // What is no number would be taken for one: null for 0.
    rows[row * dim + i] = typeof value === "number" ? value : Number.NaN;
  }
}
