import type { Settings } from "./contender.js";
import type { ContenderName } from "./contenders.js";
import type { DatasetName } from "./dataset.js";

/** One query after the other; 64 in one call; or 8 callers at a time, with the event loop watched. */
export type Mode = "single" | "batch" | "concurrent";

/** One measurement as data. */
export interface SpeedCase {
  readonly dataset: DatasetName;
  /** Its name in the tables, one of a kind within data set and level. */
  readonly name: string;
  readonly contender: ContenderName;
  /**
   * `store`: the call that a program makes, which returns ids and, where the store keeps them, texts; `kernel`: a search that
   * returns row numbers and scores.
   */
  readonly level: "store" | "kernel";
  readonly mode: Mode;
  /** Of a row, as a query reads it; in a graph, of a node's vector. */
  readonly bytes: number;
  /** Whether a query reads every row, so that it can be held against the bandwidth of memory. */
  readonly scans: boolean;
  readonly threads: number;
  readonly k: number;
  readonly build: Settings;
  readonly query: Settings;
  /** Least share of the exact first ten; below it the answers are wrong, and the command fails. */
  readonly floor: number;
}

const K = 10;
const FLOAT32 = 4 * 384;
/** It splits a query over its own threads and has no setting that keeps it to one. */
const LANCEDB_THREADS = 2;
const REAL = ["scifact", "wordnet"] as const;
const LARGE = ["wordnet", "synthetic-1m"] as const;
const SCANNED = ["scifact", "wordnet", "synthetic-1m"] as const;

type Fixed = "name" | "contender" | "level" | "bytes" | "floor";
type Spec = Pick<SpeedCase, Fixed> & Partial<Omit<SpeedCase, Fixed | "dataset">>;

function on(datasets: readonly DatasetName[], spec: Spec): SpeedCase[] {
  const rest = { mode: "single", scans: true, threads: 1, k: K, build: {}, query: {} } as const;
  return datasets.map((dataset) => ({ dataset, ...rest, ...spec }));
}

/** Least overlap of codes alone, by their bytes; well below what any data set gives. */
const EIGEN_FLOORS: Readonly<Record<number, number>> = { 24: 0.35, 48: 0.5, 96: 0.65, 192: 0.8 };

type Originals = "none" | "float16" | "float32";

function codes(codec: "eigen" | "fourier", bytes: number, originals: Originals = "none"): Settings {
  return { codec, bytes, originals, effort: null };
}

function eigen(datasets: readonly DatasetName[], bytes: number, changes: Partial<Spec> = {}): SpeedCase[] {
  return on(datasets, {
    name: `Thermocline ${bytes} B`,
    contender: "thermocline",
    level: "store",
    bytes,
    floor: EIGEN_FLOORS[bytes] ?? 0,
    build: codes("eigen", bytes),
    ...changes,
  });
}

const SPREADS = ["scattered", "contiguous"] as const;

/** What a name says of a search of some rows only. */
export const FILTERED: Readonly<Record<(typeof SPREADS)[number], string>> = {
  scattered: "1 % of the rows, scattered",
  contiguous: "1 % of the rows, contiguous",
};

/** Searches of the kernel that may find one row in a hundred. */
function filtered(
  datasets: readonly DatasetName[],
  name: string,
  bytes: number,
  changes: Partial<Spec> = {},
): SpeedCase[] {
  return SPREADS.flatMap((spread) =>
    eigen(datasets, bytes, {
      name: `${name}, ${FILTERED[spread]}`,
      ...inKernel,
      scans: false,
      query: { allow: 0.01, spread },
      ...changes,
    }),
  );
}

const inKernel = { contender: "thermocline-kernel", level: "kernel" } as const;

const OURS: readonly SpeedCase[] = [
  ...on(SCANNED, {
    name: "Thermocline all hot",
    contender: "thermocline",
    level: "store",
    bytes: FLOAT32,
    floor: 0.999,
    build: { codec: null, bytes: FLOAT32, originals: "float32", effort: null },
  }),
  ...[24, 48, 96, 192].flatMap((bytes) => [...eigen(SCANNED, bytes), ...eigen(SCANNED, bytes, inKernel)]),
  ...eigen(SCANNED, 48, { name: "Thermocline 48 B, reranked", build: codes("eigen", 48, "float16"), floor: 0.9 }),
  ...eigen(REAL, 24, { name: "Thermocline 24 B, reranked", build: codes("eigen", 24, "float16"), floor: 0.85 }),
  ...[24, 48].flatMap((bytes) =>
    eigen(LARGE, bytes, { name: `Thermocline ${bytes} B, 2 threads`, ...inKernel, threads: 2 }),
  ),
  ...eigen(LARGE, 48, { name: "Thermocline 48 B, 2 threads", threads: 2 }),
  ...eigen(LARGE, 48, { name: "Thermocline 48 B, batches of 64", mode: "batch" }),
  ...eigen(LARGE, 48, { name: "Thermocline 48 B, batches of 64", mode: "batch", ...inKernel }),
  ...eigen(LARGE, 48, { name: "Thermocline 48 B, batches of 64, 2 threads", mode: "batch", ...inKernel, threads: 2 }),
  ...filtered(LARGE, "Thermocline 48 B", 48),
  ...eigen(["synthetic-1m"], 48, { name: "Thermocline 48 B, 8 callers", mode: "concurrent", threads: 2 }),
  ...eigen(LARGE, 48, { name: "Thermocline 48 B, wasm", ...inKernel, query: { kernel: "wasm" } }),
  ...on(["synthetic-100k"], {
    name: "Thermocline Fourier K = 64",
    ...inKernel,
    bytes: 192,
    floor: 0.2,
    build: codes("fourier", 192),
  }),
];

/** Graphs take most of an hour to build at a million rows, and are left out there. */
function graphs(): SpeedCase[] {
  const level = "kernel" as const;
  return [
    ...[10, 50, 100, 200].flatMap((ef) =>
      on(REAL, {
        name: `hnswlib-node, ef ${ef}${ef === 10 ? " (its default)" : ""}`,
        contender: "hnswlib",
        level,
        bytes: FLOAT32,
        scans: false,
        query: { ef },
        floor: 0.5,
      }),
    ),
    ...(["f32", "i8"] as const).flatMap((scalar) =>
      [64, 128, 256].flatMap((ef) =>
        on(REAL, {
          name: `usearch ${scalar}, ef ${ef}${ef === 64 ? " (its default)" : ""}`,
          contender: "usearch",
          level,
          bytes: scalar === "f32" ? FLOAT32 : FLOAT32 / 4,
          scans: false,
          build: { scalar },
          query: { ef },
          floor: 0.5,
        }),
      ),
    ),
    ...on(REAL, {
      name: "zvec HNSW",
      contender: "zvec",
      level: "store",
      bytes: FLOAT32,
      scans: false,
      build: { index: "hnsw" },
      floor: 0.5,
    }),
    ...on(REAL, {
      name: "LanceDB IVF_PQ, 20 probes, refined 10 times",
      contender: "lancedb",
      level: "store",
      bytes: 24,
      scans: false,
      threads: LANCEDB_THREADS,
      build: { index: "ivf_pq" },
      query: { nprobes: 20, refineFactor: 10 },
      floor: 0.3,
    }),
  ];
}

const PEERS: readonly SpeedCase[] = [
  ...on(SCANNED, { name: "Float32Array loop", contender: "loop", level: "kernel", bytes: FLOAT32, floor: 0.999 }),
  // Arrays of numbers at a million rows are 4 GB, and take seconds a query.
  ...on(REAL, { name: "MemoryVectorStore", contender: "memory", level: "store", bytes: 8 * 384, floor: 0.999 }),
  ...graphs(),
  ...on(SCANNED, {
    name: "LanceDB flat",
    contender: "lancedb",
    level: "store",
    bytes: FLOAT32,
    threads: LANCEDB_THREADS,
    floor: 0.99,
  }),
  ...(["fp32", "int8"] as const).flatMap((quantize) =>
    on(SCANNED, {
      name: `zvec flat ${quantize}`,
      contender: "zvec",
      level: "store",
      bytes: quantize === "fp32" ? FLOAT32 : FLOAT32 / 4,
      build: { index: "flat", quantize },
      floor: 0.9,
    }),
  ),
  ...on(SCANNED, {
    name: "sqlite-vec f32",
    contender: "sqlite-vec",
    level: "store",
    bytes: FLOAT32,
    build: { column: "f32" },
    floor: 0.99,
  }),
  ...on(SCANNED, {
    name: "sqlite-vec bit, rescored 8 times",
    contender: "sqlite-vec",
    level: "store",
    bytes: 384 / 8,
    build: { column: "bit" },
    query: { oversample: 8 },
    floor: 0.3,
  }),
  ...on(SCANNED, {
    name: "FAISS IndexFlatIP",
    contender: "faiss",
    level: "kernel",
    bytes: FLOAT32,
    build: { factory: "Flat" },
    floor: 0.999,
  }),
  ...[48, 96].flatMap((parts) =>
    on(SCANNED, {
      name: `FAISS PQ${parts}x4fs`,
      contender: "faiss",
      level: "kernel",
      bytes: parts / 2,
      build: { factory: `PQ${parts}x4fs` },
      floor: 0.05,
    }),
  ),
  ...[2, 4].flatMap((bits) =>
    on(SCANNED, {
      name: `turbovec ${bits}-bit`,
      contender: "turbovec",
      level: "kernel",
      bytes: (384 * bits) / 8,
      build: { bits },
      floor: 0.4,
    }),
  ),
];

/** What `npm run bench -- speed` measures. */
export const CASES: readonly SpeedCase[] = [...OURS, ...PEERS];

const fast = (bytes: number): Settings => ({ ...codes("eigen", bytes), effort: "fast" });

/** What `--check` measures: every way of asking, on what is quick to build and needs nothing installed. */
export const CHECK_CASES: readonly SpeedCase[] = [
  ...on(["scifact"], { name: "Float32Array loop", contender: "loop", level: "kernel", bytes: FLOAT32, floor: 0.999 }),
  ...eigen(["scifact"], 24, { name: "Thermocline 24 B fast", build: fast(24), floor: 0.6 }),
  ...eigen(["scifact"], 24, { name: "Thermocline 24 B fast", build: fast(24), floor: 0.6, ...inKernel }),
  ...eigen(["scifact"], 24, {
    name: "Thermocline 24 B fast, 8 callers",
    build: fast(24),
    floor: 0.6,
    mode: "concurrent",
  }),
  ...eigen(["scifact"], 24, {
    name: "Thermocline 24 B fast, batches of 64",
    build: fast(24),
    floor: 0.6,
    mode: "batch",
    ...inKernel,
  }),
  ...filtered(["scifact"], "Thermocline 24 B fast", 24, { build: fast(24), floor: 0.6 }),
];

/** A case's name, one of a kind. */
export function fullName({ dataset, name, level }: Pick<SpeedCase, "dataset" | "name" | "level">): string {
  return `${dataset}, ${name}, ${level}`;
}
