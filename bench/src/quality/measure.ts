import { mean, median, ndcgAt, overlapAt, recallAt } from "../../../examples/beir-scifact/src/metrics.js";
import { allLive } from "../../../packages/core/src/catalogue/live.js";
import type { CodecSpec, Kernel, Partition } from "../../../packages/core/src/kernel/kernel.js";
import { caseName, type QualityCase } from "./cases.js";
import { type Collection, evenly } from "./collection.js";

const TOP = 10;
const CANDIDATES = 100;

/** Rows of a code block, and of one call of `encode`: as a store has them. */
const BLOCK = 4_096;

const FOURIER_BYTES_PER_BIN = 3;

/** A collection with its exact answers. */
export interface Reference extends Collection {
  /** The exact first ten of each query. */
  readonly exact: readonly (readonly string[])[];
  /** nDCG@10 of the exact answers; null where nobody judged. */
  readonly ndcg10: number | null;
}

/** One line of the record. Every figure is the median over the seeds; null where a word does not apply. */
export interface QualityRow extends QualityCase {
  readonly name: string;
  readonly ndcg10: number | null;
  /** nDCG@10 over that of exact search. */
  readonly ndcgRatio: number | null;
  /** How much of the exact first ten is among the first ten, the mean over the queries. */
  readonly overlap10: number;
  /** How much of the exact first ten is among the first hundred. */
  readonly overlap10at100: number;
  readonly fitSeconds: number | null;
  /** Calls of `encode` one after the other; each runs on one thread. */
  readonly encodeRowsPerSecond: number | null;
  readonly codebookBytes: number | null;
  readonly rows: number;
  readonly dim: number;
  readonly queries: number;
  readonly seeds: number;
}

type Figures = Pick<
  QualityRow,
  "ndcg10" | "overlap10" | "overlap10at100" | "fitSeconds" | "encodeRowsPerSecond" | "codebookBytes"
>;

/** Adds the exact answers, from the hot tier of a partition. */
export async function withReference(kernel: Kernel, collection: Collection): Promise<Reference> {
  const { dim, documents } = collection;
  const partition = kernel.partition(dim, "cosine");
  partition.putHot(
    Uint32Array.from({ length: documents.length / dim }, (_, row) => row),
    documents,
  );
  const exact = await rankings(partition, collection, { hot: TOP, cold: 0, symmetric: false });
  return { ...collection, exact, ndcg10: meanNdcg(collection, exact) };
}

/** Measures a case with seeds 0, 1, … `seeds` - 1. */
export async function measure(
  kernel: Kernel,
  test: QualityCase,
  reference: Reference,
  seeds: number,
): Promise<QualityRow> {
  const runs: Figures[] = [];
  for (let seed = 0; seed < seeds; seed++) runs.push(await measureOnce(kernel, test, reference, seed));
  const middle = (figure: keyof Figures, decimals: number): number | null => {
    const values = runs.map((run) => run[figure]).filter((value) => value !== null);
    return values.length === 0 ? null : Number(median(values).toFixed(decimals));
  };
  const rows = reference.documents.length / reference.dim;
  const ndcg10 = middle("ndcg10", 4);
  return {
    name: caseName(test),
    ...test,
    sampleRows: test.codec && Math.min(test.sampleRows ?? rows, rows),
    ndcg10,
    ndcgRatio: ndcg10 === null || !reference.ndcg10 ? null : Number((ndcg10 / reference.ndcg10).toFixed(4)),
    overlap10: middle("overlap10", 4) ?? Number.NaN,
    overlap10at100: middle("overlap10at100", 4) ?? Number.NaN,
    fitSeconds: middle("fitSeconds", 3),
    encodeRowsPerSecond: middle("encodeRowsPerSecond", 0),
    codebookBytes: middle("codebookBytes", 0),
    rows,
    dim: reference.dim,
    queries: reference.exact.length,
    seeds,
  };
}

async function measureOnce(kernel: Kernel, test: QualityCase, reference: Reference, seed: number): Promise<Figures> {
  const { dim, documents, exact } = reference;
  const rows = documents.length / dim;
  const spec = codecSpec(test, rows, seed);
  if (!spec) {
    const figures = {
      overlap10: 1,
      overlap10at100: 1,
      fitSeconds: null,
      encodeRowsPerSecond: null,
      codebookBytes: null,
    };
    return { ...figures, ndcg10: reference.ndcg10 };
  }
  const sample = evenly(documents, dim, test.sampleRows ?? rows);
  const began = performance.now();
  const codebook = await kernel.fit(spec, "cosine", dim, sample);
  const fitSeconds = (performance.now() - began) / 1000;

  const codec = kernel.codec(codebook);
  if (codec.bytes !== test.bytes) throw new Error(`${caseName(test)} took ${codec.bytes} bytes a row`);
  const partition = kernel.partition(dim, "cosine");
  let encodeMs = 0;
  for (let start = 0; start < rows; start += BLOCK) {
    const count = Math.min(BLOCK, rows - start);
    const block = documents.subarray(start * dim, (start + count) * dim);
    const from = performance.now();
    const codes = await codec.encode(block);
    encodeMs += performance.now() - from;
    const numbers = Uint32Array.from({ length: count }, (_, i) => start + i);
    partition.setBlock(start / BLOCK, codec, numbers, codes, allLive(count));
  }

  const tiers = { hot: 0, cold: CANDIDATES, symmetric: test.scoring === "symmetric" };
  const found = await rankings(partition, reference, tiers);
  const share = (of: (ranked: readonly string[], best: readonly string[]) => number) =>
    mean(found.map((ranked, query) => of(ranked, exact[query] ?? [])));
  return {
    ndcg10: meanNdcg(reference, found),
    overlap10: share((ranked, best) => overlapAt(ranked, best, TOP)),
    overlap10at100: share((ranked, best) => recallAt(ranked, new Map(best.map((row) => [row, 1])), CANDIDATES)),
    fitSeconds,
    encodeRowsPerSecond: (rows / encodeMs) * 1000,
    codebookBytes: codebook.length,
  };
}

/** What the kernel is asked for: `effort`, and how many `rows` the codebook will serve, are for kernels that know them. */
type Spec = CodecSpec & { readonly effort?: "fast"; readonly rows?: number };

function codecSpec({ codec, bytes, effort }: QualityCase, rows: number, seed: number): Spec | undefined {
  if (codec === null) return undefined;
  if (codec === "fourier") return { codec, topK: bytes / FOURIER_BYTES_PER_BIN };
  return { codec, bytes, seed, rows, ...(effort && { effort }) };
}

/** Row numbers in decimal for each query, best first. */
async function rankings(
  partition: Partition,
  { queries }: Collection,
  tiers: { readonly hot: number; readonly cold: number; readonly symmetric: boolean },
): Promise<string[][]> {
  const results = await partition.search({ queries, ...tiers });
  return results.map(({ hotRows, coldRows }) => [...hotRows, ...coldRows].map(String));
}

function meanNdcg({ relevance }: Collection, found: readonly (readonly string[])[]): number | null {
  return relevance && mean(relevance.map((judged, query) => ndcgAt(found[query] ?? [], judged, TOP)));
}
