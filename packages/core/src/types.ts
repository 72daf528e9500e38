import type { Filter } from "./filter/filter.js";

/** A JSON value: what metadata may hold. It round-trips exactly. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Free-form JSON attached to a record; filters look into it by dotted path. */
export type Metadata = { readonly [key: string]: JsonValue };

/**
 * How similar two vectors are. Every score is a similarity: higher is better.
 * `cosine` in [-1, 1]; `dot` is the inner product, unbounded; `euclidean` is minus the distance, at most 0.
 */
export type Metric = "cosine" | "dot" | "euclidean";

/** Where a row lives: `hot` is exact float32 in RAM, `cold` is a spectral code in RAM. */
export type Tier = "hot" | "cold";

/** What stays on disk of a cold row's vector, to rerank and recode from. */
export type Originals = "float32" | "float16" | "none";

/**
 * What goes in: one record, addressed by (namespace, id). `vector` has `dim` finite components. Text and metadata come back
 * as they were, but for what UTF-8 and JSON cannot say: half a surrogate pair in a text becomes U+FFFD, -0 becomes 0.
 */
export interface RecordInput {
  readonly id: string;
  readonly vector: ArrayLike<number>;
  readonly text?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** What comes out of `get` and `list`. `vector` only when asked for. */
export interface StoredRecord<M extends Metadata = Metadata> {
  readonly id: string;
  readonly namespace: string;
  readonly text?: string;
  readonly metadata: M;
  readonly tier: Tier;
  readonly vector?: Float32Array;
}

/** One answer of `query`: a record and how similar it is to the query (higher is better). */
export interface Hit<M extends Metadata = Metadata> extends StoredRecord<M> {
  readonly score: number;
}

/** Progress of a long call: `done` of `total` records. */
export interface Progress {
  readonly phase: "write" | "calibrate" | "demote";
  readonly done: number;
  readonly total: number;
}

/** Options that every call taking records or rows shares. */
export interface CallOptions {
  /** The tenant; records of one namespace are never seen from another. Default `"default"`. */
  readonly namespace?: string | undefined;
  /** Aborting rejects with code `ABORTED` and leaves the store as it was; of moves between tiers, the blocks that were done stay done. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `upsert`. */
export interface UpsertOptions extends CallOptions {
  /** Called every few milliseconds of work, and once when all is written. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** A predicate over records, for what the filter language cannot say. Slower: rows are visited in order of score. */
export type RecordPredicate<M extends Metadata = Metadata> = (record: StoredRecord<M>) => boolean;

/** Options of `query`. */
export interface QueryOptions<M extends Metadata = Metadata> extends CallOptions {
  /** `dim` finite numbers. */
  readonly vector: ArrayLike<number>;
  /** How many hits, at least 1. Default 10. Fewer come back only when fewer records match. */
  readonly k?: number | undefined;
  /** Mongo-style filter over metadata, or a predicate. */
  readonly filter?: Filter | RecordPredicate<M> | undefined;
  /** Which tiers to search. Default both. */
  readonly tiers?: readonly Tier[] | undefined;
  /** How many cold candidates are rescored from originals. Default max(100, 4k). Ignored with `originals: "none"`. */
  readonly rerank?: number | undefined;
  /** Hits below this score are left out. */
  readonly minScore?: number | undefined;
  /** Return each hit's vector. From the original where there is one, else decoded from the code. */
  readonly includeVectors?: boolean | undefined;
}

/** Options of `get`. */
export interface GetOptions extends CallOptions {
  readonly includeVectors?: boolean | undefined;
}

/** Which records a call is about: by id, by filter, or all of a namespace. Exactly one must be given. */
export type Selection =
  | { readonly ids: readonly string[]; readonly filter?: never; readonly all?: never }
  | { readonly filter: Filter; readonly ids?: never; readonly all?: never }
  | { readonly all: true; readonly ids?: never; readonly filter?: never };

/** How cold rows are coded. */
export interface ColdOptions {
  /** `eigen` (default): SpectralQuant made into a search codec. `fourier`: SpectraLTM's sparse Fourier codes. */
  readonly codec?: "eigen" | "fourier" | undefined;
  /** Bytes of code per row. Eigen: 2 to 512. Fourier: 3 per kept bin (4 above 510 dimensions). Default 48. */
  readonly bytes?: number | undefined;
  /** `symmetric` encodes the query too, as SpectraLTM publishes it; only for `fourier`. Default `asymmetric`. */
  readonly scoring?: "asymmetric" | "symmetric" | undefined;
  /**
   * What calibration spends on an eigen codebook. `fast`: seconds less to fit, faster to encode, a small codebook; `best`: more
   * recall a byte. Default: what measures best for as many rows as the store holds, the codebook's own bytes counted.
   */
  readonly effort?: "fast" | "best" | undefined;
  /** Seed of the calibration's k-means. Same sample, same seed, same codebook. Default 0. */
  readonly seed?: number | undefined;
}

/** Options of `Thermocline.open`. What a file fixed when it was made (dim, metric, originals, codec) may be left out later. */
export interface OpenOptions {
  /** The SQLite file. Left out: the store lives in memory. */
  readonly path?: string | undefined;
  /** Components per vector, 1 to 65,536. Left out: taken from the first record, or from the file. */
  readonly dim?: number | undefined;
  /** Default `cosine`. */
  readonly metric?: Metric | undefined;
  /** `capacity`: rows kept exact in RAM before the least valuable move to the cold tier. Default 20,000; `Infinity` keeps all hot, 0 none. */
  readonly hot?: { readonly capacity?: number | undefined } | undefined;
  readonly cold?: ColdOptions | undefined;
  /** Default `float16`. */
  readonly originals?: Originals | undefined;
  /** Which kernel: `auto` takes the best that loads. Default `auto`, or the environment variable THERMOCLINE_KERNEL. */
  readonly kernel?: "auto" | "native" | undefined;
}

/** Options of `calibrate`. */
export interface CalibrateOptions extends CallOptions {
  /** Rows to fit on, taken evenly over the store. Default 20,000. */
  readonly sampleSize?: number | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of `demote`. */
export interface DemoteOptions extends CallOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What a store holds, what it costs, and which kernel runs it. */
export interface StoreStats {
  readonly dim: number | undefined;
  readonly metric: Metric;
  readonly records: number;
  readonly namespaces: number;
  readonly hot: { readonly rows: number; readonly capacity: number; readonly ramBytes: number };
  readonly cold: {
    readonly rows: number;
    readonly codec: "eigen" | "fourier";
    readonly bytesPerRow: number;
    readonly ramBytes: number;
  };
  readonly originals: Originals;
  /** Undefined until the first calibration. `bytes` is what the codebook weighs, once for the whole store. */
  readonly codebook: { readonly id: number; readonly bytes: number; readonly sampleRows: number } | undefined;
  /** Rows moved to the cold tier since the store was opened. */
  readonly demotions: number;
  /** Size of the database in bytes, on disk or in memory. */
  readonly diskBytes: number;
  readonly kernel: { readonly backend: "native"; readonly isa: string };
}
