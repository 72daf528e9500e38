import type { BenchRecord } from "./records.js";

/** A store as it is measured. */
export interface StoreContender {
  /** Makes an empty one in a folder, for `rows` rows. */
  create(folder: string, rows: number): Promise<OpenStore>;
  /** Opens one that was made; undefined where it does not outlive its process. */
  readonly open: ((folder: string) => Promise<OpenStore>) | undefined;
  /** Why it is given fewer rows than the others, at most so many. */
  readonly most?: number;
}

export interface OpenStore {
  add(records: readonly BenchRecord[]): Promise<void>;
  /** Ends the moves between tiers that are under way. */
  finish(): Promise<void>;
  /** Indexes the field of the filters. */
  index(): Promise<void>;
  /** Ids of the k most similar records, of one group if it is given. */
  search(vector: Float32Array, k: number, group?: number): Promise<string[]>;
  /** Replaces one record. */
  replace(record: BenchRecord): Promise<void>;
  close(): Promise<void>;
}

export const STORES = ["thermocline", "thermocline-fast", "lancedb", "memory"] as const;
export type StoreName = (typeof STORES)[number];

/** The contender behind a name. */
export async function loadStore(name: StoreName): Promise<StoreContender> {
  if (name === "thermocline") return (await import("./thermocline.js")).thermocline;
  if (name === "thermocline-fast") return (await import("./thermocline.js")).thermoclineFast;
  if (name === "memory") return (await import("./memory.js")).memory;
  return (await import("../../peers/src/lancedb-store.js")).lancedb;
}
