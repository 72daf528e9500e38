import { type Filter, type OpenOptions, type Progress, ThermoclineError, type UpsertOptions } from "@thermocline/core";
import type { ThermoclineFilter } from "./filter.js";
import { isList } from "./lists.js";

/** How a vector store looks at the records of its namespace, whoever opened the underlying store. */
export interface ViewOptions {
  /** Whose documents these are; those of other namespaces are never seen. Default `"default"`. */
  readonly namespace?: string | undefined;
  /** Whether returned documents carry ids that the store generated; ids that you gave are always there. Default true. */
  readonly exposeIds?: boolean | undefined;
  /** Holds for every search, and for `delete` by filter or of all, beside the call's own filter. Ids see past it. */
  readonly filter?: ThermoclineFilter | undefined;
}

/**
 * How to open a vector store: the options of `Thermocline.open`, and how to look at what is in it. Without `path` it
 * lives in memory; without `dim` the first vectors decide.
 *
 * @example
 * const config: ThermoclineConfig = { path: "memory.db", namespace: "alice", cold: { bytes: 24 } };
 */
export interface ThermoclineConfig extends OpenOptions, ViewOptions {}

/**
 * Progress of adding and of moving in: `done` of `total`. `embed` counts texts, `read` bytes of another library's files or
 * documents of its store, `write` records.
 */
export interface AddProgress extends Omit<Progress, "phase"> {
  readonly phase: Progress["phase"] | "embed" | "read";
}

/**
 * Options of `addVectors`. `ids` are one for each document; where it has none, the document's own id counts, and where that
 * is missing too, one is generated.
 *
 * @example
 * const options: AddVectorsOptions = { ids: ["a", "b"], ttl: 24 * 60 * 60 * 1000 };
 */
export interface AddVectorsOptions extends Pick<UpsertOptions, "signal" | "ttl"> {
  readonly ids?: readonly (string | undefined)[] | undefined;
  /** From when on none of these documents is found any more: a date, or milliseconds since 1970. Comes before `ttl`. */
  readonly expiresAt?: Date | number | undefined;
  /** Called every few milliseconds of work, and once when all is written. */
  readonly onProgress?: ((progress: AddProgress) => void) | undefined;
}

/**
 * Options of `addDocuments`.
 *
 * @example
 * const options: AddOptions = { batchSize: 256, onProgress: ({ phase, done, total }) => console.log(phase, done, total) };
 */
export interface AddOptions extends AddVectorsOptions {
  /** How many texts each call of `embeddings.embedDocuments` gets, at least 1. Progress and `signal` count between two. Default 512. */
  readonly batchSize?: number | undefined;
}

/** How to open a store that another library's documents move into, and whom to tell about it. */
export interface MoveConfig extends ThermoclineConfig, Pick<AddVectorsOptions, "signal" | "onProgress"> {}

/**
 * What `delete` is about. Exactly one must be given, and only `deleteAll: true` means everything.
 *
 * @example
 * const old: DeleteOptions = { filter: { year: { $lt: 2015 } } };
 */
export interface DeleteOptions {
  readonly ids?: readonly string[] | undefined;
  readonly filter?: Filter | undefined;
  readonly deleteAll?: boolean | undefined;
}

/** Options of `list`. */
export interface ListDocumentsOptions {
  /** Only documents that match. Default: all that the store sees. */
  readonly filter?: ThermoclineFilter | undefined;
  /** How many at most, from 1. Default: all. */
  readonly limit?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const ADD_KEYS: Readonly<Record<keyof AddOptions, true>> = {
  ids: true,
  ttl: true,
  expiresAt: true,
  signal: true,
  onProgress: true,
  batchSize: true,
};

/** Options of adding, of which a bare list of ids is the short form. What another store would take is not passed over. */
export function addOptions(options: AddOptions | readonly string[]): AddOptions {
  if (isList(options)) return { ids: options };
  const given = options ?? {};
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(ADD_KEYS, key));
  if (unknown === undefined) return given;
  const known = Object.keys(ADD_KEYS).join(", ");
  throw new ThermoclineError("ARGUMENT", `Unknown option ${unknown} of adding; the options are ${known}.`);
}
