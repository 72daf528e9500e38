import { FILTERED } from "./cases.js";
import type { DatasetName } from "./dataset.js";
import type { ScanFigures } from "./kernel-figures.js";
import type { SpeedRow } from "./rounds.js";

/** A promise, and what this run says of it; `measured` and `met` are null where a row that it needs is not there. */
export interface Target {
  /** Null for the scan alone. */
  readonly dataset: DatasetName | null;
  readonly what: string;
  readonly measured: number | null;
  readonly limit: number;
  readonly is: "at least" | "at most";
  readonly met: boolean | null;
}

/** Graphs whose overlap is this much lower still count as equal. */
const EQUAL_OVERLAP = 0.005;

/** Holds the rows of a run against what this package promises. */
export function targets(rows: readonly SpeedRow[], scans: readonly ScanFigures[]): Target[] {
  const find = (dataset: DatasetName, contender: string, level: SpeedRow["level"]) =>
    rows.find((row) => row.dataset === dataset && row.contender === contender && row.level === level);
  const ratio = (slow: SpeedRow | undefined, fast: SpeedRow | undefined): number | null =>
    slow?.msPerQuery && fast?.msPerQuery ? slow.msPerQuery / fast.msPerQuery : null;
  const w = "wordnet";
  const m = "synthetic-1m";
  const codes = (dataset: DatasetName, bytes: number) => find(dataset, `Thermocline ${bytes} B`, "kernel");
  const reranked = find(w, "Thermocline 48 B, reranked", "store");
  const graph = rows
    .filter(({ dataset, contender }) => dataset === w && /^(hnswlib|usearch)/.test(contender))
    .filter(({ overlap10 }) => (overlap10 ?? 0) >= (reranked?.overlap10 ?? 1) - EQUAL_OVERLAP)
    .reduce<SpeedRow | undefined>(
      (best, row) => ((row.msPerQuery ?? Infinity) < (best?.msPerQuery ?? Infinity) ? row : best),
      undefined,
    );
  return [
    target(
      w,
      "MemoryVectorStore over 48 B, as stores",
      ratio(find(w, "MemoryVectorStore", "store"), find(w, "Thermocline 48 B", "store")),
      "at least",
      500,
    ),
    target(
      w,
      "MemoryVectorStore over 48 B, the search alone",
      ratio(find(w, "MemoryVectorStore", "store"), codes(w, 48)),
      "at least",
      500,
    ),
    target(w, "FAISS flat over 48 B", ratio(find(w, "FAISS IndexFlatIP", "kernel"), codes(w, 48)), "at least", 40),
    target(w, "FAISS PQ96x4fs over 48 B", ratio(find(w, "FAISS PQ96x4fs", "kernel"), codes(w, 48)), "at least", 1),
    target(
      w,
      `fastest graph of equal overlap${graph ? ` (${graph.contender})` : ""} over 48 B, reranked`,
      ratio(graph, reranked),
      "at least",
      1,
    ),
    target(m, "FAISS PQ48x4fs over 24 B", ratio(find(m, "FAISS PQ48x4fs", "kernel"), codes(m, 24)), "at least", 1),
    target(m, "FAISS PQ96x4fs over 48 B", ratio(find(m, "FAISS PQ96x4fs", "kernel"), codes(m, 48)), "at least", 1),
    ...[24, 48].map((bytes) =>
      target(
        m,
        `turbovec 2-bit over ${bytes} B`,
        ratio(find(m, "turbovec 2-bit", "kernel"), codes(m, bytes)),
        "at least",
        2,
      ),
    ),
    ...[24, 48].map((bytes) =>
      target(m, `${bytes} B, share of one thread's bandwidth`, codes(m, bytes)?.roofline, "at least", 0.6),
    ),
    ...scanRatios(scans),
    target(m, "48 B, wasm over AVX2", overAvx2(find(m, "Thermocline 48 B, wasm", "kernel"), scans), "at most", 3),
    target(
      m,
      "48 B, one thread over two",
      ratio(codes(m, 48), find(m, "Thermocline 48 B, 2 threads", "kernel")),
      "at least",
      1.7,
    ),
    ...(["kernel", "store"] as const).map((level) =>
      target(
        m,
        `48 B, single queries over batches of 64, ${level}`,
        ratio(find(m, "Thermocline 48 B", level), find(m, "Thermocline 48 B, batches of 64", level)),
        "at least",
        1.5,
      ),
    ),
    ...([w, m] as const).map((dataset) =>
      target(
        dataset,
        "48 B, batches of 64 by one thread over two",
        ratio(
          find(dataset, "Thermocline 48 B, batches of 64", "kernel"),
          find(dataset, "Thermocline 48 B, batches of 64, 2 threads", "kernel"),
        ),
        "at least",
        1.7,
      ),
    ),
    ...Object.values(FILTERED).map((rows) =>
      target(
        m,
        `48 B, ${rows} over all`,
        ratio(find(m, `Thermocline 48 B, ${rows}`, "kernel"), codes(m, 48)),
        "at most",
        0.03,
      ),
    ),
    target(
      "synthetic-100k",
      "Fourier K = 64, ms a query",
      find("synthetic-100k", "Thermocline Fourier K = 64", "kernel")?.msPerQuery,
      "at most",
      8,
    ),
    target(
      m,
      "event loop's delay, p99 in ms, with 8 callers",
      find(m, "Thermocline 48 B, 8 callers", "store")?.eventLoopDelayP99Ms,
      "at most",
      5,
    ),
  ];
}

function target(
  dataset: Target["dataset"],
  what: string,
  measured: number | null | undefined,
  is: Target["is"],
  limit: number,
): Target {
  const value = measured ?? null;
  const met = value === null ? null : is === "at least" ? value >= limit : value <= limit;
  return { dataset, what, measured: value === null ? null : Number(value.toFixed(4)), limit, is, met };
}

/**
 * A query's time over that of the scan of as many codes with AVX2, which a processor with wider instructions does not use in a query.
 * What codes say does not change how long it takes to scan them.
 */
function overAvx2(row: SpeedRow | undefined, scans: readonly ScanFigures[]): number | null {
  const whole = scans.find(
    ({ isa, bytes, progressive, allow }) => isa === "avx2" && bytes === row?.bytes && !progressive && allow === 1,
  );
  return row?.msPerQuery && whole?.rows === row.rows ? (1000 * row.msPerQuery) / whole.microsPerQuery : null;
}

/** How much faster the scan of 48 B is by one instruction set than by another, and in two passes than in one. */
function scanRatios(scans: readonly ScanFigures[]): Target[] {
  const scan = (isa: string | undefined, progressive: boolean) =>
    scans.find((row) => row.isa === isa && row.bytes === 48 && row.progressive === progressive && row.allow === 1);
  const ratio = (slow: ScanFigures | undefined, fast: ScanFigures | undefined): number | null =>
    slow && fast ? slow.nsPerRow / fast.nsPerRow : null;
  const best = ["avx512", "avx2", "neon"].find((isa) => scan(isa, true));
  const [whole, progressive] = [scan(best, false), scan(best, true)];
  const loss =
    whole?.overlapExact != null && progressive?.overlapExact != null
      ? whole.overlapExact - progressive.overlapExact
      : null;
  return [
    target(null, "48 B, portable over avx2", ratio(scan("portable", false), scan("avx2", false)), "at least", 1),
    target(null, "48 B, avx2 over avx512", ratio(scan("avx2", false), scan("avx512", false)), "at least", 1),
    target(null, "48 B, whole scan over progressive", ratio(whole, progressive), "at least", 1.5),
    target(null, "48 B, overlap that the progressive scan loses", loss, "at most", 0.005),
  ];
}
