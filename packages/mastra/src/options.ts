import type { QueryVectorParams, UpdateVectorParams, UpsertVectorParams } from "@mastra/core/vector";
import type { OpenOptions } from "@thermocline/core";
import type { ThermoclineVectorFilter } from "./filter.js";

/**
 * How to make a vector store: what Mastra calls it, where its indexes are, and how each of them is opened, as for
 * `Thermocline.open`. Dimension and metric are each index's own, and given to `createIndex`.
 *
 * @example
 * const config: ThermoclineVectorConfig = { id: "memory", path: "vectors", cold: { bytes: 24 } };
 */
export interface ThermoclineVectorConfig extends Omit<OpenOptions, "path" | "dim" | "metric"> {
  /** What Mastra knows the store by; not empty. */
  readonly id: string;
  /** A folder, made when it is needed, with a file for each index. Left out: indexes live in memory. */
  readonly path?: string | undefined;
  /** As Mastra's own stores have it; nothing is made before `createIndex` either way. */
  readonly disableInit?: boolean | undefined;
}

/**
 * What `query` takes: Mastra's parameters, and a threshold.
 *
 * @example
 * const params: QueryParams = { indexName: "docs", queryVector: [1, 0, 0], topK: 3, minScore: 0.7 };
 */
export interface QueryParams extends QueryVectorParams<ThermoclineVectorFilter> {
  /** Results below this score are left out. */
  readonly minScore?: number | undefined;
}

/**
 * What `upsert` takes: Mastra's parameters.
 *
 * @example
 * const params: UpsertParams = { indexName: "docs", vectors: [[1, 0, 0]], deleteFilter: { source: "a.pdf" } };
 */
export type UpsertParams = UpsertVectorParams<ThermoclineVectorFilter>;

/**
 * What `updateVector` takes: Mastra's parameters.
 *
 * @example
 * const params: UpdateParams = { indexName: "docs", id: "a", update: { metadata: { read: true } } };
 */
export type UpdateParams = UpdateVectorParams<ThermoclineVectorFilter>;
