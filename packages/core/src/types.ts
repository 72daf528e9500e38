import type { Filter } from "./filter/filter.js";
import type { WasmModules } from "./kernel/wasm-modules.js";
import type { WasmSource } from "./wasm-source.js";

/** A JSON value: what metadata may hold. It round-trips exactly. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Free-form JSON attached to a record; filters look into it by dotted path. */
export type Metadata = { readonly [key: string]: JsonValue };

/**
 * How similar two vectors are. Every score is a similarity: higher is better.
 * `cosine` in [-1, 1]; `dot` is the inner product, unbounded; `euclidean` is minus the distance, at most 0.
 */
export type Metric = "cosine" | "dot" | "euclidean";

/** Where a vector lives: `hot` is exact float32 in RAM, `cold` is a spectral code in RAM. */
export type Tier = "hot" | "cold";

/** What stays on disk of a cold row's vector, to rerank and recode from. */
export type Originals = "float32" | "float16" | "none";

/**
 * What goes in: one record, addressed by (namespace, id). `vector` has `dim` finite components; a record without one is found by id, by
 * filter and by words, never by a vector, and takes no part in the tiers. Text and metadata come back
 * as they were, but for what UTF-8 and JSON cannot say: half a surrogate pair in a text becomes U+FFFD, -0 becomes 0.
 */
export interface RecordInput<M extends Metadata = Metadata> {
  readonly id: string;
  /** Left out for a record without one. Null and undefined are refused: they are what a failed embedding leaves. */
  readonly vector?: ArrayLike<number>;
  readonly text?: string | undefined;
  readonly metadata?: M | undefined;
  /**
   * From when on it is not found any more: a date, or milliseconds since 1970. One that has passed already writes no record, and what
   * had its id is gone.
   */
  readonly expiresAt?: Date | number | undefined;
}

/** What comes out of `get` and `list`. `vector` only when asked for, and where there is one. */
export interface StoredRecord<M extends Metadata = Metadata> {
  readonly id: string;
  readonly namespace: string;
  readonly text?: string;
  readonly metadata: M;
  /** `none` of a record without a vector. */
  readonly tier: Tier | "none";
  /** When it expires, in milliseconds since 1970, where that was given. */
  readonly expiresAt?: number;
  readonly vector?: Float32Array;
}

/** One answer of `query`: a record and how well it answers (higher is better). */
export interface Hit<M extends Metadata = Metadata> extends StoredRecord<M> {
  /** Similarity to the vector; of a query by text alone, BM25; of one by both, their fusion. */
  readonly score: number;
  /** Of a query by text: BM25, above 0, of a text that has any of the words that were looked for. */
  readonly textScore?: number;
  /** Of a query by text and vector: similarity to the vector, where the record has one. */
  readonly vectorScore?: number;
  /**
   * With `snippet`: the part of the text that shows most of the words, where there is any. SQLite leaves out of it what stands between
   * U+0000 and the next word that was found.
   */
  readonly snippet?: string;
  /** Only with `explain`. */
  readonly explanation?: HitExplanation;
}

/** How a hit came to its score and its place. */
export interface HitExplanation {
  /** The tier that it was found in; `none` of a record without a vector. */
  readonly tier: Tier | "none";
  /** A cold row's score by its code; undefined for a hot row, which has none. */
  readonly estimate: number | undefined;
  /** The exact score of the vector: of a hot row, or of a cold one's original; undefined where there is none. */
  readonly exact: number | undefined;
  /** Its place among the candidates before reranking, from 1; of a query with a text, in the one ranking that it makes. */
  readonly rank: number;
}

/** What a query did, and where its time went. */
export interface QueryExplanation {
  /** Rows of each tier that a pass scores: those that the filter and `tiers` allow; none by words alone. */
  readonly scanned: { readonly hot: number; readonly cold: number };
  /** Records that the filter allowed; with a function, of those it was asked about. Undefined without a filter. */
  readonly filtered: number | undefined;
  /** Cold candidates that were rescored from originals. */
  readonly reranked: number;
  /**
   * How often the tiers were searched: once, or more where a function or a cursor leads deeper, or where words find what the
   * vector did not; never by words alone.
   */
  readonly passes: number;
  /**
   * Milliseconds: `filter`, finding the rows that it allows, or asking the function; `scan`, both tiers and the index of words; `rerank`, reading and scoring
   * originals; `read`, reading records; `diversify`, choosing by `mmr`. Queries of a batch share filter and scan, which are given for all
   * of them together.
   */
  readonly ms: {
    readonly filter: number;
    readonly scan: number;
    readonly rerank: number;
    readonly read: number;
    readonly diversify: number;
  };
}

/** A hit of a query with `explain: true`. */
export interface ExplainedHit<M extends Metadata = Metadata> extends Hit<M> {
  readonly explanation: HitExplanation;
}

/** The hits of a query with `explain: true`: an array like any other, with what the query did in `explanation`. */
export type ExplainedHits<M extends Metadata = Metadata> = ExplainedHit<M>[] & {
  readonly explanation: QueryExplanation;
};

/** Options that ask for an explanation. */
export interface Explain {
  readonly explain: true;
}

/** Progress of a long call: `done` of `total` rows or texts; a row that is gone over twice counts twice. */
export interface Progress {
  readonly phase:
    | "write"
    | "delete"
    | "calibrate"
    | "demote"
    | "promote"
    | "pin"
    | "recommend"
    | "verify"
    | "compact"
    | "index";
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
  /** For how many milliseconds records are found that have no `expiresAt` of their own, from the call on. Default: always. */
  readonly ttl?: number | undefined;
  /** Called every few milliseconds of work, and once when all is written. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * A predicate over records, for what the filter language cannot say. Slower: records are read and asked about in order of score
 * until k of them pass. It returns true or false, not a promise; what it throws rejects the query.
 */
export type RecordPredicate<M extends Metadata = Metadata> = (record: StoredRecord<M>) => boolean;

/**
 * Maximal marginal relevance: of the `fetchK` most similar records, one after the other is chosen that is similar to the query and not
 * to those chosen before. Hits come in that order; their scores stay the similarity to the query.
 */
export interface MmrOptions {
  /** From 0, as diverse as can be, to 1, as similar as can be, which is what a query without `mmr` finds. Default 0.5. */
  readonly lambda?: number | undefined;
  /** How many candidates there are to choose from, at least k. Default max(20, 4k). */
  readonly fetchK?: number | undefined;
}

/** What `query` and `queryBatch` have in common. */
export interface SearchOptions<M extends Metadata = Metadata> extends CallOptions {
  /** How many hits, at least 1. Default 10. Fewer come back only when fewer records match. */
  readonly k?: number | undefined;
  /** Mongo-style filter over metadata, or a predicate. */
  readonly filter?: Filter<M> | RecordPredicate<M> | undefined;
  /** Which tiers to search. Default both. Of records without a vector, words find none where only one is given. */
  readonly tiers?: readonly Tier[] | undefined;
  /**
   * How many cold candidates are rescored from originals. Default: of max(128, 4k) candidates those, 32 or more, that may still be among the k
   * best, as exact scores have differed from estimates so far (three standard deviations). Ignored with `originals: "none"`.
   */
  readonly rerank?: number | undefined;
  /** Hits below this score are left out: a threshold, in the scale of `score`. */
  readonly minScore?: number | undefined;
  /** Choose hits that differ from each other. */
  readonly mmr?: MmrOptions | undefined;
  /** Return each hit's vector. From the original where there is one, else decoded from the code. */
  readonly includeVectors?: boolean | undefined;
  /** Say how each hit was found and what the query did: {@link ExplainedHits}. Costs nothing where it is left out. */
  readonly explain?: boolean | undefined;
}

/**
 * What to look for by words. A word is a run of letters and digits, without regard to case and accents; nothing in the text is a
 * query language. Of more than 64 different words the first 64 count.
 */
export interface TextOptions {
  /** Words to look for, in any language that the index's tokenizer knows (see `indexTexts`). */
  readonly text?: string | undefined;
  /**
   * `any` (default): texts with any of the words, ranked by BM25; with more than 2,048 records, words that are in
   * more than half of them or in tens of thousands are passed over where rarer ones are found. `all`: texts with all of them. `phrase`: texts with the words in this order.
   */
  readonly textMatch?: "any" | "all" | "phrase" | undefined;
  /** Give of each hit the part of its text that shows most of the words. Default false. */
  readonly snippet?: boolean | SnippetOptions | undefined;
  /**
   * How a text and a vector become one ranking. `rrf`: reciprocal rank fusion, Σ 1 / (60 + rank). `relative`: the weighted sum of both
   * scores, each scaled from 0 to 1 over the candidates, of which one without any of the words has BM25 0, and one without a vector is as
   * similar as the least of the others. Default `rrf`, or `relative` where `alpha` is given.
   */
  readonly fusion?: "rrf" | "relative" | undefined;
  /** How much the vector counts, from 0, words only, to 1, vector only. Default 0.5, at which both count alike. */
  readonly alpha?: number | undefined;
}

/** How snippets are cut and marked. Texts come as they are: escape them, marks and all, before they become HTML. */
export interface SnippetOptions {
  /** How many words, 1 to 64. Default 32. */
  readonly tokens?: number | undefined;
  /** Before each word that was found. Default `[`. */
  readonly open?: string | undefined;
  /** After it. Default `]`. */
  readonly close?: string | undefined;
  /** Where text was left out. Default `…`. */
  readonly ellipsis?: string | undefined;
}

/** Options of `query`: a vector, a text, or both. */
export interface QueryOptions<M extends Metadata = Metadata> extends SearchOptions<M>, TextOptions {
  /** `dim` finite numbers. */
  readonly vector?: ArrayLike<number> | undefined;
}

/** Options of `indexTexts`. */
export interface IndexTextsOptions {
  /**
   * How texts are cut into words. `unicode61` (default): runs of letters and digits; case and accents do not count. `porter`: the
   * same with English endings taken off. `trigram`: every three letters in a row, so that any part of three letters or more is
   * found, in languages without spaces, too; the index is several times as large. Default: what the index has.
   */
  readonly tokenizer?: "unicode61" | "porter" | "trigram" | undefined;
  /** Aborting rejects with code `ABORTED` and leaves the store as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Called every few milliseconds of work, and once when all is done. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of `queryPage`: those of `query`, but for `mmr`, and with a text or a vector, not both. */
export interface QueryPageOptions<M extends Metadata = Metadata> extends QueryOptions<M> {
  /** Where to go on: the `cursor` of the page before, of the same query with the same options. */
  readonly cursor?: string | undefined;
}

/** Some hits of a query. */
export interface QueryPage<M extends Metadata = Metadata> {
  /** Up to k, best first, after those of the pages before. */
  readonly hits: readonly Hit<M>[];
  /** For the next page; undefined when no hit follows. */
  readonly cursor: string | undefined;
}

/** Options of `queryBatch`; all but `vectors` hold for every query of it. */
export interface QueryBatchOptions<M extends Metadata = Metadata> extends SearchOptions<M> {
  /** Any number of vectors, of `dim` finite numbers each. */
  readonly vectors: readonly ArrayLike<number>[];
}

/** Options of `get`. */
export interface GetOptions extends CallOptions {
  readonly includeVectors?: boolean | undefined;
}

/** Options of `list`. */
export interface ListOptions<M extends Metadata = Metadata> extends CallOptions {
  /** Only records that match. Default: all of the namespace. */
  readonly filter?: Filter<M> | undefined;
  /** How many records at most, 1 to 2³¹. Default: all. */
  readonly limit?: number | undefined;
  /** Where to go on: the `cursor` of a page of `listPage`. */
  readonly cursor?: string | undefined;
  /** Give each record's vector. From the original where there is one, else decoded from the code. */
  readonly includeVectors?: boolean | undefined;
}

/** Options of `listPage`. */
export interface ListPageOptions<M extends Metadata = Metadata> extends ListOptions<M> {
  /** How many records the page has at most, 1 to 10,000. Default 100. */
  readonly limit?: number | undefined;
  /**
   * How many records to pass over first, from the beginning or the cursor on, 0 to 2³¹. Default 0. Each is counted, not read: half a
   * million take some tenths of a second, where a cursor takes none.
   */
  readonly offset?: number | undefined;
}

/** Some of a listing. */
export interface RecordPage<M extends Metadata = Metadata> {
  /** In the order in which they were written. */
  readonly records: readonly StoredRecord<M>[];
  /** For the next page; undefined when no record follows. It stays good when the store is closed, opened and written to. */
  readonly cursor: string | undefined;
}

/** A namespace that holds records, and how many in each tier and without a vector. */
export interface NamespaceSummary {
  readonly name: string;
  readonly records: number;
  readonly hot: number;
  readonly cold: number;
  readonly withoutVector: number;
}

/** Options of `copyNamespace` and `dropNamespace`. */
export interface NamespaceOptions {
  /** Aborting rejects with code `ABORTED` and leaves the store as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Called every few milliseconds of work, and once when all is done. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of `sweep`. */
export interface SweepOptions {
  /** Aborting rejects with code `ABORTED`; what was deleted by then stays deleted. */
  readonly signal?: AbortSignal | undefined;
}

/** Which records a call is about: by id, by filter, or all of a namespace. Exactly one must be given. */
export type Selection<M extends Metadata = Metadata> =
  | { readonly ids: readonly string[]; readonly filter?: never; readonly all?: never }
  | { readonly filter: Filter<M>; readonly ids?: never; readonly all?: never }
  | { readonly all: true; readonly ids?: never; readonly filter?: never };

/** How many rows are hot, and which. */
export interface HotOptions {
  /**
   * Rows kept exact in RAM before the least valuable move to the cold tier. Default 20,000; `Infinity` keeps all hot, 0 none but
   * pinned ones.
   */
  readonly capacity?: number | undefined;
  /** The same in bytes, of which a row takes four a component; instead of `capacity`. */
  readonly bytes?: number | undefined;
  /**
   * Whether cold rows that queries keep returning move up by themselves, and less valuable ones down for them. Default true;
   * without effect with `originals: "none"` and with a capacity of 0 or `Infinity`.
   */
  readonly promote?: boolean | undefined;
}

/** How cold rows are coded. */
export interface ColdOptions {
  /** `eigen` (default): SpectralQuant made into a search codec. `fourier`: SpectraLTM's sparse Fourier codes. */
  readonly codec?: "eigen" | "fourier" | undefined;
  /**
   * Bytes of code per row. Eigen: 2 to 512. Fourier: 3 per kept bin (4 above 511 dimensions). Default 48.
   * `auto`: the first calibration, which then needs 1,000 rows, tries 8 to 192 on a sample and takes the fewest that reach
   * `targetRecall`, or the most it tried when none do. The file fixes them from then on; `stats().cold.auto` says what
   * was found.
   */
  readonly bytes?: number | "auto" | undefined;
  /**
   * With bytes `auto`: the share of the exact top 10 that queries shall find, above 0 and below 1, at the lower end of a
   * 95 % confidence interval. With originals kept it is counted among the 100 candidates that are rescored (default 0.95),
   * with `originals: "none"` among the first 10 by codes alone (default 0.9).
   */
  readonly targetRecall?: number | undefined;
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

/**
 * When a write resolves. `full`: when its transaction is on the disk, through the operating system's caches. `normal`: when the
 * operating system has it. That is several times faster for small writes, and safe from a crash of the process; losing
 * power, or a crash of the system, may undo the last writes, each wholly, and never damages the file.
 */
export type Durability = "full" | "normal";

/** All WebAssembly modules that a store may need: the kernel's, and where there is no Node, SQLite's. */
export interface StoreModules extends WasmModules {
  /** `sqlite3.wasm` of `@sqlite.org/sqlite-wasm`. */
  readonly sqlite?: WasmSource | PromiseLike<WasmSource> | undefined;
}

/** Options of `Thermocline.open`. What a file fixed when it was made (dim, metric, originals, codec) may be left out later. */
export interface OpenOptions {
  /** The SQLite file. Left out: the store lives in memory. */
  readonly path?: string | undefined;
  /** Components per vector, 1 to 65,536. Left out: taken from the first record, or from the file. */
  readonly dim?: number | undefined;
  /** Default `cosine`. */
  readonly metric?: Metric | undefined;
  readonly hot?: HotOptions | undefined;
  readonly cold?: ColdOptions | undefined;
  /** Default `float16`. */
  readonly originals?: Originals | undefined;
  /** Default `full`. For this opening only, the file does not keep it. In a page always `full`; in memory it means nothing. */
  readonly durability?: Durability | undefined;
  /**
   * Never writes to the file, which must be there, and needs no permission to. What other processes commit is seen. Calls that
   * write reject with `UNSUPPORTED`. Where this process may not write in the file's folder either, nobody may write to the file
   * while it is open. Default false.
   */
  readonly readOnly?: boolean | undefined;
  /**
   * Which kernel: `native`, the addon; `wasm`, WebAssembly, which gives the same answers to the bit, slower; `auto` takes the first
   * of them that loads. Default `auto`, or the environment variable THERMOCLINE_KERNEL.
   */
  readonly kernel?: "auto" | "native" | "wasm" | undefined;
  /**
   * How many threads one search may be split over, 1 to 256, where it is long enough for so many to pay (about 0.25 ms of work
   * each). Answers do not depend on it. Default: one for each processor, up to 4. Searches beside each other share the processors.
   */
  readonly threads?: number | undefined;
  /**
   * Milliseconds between two sweeps, which delete in the background what has expired. Default 60,000; `Infinity` leaves that
   * to calls of `sweep`. Expired records are not found either way.
   */
  readonly sweepInterval?: number | undefined;
  /**
   * How many fields of metadata are indexed at most, 0 to 64: those that filters use most, made and dropped by themselves, in the
   * background. Default 8. See `stats().indexes`.
   */
  readonly indexedFields?: number | undefined;
  /** WebAssembly modules, where they cannot be found beside their packages; a process's first ones count. */
  readonly wasm?: StoreModules | undefined;
}

/** Options of `Thermocline.fromBytes`. What the bytes fixed (dim, metric, originals, codec) may be left out. */
export type FromBytesOptions = Omit<OpenOptions, "path" | "durability" | "readOnly">;

/** Options of `calibrate` and `recalibrate`. */
export interface CalibrateOptions extends CallOptions {
  /** Rows to fit on, taken evenly over the store. Default 20,000. */
  readonly sampleSize?: number | undefined;
  /**
   * Queries as they are really asked, 30 or more (50 where bytes are to be chosen), better some hundreds. A codebook is fitted
   * with two thirds of them and one without; the other third asks both, and what finds more is kept.
   */
  readonly queries?: readonly ArrayLike<number>[] | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of `demote`. */
export interface DemoteOptions extends CallOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of `compact`. */
export interface CompactOptions {
  /** Aborting rejects with code `ABORTED`; what had been compacted stays so. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** What `compact` has made of the store's size. */
export interface CompactReport {
  /** Of the database, as `stats().diskBytes` says. */
  readonly diskBytes: { readonly before: number; readonly after: number };
  /** Of the rows of both tiers in RAM. */
  readonly ramBytes: { readonly before: number; readonly after: number };
}

/** Options of `Thermocline.verify`. */
export interface VerifyOptions {
  /** Aborting rejects with code `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Called every few milliseconds of work, and once when all is read. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** As in {@link OpenOptions}. */
  readonly kernel?: OpenOptions["kernel"];
  /** As in {@link OpenOptions}. */
  readonly wasm?: StoreModules | undefined;
}

/** Something in a store's file that is not as it was written. */
export interface VerifyProblem {
  /**
   * What is damaged: `file` is SQLite's own structure, `placement` a row that is in no tier though its record has a vector, or in one though
   * it has none, in two, or in another block or namespace than its record says, `texts` the index of words, which `indexTexts` makes anew.
   */
  readonly what:
    | "file"
    | "table"
    | "settings"
    | "namespace"
    | "record"
    | "codebook"
    | "block"
    | "original"
    | "placement"
    | "pin"
    | "index"
    | "texts";
  /** The table it was found in; undefined for `file`. */
  readonly table: string | undefined;
  /** The row, where it is one. */
  readonly row: number | undefined;
  /** The code block, where it is one. */
  readonly block: number | undefined;
  /** What was found. */
  readonly message: string;
}

/** Whether an index of words was compared with the texts that it is of. */
export interface TextIndexCheck {
  /** Word for word; what differs is a problem `texts`. */
  readonly compared: boolean;
  /** Why it was not. */
  readonly reason: string | undefined;
}

/** What `Thermocline.verify` found: how much is whole, and what is damaged. */
export interface VerifyReport {
  /** Whether nothing is damaged. */
  readonly ok: boolean;
  /** Bytes of the database; 0 when its first page cannot be read. */
  readonly bytes: number;
  /** How many were read and are whole. */
  readonly records: number;
  readonly namespaces: number;
  readonly codebooks: number;
  readonly blocks: number;
  readonly originals: number;
  /** Undefined where the store keeps no index of words, or where its settings are damaged. */
  readonly textIndex: TextIndexCheck | undefined;
  /** How much is damaged. */
  readonly problemCount: number;
  /** The first 1,000 problems, in the order in which they were found. */
  readonly problems: readonly VerifyProblem[];
}

/** Options of `promote` and `pin`. */
export interface PromoteOptions extends CallOptions {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of a store's `recommend`. */
export interface StoreRecommendOptions {
  /** Recalls to be reached, each above 0 and below 1. Default 0.8, 0.9 and 0.95. */
  readonly targets?: readonly number[] | undefined;
  /** Bytes a row to try. Default 8, 12, 16, 24, 32, 48, 64, 96, 128 and 192, up to a byte a component. */
  readonly bytes?: readonly number[] | undefined;
  /** Queries as they are really asked, 50 or more. Without them a fifth of the sample, 500 rows at most, asks the others. */
  readonly queries?: readonly ArrayLike<number>[] | undefined;
  /**
   * Rows that will share a codebook: it counts in `totalBytesPerRow` and in what is worth spending on it. Default: those
   * that are stored, or searched.
   */
  readonly rows?: number | undefined;
  /** Rows of the store to measure on, taken evenly. Default 20,000. */
  readonly sampleSize?: number | undefined;
  /** Aborting rejects with code `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Options of `spectrum`. */
export interface SpectrumOptions {
  /** Rows of the store to measure on, taken evenly, 2 to 1,000,000. Default 4,000. */
  readonly sampleSize?: number | undefined;
  /** How many of these rows are placed in the plane of the first two axes, 0 to 10,000. Default 0. */
  readonly points?: number | undefined;
  /** Bytes a row to plan with, 2 to 512. Default: the codebook in use, or where there is none yet the bytes of the store's options. */
  readonly bytes?: number | undefined;
  /** Aborting rejects with code `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * How a store's vectors, as they are scored (unit vectors under cosine), spread over their eigen-coordinates: those in which they vary
 * independently of each other, the one that varies most first.
 */
export interface Spectrum {
  /** How much the sample varies along each axis: `dim` variances, descending, none negative. */
  readonly eigenvalues: Float64Array;
  /**
   * Bits of a row's code that go to each coordinate, fractions where a nibble codes several: `dim` numbers that sum to 8 · (bytes - 1), as
   * the last byte is the row's scale. `bitsFrom` says which they are. Undefined where nothing varies, before bytes `auto` are chosen, for
   * the codec `fourier`, which shares nothing out, and where there is no codebook and the sample has at most 256 rows, and at most `dim`.
   */
  readonly bits: Float64Array | undefined;
  /**
   * `codebook`: what the codebook in use has. A nibble's four bits go to the coordinates that it codes, to each as much as it has of the
   * spread of the nibble's 16 centroids; where nibbles have nothing left to code, the sum is less. These are the codebook's own
   * coordinates, of the sample that it was fitted on, the one most worth coding first; the eigenvalues here are of the rows that there
   * are now. `plan`: what water-filling would give the coordinates here if a codebook were fitted on this sample without queries, where
   * there is no codebook yet, or for `bytes` that were asked for. Undefined as `bits` are.
   */
  readonly bitsFrom: "codebook" | "plan" | undefined;
  /** The mean of the sample, `dim` components. */
  readonly mean: Float32Array;
  /** The first two axes, unit vectors of `dim` components; one where `dim` is 1. A vector x is at (x - mean) · axis. */
  readonly axes: readonly Float32Array[];
  /** How many rows were measured. */
  readonly sample: number;
  /** Where records of the sample are on the first two axes. */
  readonly points: readonly SpectrumPoint[];
}

/** Where a record is in the plane of the first two eigen-coordinates. */
export interface SpectrumPoint {
  readonly id: string;
  readonly namespace: string;
  readonly tier: Tier;
  readonly x: number;
  readonly y: number;
}

/** Options of `recommend`. */
export interface RecommendOptions extends Omit<StoreRecommendOptions, "sampleSize"> {
  /** Default `cosine`. */
  readonly metric?: Metric | undefined;
  /** As in {@link ColdOptions}. */
  readonly effort?: "fast" | "best" | undefined;
  /** Chooses which rows ask, and starts k-means. Default 0. */
  readonly seed?: number | undefined;
}

/**
 * How well rows fit the codebook. Errors are relative: Σ‖x - x̂‖² over Σ‖x‖², x̂ being what a row's code decodes to.
 * `recalibrate` is true when `ratio` is above 1.25 over 500 rows or more.
 */
export interface Drift {
  /** At calibration, on rows of the sample that the codebook was not fitted on (on the sample itself below 512 rows). */
  readonly fitted: number;
  /** On rows coded since, of each batch up to 256; a row counts half as much as one coded 4,096 rows later. */
  readonly recent: number;
  /** `recent` over `fitted`: above 1, rows fit worse than they did. */
  readonly ratio: number;
  /** How many rows have been coded since the calibration. */
  readonly rows: number;
  /** Whether it is time for `recalibrate`: rows fit worse by a quarter, or are four times those of a small sample. */
  readonly recalibrate: boolean;
}

/** A field of metadata that is indexed, so that filters on it look at no record. */
export interface IndexedField {
  /** Its path, as filters write it. */
  readonly field: string;
  /** Of how many rows its values are in the index; filters look at the others one by one. */
  readonly rows: number;
  /** What the index weighs in the file. */
  readonly bytes: number;
  /** How often filters have asked for the field since the store was opened; earlier ones count less. */
  readonly uses: number;
}

/** The index of words, which a store keeps once a query has asked by words. */
export interface TextIndexStats {
  /** How texts are cut into words: see {@link IndexTextsOptions}. */
  readonly tokenizer: "unicode61" | "porter" | "trigram";
  /** Of how many records it holds the text; undefined where it is damaged. */
  readonly texts: number | undefined;
}

/** What a store holds, what it costs, and which kernel runs it. */
export interface StoreStats {
  readonly dim: number | undefined;
  readonly metric: Metric;
  readonly records: number;
  /** Of them, those that have no vector, and so are in neither tier. */
  readonly withoutVector: number;
  readonly namespaces: number;
  readonly hot: {
    readonly rows: number;
    /** Of these rows, those that are pinned. */
    readonly pinned: number;
    /** In rows, also where it was given in bytes; those are `Infinity` until the dimension is known. */
    readonly capacity: number;
    readonly ramBytes: number;
    /** What the rows' vectors take in the file, without SQLite's own overhead: computed, not counted. */
    readonly diskBytes: number;
  };
  readonly cold: {
    readonly rows: number;
    readonly codec: "eigen" | "fourier";
    /** Undefined until the first calibration has chosen it, with bytes `auto`. */
    readonly bytesPerRow: number | undefined;
    /** With bytes `auto`: the recall asked for, and what was measured with the bytes that were chosen. */
    readonly auto: { readonly targetRecall: number; readonly recall: number | undefined } | undefined;
    readonly ramBytes: number;
    /** What the rows' codes and originals take in the file, computed in the same way. Text and metadata count in neither tier. */
    readonly diskBytes: number;
  };
  readonly originals: Originals;
  /**
   * Undefined until the first calibration. `bytes` is what the codebook weighs, once for the whole store; `queries`, how
   * many queries it was fitted with: 0 if none were given, or if it found no more with them.
   */
  readonly codebook:
    | { readonly id: number; readonly bytes: number; readonly sampleRows: number; readonly queries: number }
    | undefined;
  /** Undefined until rows have been coded with the codebook in use. */
  readonly drift: Drift | undefined;
  /** Rows moved to the cold tier since the store was opened. */
  readonly demotions: number;
  /** The fields that filters find by an index. */
  readonly indexes: readonly IndexedField[];
  /** The index of words; undefined while the store keeps none. */
  readonly textIndex: TextIndexStats | undefined;
  /** Rows moved to the hot tier since then. */
  readonly promotions: number;
  /**
   * Hits that queries returned since the store was opened, by the tier that they came from, and the share of those from the
   * hot tier; undefined before the first hit.
   */
  readonly served: { readonly hot: number; readonly cold: number; readonly hotShare: number | undefined };
  /** Size of the database in bytes, on disk or in memory. */
  readonly diskBytes: number;
  /** The version of its format, 1 or above: `docs/format.md`. */
  readonly formatVersion: number;
  /** When writes resolve; undefined in memory. */
  readonly durability: Durability | undefined;
  /**
   * Which kernel runs, with which instructions, and over how many threads a long search is split at most; `fallback` says why
   * `auto` passed over the native one.
   */
  readonly kernel: {
    readonly backend: "native" | "wasm";
    readonly isa: string;
    readonly threads: number;
    readonly fallback?: string | undefined;
  };
}
