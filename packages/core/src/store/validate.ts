import { Pace } from "../catalogue/pace.js";
import { ThermoclineError } from "../errors.js";
import type { Kernel } from "../kernel/kernel.js";
import type { Metric, RecordInput } from "../types.js";
import { metadataJson } from "./metadata.js";
import { integer, MAX_DIM, shown } from "./settings.js";

/** Records that may be written: `vectors` is `[ids.length][dim]`, as given. */
export interface Batch {
  readonly dim: number;
  readonly ids: readonly string[];
  readonly texts: readonly (string | null)[];
  readonly metadata: readonly string[];
  readonly vectors: Float32Array;
}

function isText(value: unknown, least: number): value is string {
  return typeof value === "string" && value.length >= least && !value.includes("\0");
}

/** A namespace's name. */
export function validNamespace(name: unknown = "default"): string {
  if (isText(name, 1)) return name;
  throw new ThermoclineError("ARGUMENT", `namespace is ${shown(name)}; give a string that is not empty.`);
}

export function validId(id: unknown): string {
  if (isText(id, 1) && !/\p{Surrogate}/u.test(id)) return id;
  const rule = "a string that is not empty and has no U+0000 and no lone surrogates";
  throw new ThermoclineError("ARGUMENT", `A record's id is ${shown(id)}; give ${rule}.`);
}

export function validDim(dim: unknown): number {
  return integer("dim", dim, 1, MAX_DIM);
}

/** A vector's components, checked but for what only the kernel's norms tell. */
function components(what: string, vector: unknown, dim: number): ArrayLike<number> {
  const array = Array.isArray(vector) || (ArrayBuffer.isView(vector) && "length" in vector);
  if (!array) throw new ThermoclineError("ARGUMENT", `${what} is ${shown(vector)}; give an array of ${dim} numbers.`);
  const given = vector as ArrayLike<number>;
  if (given.length !== dim) {
    const rule = `this store holds vectors of ${dim}; is another embedding model in use?`;
    throw new ThermoclineError("DIMENSION", `${what} has ${given.length} components, but ${rule}`);
  }
  return given;
}

function refuseNorm(what: string, norm: number, metric: Metric): void {
  if (!Number.isFinite(norm)) {
    const rule = "every component must be a finite number in the range of float32";
    throw new ThermoclineError("NOT_FINITE", `${what} holds NaN, infinity or what is no number; ${rule}.`);
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

/** Checks all records before any is written. Of records with the same id the last one counts. */
export async function validBatch(
  kernel: Kernel,
  metric: Metric,
  knownDim: number | undefined,
  records: readonly RecordInput[],
  signal: AbortSignal | undefined,
): Promise<Batch> {
  if (!Array.isArray(records)) {
    throw new ThermoclineError(
      "ARGUMENT",
      `records is ${shown(records)}; give an array of { id, vector, text?, metadata? }.`,
    );
  }
  const pace = new Pace(signal);
  const last = new Map<string, RecordInput>();
  for (const record of records) {
    if (typeof record !== "object" || record === null) {
      throw new ThermoclineError("ARGUMENT", `A record is ${shown(record)}; give { id, vector, text?, metadata? }.`);
    }
    const id = validId(record.id);
    // Deleted first, so that the order of the batch is that of the last mentions.
    last.delete(id);
    last.set(id, record);
  }
  const first: unknown = records[0]?.vector;
  const dim = knownDim ?? validDim(typeof first === "object" && first !== null && "length" in first ? first.length : 0);
  const vectors = new Float32Array(last.size * dim);
  const texts: (string | null)[] = [];
  const metadata: string[] = [];
  for (const [id, record] of last) {
    const what = `The vector of record ${shown(id)}`;
    const at = texts.length * dim;
    vectors.set(components(what, record.vector, dim), at);
    refuseNorm(what, kernel.norms(vectors.subarray(at, at + dim), dim)[0] ?? 0, metric);
    if (record.text !== undefined && record.text !== null && typeof record.text !== "string") {
      throw new ThermoclineError(
        "ARGUMENT",
        `The text of record ${shown(id)} is ${shown(record.text)}; give a string.`,
      );
    }
    texts.push(record.text ?? null);
    metadata.push(metadataJson(id, record.metadata));
    if (pace.due) await pace.pause();
  }
  return { dim, ids: [...last.keys()], texts, metadata, vectors };
}
