import type { Fit } from "../calibration/drift.js";
import type { Catalogue } from "../catalogue/catalogue.js";
import type { Codec, Kernel, Partition } from "../kernel/kernel.js";
import type { Turns } from "../pace.js";
import type { Heat } from "../tiers/heat.js";
import type { Tier } from "../types.js";
import type { Expiry } from "./expiry.js";
import type { FieldIndexes } from "./field-indexes.js";
import type { Masks } from "./masks.js";
import type { Passes } from "./passes.js";
import type { PlainRows } from "./plain-rows.js";
import type { Settings } from "./settings.js";

/** A codebook in use. */
export interface Codebook {
  readonly number: number;
  readonly codec: Codec;
  readonly bytes: number;
  readonly sampleRows: number;
  /** How many queries it was fitted with. */
  readonly queries: number;
  readonly fit: Fit;
}

/**
 * What an open store works with. The catalogue is the truth; partitions, heat and codebook are its image in RAM, changed
 * only when a transaction has been committed, in the same turn of the event loop.
 */
export interface Engine {
  readonly kernel: Kernel;
  readonly catalogue: Catalogue;
  readonly heat: Heat;
  readonly turns: Turns;
  readonly passes: Passes;
  readonly expiry: Expiry;
  readonly indexes: FieldIndexes;
  readonly masks: Masks;
  /** Numbers of namespaces by name. */
  readonly namespaces: Map<string, number>;
  /** Rows in RAM by number of their namespace. */
  readonly partitions: Map<number, Partition>;
  /** Rows without a vector. */
  plain: PlainRows;
  /** Changed only where the first calibration chooses the bytes. */
  settings: Settings;
  dim: number | undefined;
  codebook: Codebook | undefined;
  /** Rows that moved down and up since the store was opened. */
  demotions: number;
  promotions: number;
  /** Hits returned since then, by the tier they came from. */
  readonly served: Record<Tier, number>;
}

/** The rows of a namespace that is known to hold some; made when it is new. */
export function partitionOf(engine: Engine, namespace: number, dim: number): Partition {
  let partition = engine.partitions.get(namespace);
  if (!partition) {
    partition = engine.kernel.partition(dim, engine.settings.metric);
    engine.partitions.set(namespace, partition);
  }
  return partition;
}

/** Vectors as they are scored: unit vectors under cosine, else as given. */
export function scored(engine: Engine, vectors: Float32Array, dim: number): Float32Array {
  return engine.settings.metric === "cosine" ? engine.kernel.toUnit(vectors, dim) : vectors;
}

/** How many rows may be hot before some move down. A row counts `4 · dim` bytes, where the limit is in bytes. */
export function hotCapacity({ settings, dim }: Engine): number {
  const { hotCapacity: rows, hotBytes } = settings;
  if (hotBytes === undefined) return rows;
  return dim === undefined ? Number.POSITIVE_INFINITY : Math.floor(hotBytes / (4 * dim));
}

/** Whether rows that queries keep returning move up by themselves. */
export function isPromoting(engine: Engine): boolean {
  const { promote, originals } = engine.settings;
  const capacity = hotCapacity(engine);
  return promote && originals !== "none" && capacity > 0 && capacity < Number.POSITIVE_INFINITY;
}

/** Rows in both tiers, of all namespaces. */
export function storedRows(engine: Engine): number {
  let rows = engine.heat.size;
  for (const partition of engine.partitions.values()) rows += partition.count().cold;
  return rows;
}

/** Records of a namespace, with a vector or without. */
export function heldRecords({ partitions, plain }: Engine, namespace: number): number {
  const { hot, cold } = partitions.get(namespace)?.count() ?? { hot: 0, cold: 0 };
  return hot + cold + plain.count(namespace);
}

/** Numbers of the namespaces that hold records. */
export function heldNamespaces(engine: Engine): number[] {
  const numbers = new Set([...engine.partitions.keys(), ...engine.plain.namespaces()]);
  return [...numbers].filter((number) => heldRecords(engine, number) > 0);
}

export function hotRows(engine: Engine): number {
  return engine.heat.size;
}
