import { Pace, throwIfAborted } from "../catalogue/pace.js";
import type { OriginalRow, RecordRow } from "../catalogue/reader.js";
import { ThermoclineError } from "../errors.js";
import type { Partition, SearchResult } from "../kernel/kernel.js";
import type { Hit, Metadata, QueryOptions, RecordPredicate, StoredRecord, Tier } from "../types.js";
import type { Engine } from "./engine.js";
import { parseMetadata } from "./metadata.js";
import { decodeOriginal, scoredOriginals } from "./original.js";
import { conditionOf } from "./selection.js";
import { integer, shown } from "./settings.js";
import { validNamespace, validQuery } from "./validate.js";

/** Cold candidates rescored from originals, at least; and how many are read at a time. */
const RERANK = 128;

/** Bytes read by a search that ends sooner than a thread could begin it. */
const AT_ONCE_BYTES = 1 << 20;

/** How often a search is repeated when rows it found were deleted before they could be read. */
const ATTEMPTS = 4;

/** A query that has been checked. */
interface Plan {
  readonly query: Float32Array;
  readonly k: number;
  readonly namespace: string;
  readonly tiers: readonly Tier[];
  readonly rerank: number;
  readonly minScore: number;
  readonly includeVectors: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A row in the ranking. */
interface Ranked {
  readonly row: number;
  readonly score: number;
  readonly tier: Tier;
}

const TIERS: readonly Tier[] = ["hot", "cold"];

function plan(engine: Engine, dim: number, options: QueryOptions): Plan {
  const { k = 10, tiers = TIERS, minScore = Number.NEGATIVE_INFINITY } = options;
  if (!Array.isArray(tiers) || tiers.length === 0 || !tiers.every((tier) => TIERS.includes(tier))) {
    throw new ThermoclineError("ARGUMENT", `tiers is ${shown(tiers)}; give ["hot"], ["cold"] or both.`);
  }
  if (typeof minScore !== "number" || Number.isNaN(minScore)) {
    throw new ThermoclineError("ARGUMENT", `minScore is ${shown(minScore)}; give a number.`);
  }
  const wanted = integer("k", k, 1, 2 ** 31);
  return {
    query: validQuery(engine.kernel, engine.settings.metric, options.vector, dim),
    k: wanted,
    namespace: validNamespace(options.namespace),
    tiers,
    rerank: integer("rerank", options.rerank ?? Math.min(Math.max(RERANK, 4 * wanted), 2 ** 31), 1, 2 ** 31),
    minScore,
    includeVectors: options.includeVectors === true,
    signal: options.signal,
  };
}

/** The most similar records, best first; ties go to the record written first. */
export async function queryRecords<M extends Metadata>(engine: Engine, options: QueryOptions<M>): Promise<Hit<M>[]> {
  const { filter, ...rest } = options;
  if (typeof options.vector !== "object" || options.vector === null) {
    throw new ThermoclineError("ARGUMENT", `vector is ${shown(options.vector)}; give an array of numbers.`);
  }
  throwIfAborted(options.signal);
  const dim = engine.dim ?? options.vector.length;
  const checked = plan(engine, dim, rest);
  const predicate = typeof filter === "function" ? filter : undefined;
  const condition = predicate || filter === undefined || filter === null ? undefined : conditionOf(filter);
  await engine.turns.share();
  for (let attempt = 1; ; attempt++) {
    // Each time anew: a calibration, or another process, may have put other partitions in their place.
    const namespace = engine.namespaces.get(checked.namespace);
    const partition = namespace === undefined ? undefined : engine.partitions.get(namespace);
    if (namespace === undefined || !partition) return [];
    const allow = condition && bitmap(engine.catalogue.reader.rowsWhere(namespace, condition));
    const search = (k: number) => rank(engine, partition, dim, { ...checked, k }, allow);
    const found = predicate
      ? await visit<M>(engine, partition, dim, checked, search, predicate)
      : fetch<M>(engine, partition, dim, checked, await search(checked.k));
    if (found.complete || attempt === ATTEMPTS) {
      for (const { row } of found.ranked) engine.heat.use(row);
      return found.hits;
    }
  }
}

/** A bit for each row, lowest first. */
function bitmap(rows: readonly number[]): Uint8Array {
  const bits = new Uint8Array(((rows.at(-1) ?? -1) >>> 3) + 1);
  for (const row of rows) bits[row >>> 3] = (bits[row >>> 3] ?? 0) | (1 << (row & 7));
  return bits;
}

/** One ranking of both tiers: hot rows by their exact scores, cold ones by their originals where those are kept. */
async function rank(
  engine: Engine,
  partition: Partition,
  dim: number,
  { query, k, tiers, rerank, minScore, signal }: Plan,
  allow: Uint8Array | undefined,
): Promise<Ranked[]> {
  const exact = engine.settings.originals !== "none";
  const request = {
    query,
    hot: tiers.includes("hot") ? Math.min(k, 2 ** 31) : 0,
    cold: tiers.includes("cold") ? Math.min(exact ? Math.max(k, rerank) : k, 2 ** 31) : 0,
    symmetric: engine.settings.symmetric,
    ...(allow && { allow }),
  };
  const work = (request.hot > 0 ? partition.hotBytes : 0) + (request.cold > 0 ? partition.coldBytes : 0);
  const found = work <= AT_ONCE_BYTES ? partition.searchNow(request) : await partition.search(request);
  throwIfAborted(signal);
  const ranked: Ranked[] = Array.from(found.hotRows, (row, i) => ({
    row,
    score: found.hotScores[i] ?? 0,
    tier: "hot" as const,
  }));
  const coldScores = exact ? await rescore(engine, dim, query, found, signal) : found.coldScores;
  found.coldRows.forEach((row, i) => {
    ranked.push({ row, score: coldScores[i] ?? 0, tier: "cold" });
  });
  ranked.sort((a, b) => b.score - a.score || a.row - b.row);
  return ranked.filter(({ score }) => score >= minScore).slice(0, k);
}

/** Exact scores of cold candidates from their originals; a row deleted meanwhile keeps its estimate and is not found later. */
async function rescore(
  engine: Engine,
  dim: number,
  query: Float32Array,
  { coldRows, coldScores }: SearchResult,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const pace = new Pace(signal);
  const originals: OriginalRow[] = [];
  const present: number[] = [];
  for (let at = 0; at < coldRows.length; at += RERANK) {
    const rows = Array.from(coldRows.subarray(at, at + RERANK));
    const found = engine.catalogue.reader.originals(rows);
    for (const [i, row] of rows.entries()) {
      const original = found.get(row);
      if (original) {
        originals.push(original);
        present.push(at + i);
      }
    }
    if (pace.due) await pace.pause();
  }
  const { metric } = engine.settings;
  const rows = scoredOriginals(engine.kernel, metric, dim, originals);
  const exact = engine.kernel.similarities(metric, query, rows);
  const scores = coldScores.slice();
  for (const [n, i] of present.entries()) scores[i] = exact[n] ?? 0;
  return scores;
}

interface Found<M extends Metadata> {
  readonly hits: Hit<M>[];
  readonly ranked: readonly Ranked[];
  /** Whether every row of the ranking was still there. */
  readonly complete: boolean;
}

function fetch<M extends Metadata>(
  engine: Engine,
  partition: Partition,
  dim: number,
  { namespace, includeVectors }: Plan,
  ranked: readonly Ranked[],
): Found<M> {
  const hits: Hit<M>[] = [];
  const records = engine.catalogue.reader.records(ranked.map(({ row }) => row));
  for (const entry of ranked) {
    const record = records.get(entry.row);
    if (!record) continue;
    const vector = includeVectors ? { vector: vectorOf(engine, partition, dim, entry.row) } : {};
    hits.push({ ...stored<M>(record, namespace, entry.tier), score: entry.score, ...vector });
  }
  return { hits, ranked, complete: hits.length === ranked.length };
}

/** Visits rows in order of score until k of them pass the predicate. */
async function visit<M extends Metadata>(
  engine: Engine,
  partition: Partition,
  dim: number,
  checked: Plan,
  search: (k: number) => Promise<Ranked[]>,
  predicate: RecordPredicate<M>,
): Promise<Found<M>> {
  const all = partition.hotRows + partition.coldRows;
  for (let depth = Math.max(4 * checked.k, RERANK); ; depth *= 4) {
    const found = fetch<M>(engine, partition, dim, checked, await search(depth));
    const passing = found.hits.filter((hit) => predicate(hit)).slice(0, checked.k);
    if (passing.length === checked.k || depth >= all || !found.complete) {
      const ids = new Set(passing.map(({ id }) => id));
      const ranked = found.ranked.filter((_, i) => ids.has(found.hits[i]?.id ?? ""));
      return { hits: passing, ranked, complete: found.complete };
    }
  }
}

/** A record as callers see it. */
export function stored<M extends Metadata>(record: RecordRow, namespace: string, tier: Tier): StoredRecord<M> {
  const { id, text, metadata } = record;
  return { id, namespace, ...(text !== null && { text }), metadata: parseMetadata(metadata) as M, tier };
}

/** A record's vector: from its original, else what its code stands for. */
export function vectorOf(engine: Engine, partition: Partition, dim: number, row: number): Float32Array {
  const original = engine.catalogue.reader.original(row);
  if (original) return decodeOriginal(engine.kernel, dim, original);
  const block = engine.catalogue.reader.blockOf(row);
  if (typeof block === "number") return partition.decode(block, row);
  throw new ThermoclineError("CORRUPT", `Row ${row} is hot but its vector is missing. Restore a backup.`);
}
