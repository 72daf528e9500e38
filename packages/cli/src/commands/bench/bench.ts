import { cpus } from "node:os";
import type { Metric, StoreStats } from "@thermocline/core";
import { bytes, count, type Screen, strong, table } from "../../screen.js";
import { ask, type Measured, recallOf, type Watch, withRows } from "./measure.js";
import { type Sample, sampleOf } from "./sample.js";

/** Bytes a code that are tried where none are given. */
const LADDER = [12, 24, 48, 96] as const;

export interface BenchFlags {
  readonly queries?: string;
  readonly k: number;
  readonly bytes?: readonly number[];
  readonly rerank?: readonly number[];
  readonly rows: number;
  readonly asked: number;
  readonly namespace?: string;
  readonly metric?: Metric;
}

interface Setting extends Measured {
  readonly bytes: number;
  /** How many candidates were rescored from originals; 0: codes alone, without originals. */
  readonly rerank: number;
}

/** Measures codes of each size against exact search, on a user's own vectors. */
export async function bench(path: string, flags: BenchFlags, screen: Screen, signal: AbortSignal): Promise<void> {
  const watch: Watch = { signal, progress: (label, done, total) => screen.progress(label, done, total) };
  const { k } = flags;
  const sample = await sampleOf(path, flags, (done, total) => watch.progress("reading", done, total), signal);
  const { rows, queries, dim, metric, of, queriesFrom } = sample;
  const exact = await withRows(sample, {}, "exact", watch, async (store) => {
    const { found, ...cost } = await ask(store, queries, { k, rerank: undefined }, "exact", watch);
    return { found, cost, kernel: store.stats().kernel };
  });
  const settings: Setting[] = [];
  for (const size of sizes(flags, sample)) settings.push(...(await coded(sample, size, flags, exact.found, watch)));
  const [processor] = cpus();
  const machine = {
    cpu: processor?.model.trim() ?? "unknown",
    processors: cpus().length,
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
  const about = { path, vectors: of, rows: rows.length, dim, metric, k };
  const asked = { count: queries.length, from: queriesFrom === "file" ? flags.queries : queriesFrom };
  const result = { ...about, queries: asked, machine, kernel: exact.kernel, exact: exact.cost, settings };
  screen.result(result, () => [
    `${strong(path)}: ${count(rows.length)} vectors of ${dim} components, ${metric}, ${count(queries.length)} queries`,
    ...table([
      ["search", `recall@${k}`, "median", "p95", "RAM", "disk"],
      ["exact", "1", ...costs(exact.cost)],
      ...settings.map((setting) => [nameOf(setting, sample), setting.recall.toFixed(3), ...costs(setting)]),
    ]),
    ...honestly(sample, machine, exact.kernel, asked.from),
  ]);
}

/** All settings of one size: with originals and rescoring, and by codes alone. */
async function coded(
  sample: Sample,
  size: number,
  { k, rerank = [0, Math.max(128, 4 * k)] }: BenchFlags,
  exact: readonly (readonly string[])[],
  watch: Watch,
): Promise<Setting[]> {
  const measured: Setting[] = [];
  const rescored = rerank.filter((candidates) => candidates > 0);
  for (const originals of ["float16", "none"] as const) {
    const depths = originals === "float16" ? rescored : rerank.filter((candidates) => candidates === 0);
    if (depths.length === 0) continue;
    const label = `${size} B${originals === "none" ? " alone" : ""}`;
    await withRows(sample, { cold: { bytes: size }, originals }, label, watch, async (store) => {
      for (const candidates of depths) {
        const depth = candidates === 0 ? undefined : candidates;
        const { found, ...cost } = await ask(store, sample.queries, { k, rerank: depth }, label, watch);
        measured.push({ bytes: size, rerank: candidates, recall: recallOf(found, exact), ...cost });
      }
    });
  }
  return measured;
}

function sizes({ bytes: given }: BenchFlags, { dim, bytes: own }: Sample): number[] {
  if (given) return [...new Set(given)].sort((a, b) => a - b);
  const ladder = [...LADDER.filter((size) => size <= dim), ...(own === undefined ? [] : [own])];
  return ladder.length > 0 ? [...new Set(ladder)].sort((a, b) => a - b) : [Math.max(2, dim)];
}

function nameOf({ bytes: size, rerank }: Setting, { bytes: own }: Sample): string {
  const how = rerank === 0 ? "codes alone" : `${count(rerank)} rescored`;
  return `${size} B, ${how}${size === own ? " (as the store)" : ""}`;
}

function costs({ ms, ramBytes, diskBytes }: Omit<Measured, "recall">): string[] {
  return [`${ms.median.toFixed(3)} ms`, `${ms.p95.toFixed(3)} ms`, bytes(ramBytes), bytes(diskBytes)];
}

/** What the figures are of, and what they do not say. */
function honestly(
  { of, rows, queries, queriesFrom }: Sample,
  { cpu, processors, platform, node }: Record<"cpu" | "platform" | "node", string> & { processors: number },
  { backend, isa, threads }: StoreStats["kernel"],
  from: string | undefined,
): string[] {
  const asked =
    queriesFrom === "file"
      ? `the rows of ${from}`
      : "vectors of the same data that were held out: queries that differ from what is stored find less";
  const sampled = of > rows.length + (queriesFrom === "file" ? 0 : queries.length);
  const size = sampled ? `a sample of ${count(of)}, and recall falls as rows grow` : "all there are";
  return [
    `Machine: ${cpu}, ${processors} processors, ${platform}, Node ${node}; kernel ${backend} (${isa}), up to ${threads} threads.`,
    `Rows: ${count(rows.length)}, ${size}. Queries: ${count(queries.length)}, ${asked}.`,
    "Recall is the share of the exact answers found. Times are of one query after the other, with reading the records from a file that",
    "was just written, on a machine that may have had other work. RAM is of vectors, codes and codebook; disk is the whole file.",
  ];
}
