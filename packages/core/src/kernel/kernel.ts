import type { Metric } from "../types.js";

/**
 * The narrow waist: all that the store asks of a numeric engine. Only numbers, bytes and typed arrays cross it. Callers
 * have validated; an engine re-checks lengths and throws ThermoclineError `KERNEL`. Rows are numbers below 2³²; matrices
 * are flat, row after row. The engine owns what it is given: rows and codes are copied in once and searched many times.
 */
export interface Kernel {
  readonly backend: "native" | "wasm";
  /** Why a faster backend was passed over. */
  readonly fallback?: string | undefined;
  /** The instruction set it runs on, such as `avx2`. */
  readonly isa: string;
  /** How many threads a long search is split over unless it says otherwise. */
  readonly threads: number;
  /** How many threads can work beside each other on searches. */
  readonly processors: number;
  /** Fits a codebook on a sample `[n][dim]`, off the main thread. Rejects with `ABORTED` when the signal fires. */
  fit(spec: CodecSpec, metric: Metric, dim: number, sample: Float32Array, options?: FitOptions): Promise<Uint8Array>;
  codec(codebook: Uint8Array): Codec;
  partition(dim: number, metric: Metric): Partition;
  hotBatch(dim: number): HotBatch;
  /** CRC-32. */
  checksum(bytes: Uint8Array): number;
  /** Length of each row; not finite exactly where a row holds NaN or infinity. */
  norms(rows: Float32Array, dim: number): Float64Array;
  /** A copy with every row scaled to length 1. */
  toUnit(rows: Float32Array, dim: number): Float32Array;
  toFloat16(values: Float32Array): Uint8Array;
  fromFloat16(bytes: Uint8Array): Float32Array;
  /** Exact similarity of the query to each row, to the bit what the hot tier gives. */
  similarities(metric: Metric, query: Float32Array, rows: Float32Array): Float32Array;
  /** The same of rows `[n][dim]` in half floats, each over its length; under cosine lengths do not count. */
  similaritiesToHalves(metric: Metric, query: Float32Array, halves: Uint8Array, lengths: Float32Array): Float32Array;
  /** Of (1/n) Σ x·xᵀ over `rows` `[n][dim]`; off the main thread, as are the two below. */
  eigenbasis(rows: Float32Array, dim: number): Promise<Eigenbasis>;
  /** Rows times a `[dim][dim]` matrix, or times its transpose, which undoes a rotation. */
  rotate(rows: Float32Array, dim: number, matrix: Float32Array, inverse: boolean): Promise<Float32Array>;
  /** SpectralQuant's: `levels` as a quantiser's `levels` or `fit` gave them, by default the Gaussian ones. */
  scalarQuantizer(basis: Eigenbasis, bits: Uint8Array, levels?: Float32Array): Promise<ScalarQuantizer>;
}

/** Eigenvalues descending; `rotation` is `[dim][dim]` with one eigenvector a column. */
export interface Eigenbasis {
  readonly eigenvalues: Float64Array;
  readonly rotation: Float32Array;
}

/** Rotates rows and codes every coordinate. Codes depend on what it was made of and the row alone, on every engine. */
export interface ScalarQuantizer {
  /** Codebooks one after the other, from the fewest bits to the most. */
  readonly levels: Float32Array;
  fit(sample: Float32Array): Promise<Float32Array>;
  encode(rows: Float32Array): Promise<Uint8Array>;
  decode(codes: Uint8Array): Promise<Float32Array>;
}

/** Without `effort`, what measures best for a codebook that will serve `rows` rows (default: many). */
export type CodecSpec =
  | {
      readonly codec: "eigen";
      readonly bytes: number;
      readonly seed: number;
      readonly effort?: "fast" | "best" | undefined;
      readonly rows?: number | undefined;
    }
  | {
      readonly codec: "fourier";
      readonly topK: number;
      readonly magBits?: number;
      readonly phaseBits?: number;
      /** 0, the default: no norm is coded. */
      readonly normBits?: number;
    };

/** `queries` `[m][dim]` as they will be asked; `onProgress` gets the share that is done, 0 to 1. */
export interface FitOptions {
  readonly queries?: Float32Array | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** A codebook at work. Codes depend on the codebook and the row alone, on every engine. */
export interface Codec {
  readonly bytes: number;
  /** Bits of a code that go to each of its own coordinates, the one most worth coding first; none of a Fourier codebook's. */
  coordinateBits(): Float32Array;
  encode(rows: Float32Array): Promise<Uint8Array>;
  /** The vectors that codes stand for; unit vectors under cosine. */
  decode(codes: Uint8Array): Promise<Float32Array>;
}

/** Rows on their way into a hot tier, which no search sees yet: laid out some at a time, they are taken in one short call. */
export interface HotBatch {
  add(rows: Uint32Array, vectors: Float32Array): void;
}

/** One namespace's rows in both tiers. Searches see the rows of the moment they began. */
export interface Partition {
  /** How many rows there are, of those that `allow` has a bit for (as in `SearchRequest`) or of all. */
  count(allow?: Uint8Array): { readonly hot: number; readonly cold: number };
  readonly hotBytes: number;
  readonly coldBytes: number;
  putHot(rows: Uint32Array, vectors: Float32Array): void;
  /** Takes the rows of a batch, none of which it holds, and leaves the batch empty. */
  takeHot(batch: HotBatch): void;
  removeHot(rows: Uint32Array): void;
  hotVectors(rows: Uint32Array): Float32Array;
  /** `rows` ascend; bit i of `live` (lowest first) says whether row i is to be found. */
  setBlock(block: number, codec: Codec, rows: Uint32Array, codes: Uint8Array, live: Uint8Array): void;
  dropBlock(block: number): void;
  removeCold(block: number, rows: Uint32Array): void;
  /** The vector that a cold row's code stands for. */
  decode(block: number, row: number): Float32Array;
  /**
   * The best rows for each of the queries, which share one pass over the rows; an answer depends neither on the queries beside
   * it nor on the threads. Off the main thread, unless that would take longer than the search. Rejects with `ABORTED` as
   * soon as the signal fires.
   */
  search(request: SearchRequest, signal?: AbortSignal): Promise<readonly SearchResult[]>;
}

/**
 * `queries` is `[n][dim]`; `hot` and `cold` are how many rows of each tier to return for each of them; `allow` has a bit for
 * each row that may be (default all); `threads` is how many may work on it, where so many pay (default `Kernel.threads`).
 */
export interface SearchRequest {
  readonly queries: Float32Array;
  readonly hot: number;
  readonly cold: number;
  readonly symmetric: boolean;
  readonly allow?: Uint8Array | undefined;
  readonly threads?: number | undefined;
}

/** Best first; ties go to the lower row. Hot scores are exact, cold ones estimated. */
export interface SearchResult {
  readonly hotRows: Uint32Array;
  readonly hotScores: Float32Array;
  readonly coldRows: Uint32Array;
  readonly coldScores: Float32Array;
}
