import { ThermoclineError } from "../errors.js";
import type { Kernel } from "../kernel/kernel.js";
import { Pace } from "../pace.js";
import type { Metric, RecordInput } from "../types.js";
import { metadataJson } from "./metadata.js";
import { integer, MAX_DIM, shown } from "./settings.js";

/** Records that may be written. */
export interface Batch {
  /** Undefined where no record has a vector. */
  readonly dim: number | undefined;
  readonly ids: readonly string[];
  readonly texts: readonly (string | null)[];
  readonly metadata: readonly string[];
  /** When each expires, in milliseconds since 1970; null: never. */
  readonly expires: readonly (number | null)[];
  readonly hasVector: readonly boolean[];
  /** Those of the records that have one, one after the other, as given: `[…][dim]`, and more room behind them. */
  readonly vectors: Float32Array;
}

/** Text that a key of the catalogue can be: the driver ends text at U+0000, and UTF-8 has no lone surrogates. */
function isKey(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !/[\0\p{Surrogate}]/u.test(value);
}

const KEY = "a string that is not empty and has no U+0000 and no lone surrogates";

/** A namespace's name. */
export function validNamespace(name: unknown = "default"): string {
  if (isKey(name)) return name;
  throw new ThermoclineError("ARGUMENT", `namespace is ${shown(name)}; give ${KEY}.`);
}

export function validId(id: unknown): string {
  if (isKey(id)) return id;
  throw new ThermoclineError("ARGUMENT", `A record's id is ${shown(id)}; give ${KEY}.`);
}

/** A file's path. What SQLite takes for memory is none. */
export function validPath(path: unknown): string {
  if (typeof path === "string" && path !== "" && path !== ":memory:" && !path.includes("\0")) return path;
  throw new ThermoclineError(
    "ARGUMENT",
    `path is ${shown(path)}; give a file's path. A store opened without one is in memory.`,
  );
}

/** Whether a file is only to be read. */
export function validReadOnly({
  readOnly = false,
  path,
}: {
  readonly readOnly?: unknown;
  readonly path?: unknown;
}): boolean {
  if (typeof readOnly !== "boolean") {
    throw new ThermoclineError("ARGUMENT", `readOnly is ${shown(readOnly)}; give true or false.`);
  }
  if (readOnly && path === undefined) {
    throw new ThermoclineError("ARGUMENT", "readOnly is true, but there is no path; give the path of a store's file.");
  }
  return readOnly;
}

/** A file's bytes. */
export function validBytes(bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw new ThermoclineError("ARGUMENT", `bytes is ${shown(bytes)}; give a Uint8Array or an ArrayBuffer.`);
}

export function validDim(dim: unknown): number {
  return integer("dim", dim, 1, MAX_DIM);
}

/** The longest vectors: the scores of any two are finite in float32. */
export const MAX_LENGTH = 1e18;

export function refuseDim(what: string, given: number, dim: number): never {
  const rule = `this store holds vectors of ${dim}; is another embedding model in use?`;
  throw new ThermoclineError("DIMENSION", `${what} has ${given} components, but ${rule}`);
}

/** How many components a vector has, for the store that is to take its dimension from it. */
export function dimOf(what: string, vector: unknown): number {
  const array = Array.isArray(vector) || (ArrayBuffer.isView(vector) && "length" in vector);
  if (!array) throw new ThermoclineError("ARGUMENT", `${what} is ${shown(vector)}; give an array of numbers.`);
  const { length } = vector as ArrayLike<unknown>;
  if (length >= 1 && length <= MAX_DIM) return length;
  throw new ThermoclineError("DIMENSION", `${what} has ${length} components; give 1 to ${MAX_DIM}.`);
}

/** A vector's components, checked but for what only the kernel's norms tell. */
function components(what: string, vector: unknown, dim: number): ArrayLike<number> {
  const length = dimOf(what, vector);
  if (length !== dim) refuseDim(what, length, dim);
  if (vector instanceof Float32Array || vector instanceof Float64Array) return vector;
  // Others are taken for numbers when they are copied: null for 0, "1" for 1.
  const given = vector as ArrayLike<unknown>;
  for (let i = 0; i < dim; i++) {
    if (typeof given[i] === "number") continue;
    const rule = "every component must be a finite number";
    throw new ThermoclineError("NOT_FINITE", `${what} has ${shown(given[i])} at ${i}; ${rule}.`);
  }
  return given as ArrayLike<number>;
}

/** Refuses a vector whose length is not finite, or above `MAX_LENGTH`, or 0 under cosine. */
export function refuseNorm(what: string, norm: number, metric: Metric): void {
  if (!Number.isFinite(norm)) {
    const rule = "every component must be a finite number in the range of float32";
    throw new ThermoclineError("NOT_FINITE", `${what} holds NaN or infinity; ${rule}.`);
  }
  if (norm > MAX_LENGTH) {
    const rule = `scores would not be finite; scale vectors to a length of ${MAX_LENGTH} at most`;
    throw new ThermoclineError("NOT_FINITE", `${what} has length ${norm}; ${rule}.`);
  }
  if (norm === 0 && metric === "cosine") {
    const rule = 'cosine needs a direction; leave such records out, or use metric "dot"';
    throw new ThermoclineError("ZERO_VECTOR", `${what} is all zeros; ${rule}.`);
  }
}

/** A query's vector, scaled to length 1 under cosine. */
export function validQuery(kernel: Kernel, metric: Metric, vector: unknown, dim: number): Float32Array {
  const what = "The query's vector";
  const query = Float32Array.from(components(what, vector, dim));
  refuseNorm(what, kernel.norms(query, dim)[0] ?? 0, metric);
  return metric === "cosine" ? kernel.toUnit(query, dim) : query;
}

/**
 * Vectors as they are scored, flat: `[n][dim]`. `list` names them for the caller: "queries", say; `rule` says whose
 * dimension theirs must be.
 */
export async function validVectors(
  kernel: Kernel,
  metric: Metric,
  list: string,
  vectors: unknown,
  dim: number,
  rule: string,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  if (!Array.isArray(vectors)) {
    throw new ThermoclineError("ARGUMENT", `${list} is ${shown(vectors)}; give an array of vectors.`);
  }
  const pace = new Pace(signal);
  const rows = new Float32Array(vectors.length * dim);
  for (let i = 0; i < vectors.length; i++) {
    const what = `${list}[${i}]`;
    const length = dimOf(what, vectors[i]);
    if (length !== dim) throw new ThermoclineError("DIMENSION", `${what} has ${length} components, but ${rule}.`);
    const row = rows.subarray(i * dim, (i + 1) * dim);
    row.set(components(what, vectors[i], dim));
    refuseNorm(what, kernel.norms(row, dim)[0] ?? 0, metric);
    if (metric === "cosine") row.set(kernel.toUnit(row, dim));
    if (pace.due) await pace.pause();
  }
  return rows;
}

/** The latest time that a Date can be. */
const LAST_TIME = 8.64e15;

/** When a record expires, as a whole number of milliseconds. */
function validExpiry(id: string, expiresAt: unknown): number | null {
  if (expiresAt === undefined || expiresAt === null) return null;
  const time = expiresAt instanceof Date ? expiresAt.getTime() : expiresAt;
  if (typeof time === "number" && Math.abs(time) <= LAST_TIME) return Math.ceil(time);
  const given = expiresAt instanceof Date ? "an invalid Date" : shown(expiresAt);
  throw new ThermoclineError(
    "ARGUMENT",
    `The expiresAt of record ${shown(id)} is ${given}; give a Date or milliseconds since 1970.`,
  );
}

/** When records expire that are to be found for `ttl` milliseconds from now on. */
export function expiryAfter(ttl: unknown): number | null {
  if (ttl === undefined) return null;
  if (typeof ttl === "number" && ttl > 0 && ttl <= LAST_TIME) return Math.min(Math.ceil(Date.now() + ttl), LAST_TIME);
  throw new ThermoclineError("ARGUMENT", `ttl is ${shown(ttl)}; give a number of milliseconds above 0.`);
}

/** Whether a record is to have a vector. Null and undefined are neither one nor none: an embedding that failed must not go unnoticed. */
function hasVector(record: RecordInput): record is RecordInput & { readonly vector: ArrayLike<number> } {
  if (!("vector" in record)) return false;
  const { vector } = record;
  if (vector !== undefined && vector !== null) return true;
  const advice = "give an array of numbers, or leave it out for a record without one";
  throw new ThermoclineError("ARGUMENT", `${vectorOf(record)} is ${shown(vector)}; ${advice}.`);
}

/** Vectors whose lengths are computed in one call. */
const TOGETHER = 32;

function vectorOf({ id }: RecordInput): string {
  return `The vector of record ${shown(id)}`;
}

/**
 * Checks all records before any is written. Of records with the same id the last one counts; those that do not say when they
 * expire do so at `otherwise`.
 */
export async function validBatch(
  kernel: Kernel,
  metric: Metric,
  knownDim: number | undefined,
  records: readonly RecordInput[],
  otherwise: number | null,
  signal: AbortSignal | undefined,
): Promise<Batch> {
  if (!Array.isArray(records)) {
    throw new ThermoclineError(
      "ARGUMENT",
      `records is ${shown(records)}; give an array of { id, vector?, text?, metadata? }.`,
    );
  }
  const pace = new Pace(signal);
  const last = new Map<string, RecordInput>();
  for (const record of records) {
    if (typeof record !== "object" || record === null) {
      throw new ThermoclineError("ARGUMENT", `A record is ${shown(record)}; give { id, vector?, text?, metadata? }.`);
    }
    const id = validId(record.id);
    // Deleted first, so that the order of the batch is that of the last mentions.
    last.delete(id);
    last.set(id, record);
    if (pace.due) await pace.pause();
  }
  let dim: number | undefined;
  for (const record of last.values()) {
    if (pace.due) await pace.pause();
    if (!hasVector(record)) continue;
    dim = knownDim ?? dimOf(vectorOf(record), record.vector);
    break;
  }
  const vectors = new Float32Array(last.size * (dim ?? 0));
  let end = 0;
  /** Records whose vectors are the last that were copied, and not looked at yet: the kernel does so for many at a time. */
  let copied: RecordInput[] = [];
  const look = () => {
    if (dim === undefined || copied.length === 0) return;
    const norms = kernel.norms(vectors.subarray(end - copied.length * dim, end), dim);
    for (const [i, record] of copied.entries()) {
      const norm = norms[i] ?? 0;
      if (!(norm > 0 && norm <= MAX_LENGTH)) refuseNorm(vectorOf(record), norm, metric);
    }
    copied = [];
  };
  const withVector: boolean[] = [];
  const texts: (string | null)[] = [];
  const metadata: string[] = [];
  const expires: (number | null)[] = [];
  for (const [id, record] of last) {
    if (dim !== undefined && hasVector(record)) {
      vectors.set(components(vectorOf(record), record.vector, dim), end);
      end += dim;
      copied.push(record);
      if (copied.length === TOGETHER) look();
      withVector.push(true);
    } else {
      withVector.push(false);
    }
    if (record.text !== undefined && record.text !== null && typeof record.text !== "string") {
      throw new ThermoclineError(
        "ARGUMENT",
        `The text of record ${shown(id)} is ${shown(record.text)}; give a string.`,
      );
    }
    texts.push(record.text ?? null);
    metadata.push(metadataJson(id, record.metadata));
    expires.push(validExpiry(id, record.expiresAt) ?? otherwise);
    if (pace.due) await pace.pause();
  }
  look();
  return { dim, ids: [...last.keys()], texts, metadata, expires, hasVector: withVector, vectors };
}
