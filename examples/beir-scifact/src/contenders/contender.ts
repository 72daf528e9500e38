import type { Document } from "@langchain/core/documents";
import type { StoreStats } from "@thermocline/core";
import type { Setting } from "../row.js";

/** The part of LangChain's vector store that the job drives: every contender is asked through this one call. */
export interface SearchableStore {
  addVectors(vectors: number[][], documents: Document[], options: { ids: string[] }): Promise<unknown>;
  similaritySearchVectorWithScore(query: number[], k: number): Promise<[Document, number][]>;
}

/** What a contender needs to know to open. */
export interface OpenContext {
  /** How many rows will come. */
  readonly rows: number;
  /** A file of its own that does not exist yet, in a folder that does. */
  readonly file: string;
}

/** What an open contender weighs. Null where it does not apply. */
export interface Footprint {
  /** Of all rows together. */
  readonly ramBytes: number;
  /** Once for the whole store, beside the rows. */
  readonly codebookBytes: number | null;
  readonly coldRows: number | null;
  readonly kernel: StoreStats["kernel"] | null;
}

/** A contender with its store open. */
export interface OpenContender {
  readonly store: SearchableStore;
  /** Called once after the last row: brings the rows to where the setting says they are. */
  settle(): Promise<void>;
  footprint(): Promise<Footprint>;
  close(): Promise<void>;
}

/** One line of the line-up. */
export interface Contender {
  readonly setting: Setting;
  open(context: OpenContext): OpenContender;
}
