import type { PlacedRecordRow, RecordRow } from "../catalogue/reader.js";
import { ThermoclineError } from "../errors.js";
import type { Partition } from "../kernel/kernel.js";
import type { Hit, Metadata, QueryExplanation, StoredRecord, Tier } from "../types.js";
import type { Engine } from "./engine.js";
import { parseMetadata } from "./metadata.js";
import { decodeOriginal } from "./original.js";
import type { Ranked } from "./rank.js";

/** How the records of a ranking are read. */
export interface Reading {
  readonly namespace: string;
  readonly dim: number;
  readonly includeVectors: boolean;
}

/** What a query has found. */
export interface Found<M extends Metadata> {
  readonly hits: Hit<M>[];
  /** Their rows. */
  readonly rows: readonly number[];
  /** Whether every row of the ranking was still there. */
  readonly complete: boolean;
  readonly explanation?: QueryExplanation;
}

/** Reads the records of a ranking; rows that were deleted meanwhile are left out. */
export function fetch<M extends Metadata>(
  engine: Engine,
  partition: Partition,
  { namespace, dim, includeVectors }: Reading,
  ranked: readonly Ranked[],
): Found<M> {
  const hits: Hit<M>[] = [];
  const rows: number[] = [];
  const records = engine.catalogue.reader.records(ranked.map(({ row }) => row));
  for (const entry of ranked) {
    const record = records.get(entry.row);
    if (!record) continue;
    const vector =
      includeVectors && entry.tier !== "none" ? { vector: vectorOf(engine, partition, dim, entry.row) } : {};
    const { row: _, tier, ...scores } = entry;
    hits.push({ ...stored<M>(record, namespace, tier), ...scores, ...vector });
    rows.push(entry.row);
  }
  return { hits, rows, complete: hits.length === ranked.length };
}

/** The tier that a record's row is in. */
export function tierOfRecord({ plain, block }: PlacedRecordRow): Tier | "none" {
  if (plain !== null) return "none";
  return block === null ? "hot" : "cold";
}

/** A record as callers see it. */
export function stored<M extends Metadata>(record: RecordRow, namespace: string, tier: Tier | "none"): StoredRecord<M> {
  const { id, text, metadata, expires } = record;
  const expiresAt = expires === null ? {} : { expiresAt: expires };
  return { id, namespace, ...(text !== null && { text }), metadata: parseMetadata(metadata) as M, tier, ...expiresAt };
}

/** A record's vector: from its original, else what its code stands for. */
export function vectorOf(engine: Engine, partition: Partition, dim: number, row: number): Float32Array {
  const original = engine.catalogue.reader.original(row);
  if (original) return decodeOriginal(engine.kernel, dim, original);
  const block = engine.catalogue.reader.blockOf(row);
  if (typeof block === "number") return partition.decode(block, row);
  throw new ThermoclineError("CORRUPT", `Row ${row} is hot but its vector is missing. Restore a backup.`);
}
