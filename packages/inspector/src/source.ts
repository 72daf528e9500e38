import type { Metadata, NamespaceSummary, Recommendation, StoreStats, Tier } from "@thermocline/core";

/** What the page asks, wherever the store is: behind HTTP, or in the browser itself. All of it is JSON. */
export interface Source {
  /** What the store holds by now. */
  describe(signal?: AbortSignal): Promise<Description>;
  spectrum(signal?: AbortSignal): Promise<SpectrumView>;
  /** Measures what each number of bytes finds: seconds to minutes, by the sample's size. */
  curve(question: CurveQuestion, signal?: AbortSignal, onProgress?: (share: number) => void): Promise<Curve>;
  search(question: Question, signal?: AbortSignal): Promise<Answer>;
  /** Some records in the order in which they were written. */
  page(question: PageQuestion, signal?: AbortSignal): Promise<Page>;
  /** One record whole; undefined where it is gone. */
  record(question: RecordQuestion, signal?: AbortSignal): Promise<RecordView | undefined>;
}

export type { Metadata, NamespaceSummary, Recommendation, StoreStats, Tier };

export interface Description {
  /** What the store is called on the page: its file's name. */
  readonly name: string;
  readonly stats: StoreStats;
  readonly namespaces: readonly NamespaceSummary[];
}

/** A spectrum as JSON; see `Spectrum` of core. */
export interface SpectrumView {
  readonly eigenvalues: readonly number[];
  readonly bits: readonly number[] | undefined;
  readonly bitsFrom: "codebook" | "plan" | undefined;
  /** Bytes of a row's code that the bits are of. */
  readonly bytes: number | undefined;
  readonly sample: number;
  readonly points: readonly MapPoint[];
}

export interface MapPoint {
  readonly id: string;
  readonly namespace: string;
  readonly tier: Tier;
  readonly x: number;
  readonly y: number;
}

export interface CurveQuestion {
  /** Rows to measure on. */
  readonly sampleSize: number;
}

export interface Curve extends Recommendation {
  /** Bytes a row that the store has, one of the curve's points. */
  readonly chosen: number | undefined;
}

/** `words`: BM25. `meaning`: by the vectors of what the words find best, which needs no embedding model. `both`: fused. */
export type Mode = "words" | "meaning" | "both";

/** A condition on metadata; several are all to hold. */
export interface Condition {
  readonly path: string;
  readonly operator: "$eq" | "$ne" | "$gte" | "$lte";
  readonly value: string | number | boolean | null;
}

export interface Question {
  readonly namespace: string;
  /** What was typed: words, or a vector as a JSON array. */
  readonly text: string;
  readonly mode: Mode;
  /** Instead of words: what is like this record. */
  readonly like?: string | undefined;
  readonly conditions: readonly Condition[];
  readonly k: number;
}

export interface Answer {
  readonly hits: readonly HitView[];
  /** What of the store was looked at, and how long that took on its side, in milliseconds. */
  readonly scanned: { readonly hot: number; readonly cold: number };
  readonly reranked: number;
  readonly ms: number;
  /** Why there is less to see than was asked for, as a sentence. */
  readonly note: string | undefined;
}

export interface HitView {
  readonly id: string;
  readonly tier: Tier | "none";
  /** Of the ranking that is shown. */
  readonly score: number;
  readonly textScore: number | undefined;
  /** By its code; undefined of a hot row. */
  readonly estimate: number | undefined;
  readonly exact: number | undefined;
  /** Place by vector, from 1, before and after originals were read; undefined where no vector was asked. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  /** Text, cut to what shows most of the words, in pieces of which those at odd places were found. */
  readonly pieces: readonly string[];
  readonly metadata: Metadata;
  /** On the map; undefined of a record without a vector, or where there is no map. */
  readonly x: number | undefined;
  readonly y: number | undefined;
}

export interface PageQuestion {
  readonly namespace: string;
  readonly conditions: readonly Condition[];
  /** How many matching records come before. */
  readonly offset: number;
  readonly limit: number;
}

export interface Page {
  readonly records: readonly RecordView[];
  /** How many match. */
  readonly total: number;
}

export interface RecordQuestion {
  readonly namespace: string;
  readonly id: string;
}

export interface RecordView {
  readonly id: string;
  readonly tier: Tier | "none";
  /** Of a page: its beginning. */
  readonly text: string;
  readonly metadata: Metadata;
}
