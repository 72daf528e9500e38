import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import type { SpeedCase } from "../bench/src/speed/cases.js";
import { exactAmong, prepareDataset, readDocuments, readQueries } from "../bench/src/speed/dataset.js";
import { allowedRows } from "../bench/src/speed/filter.js";
import { run, type SpeedRow } from "../bench/src/speed/rounds.js";
import { selectCases } from "../bench/src/speed/selection.js";
import { targets } from "../bench/src/speed/targets.js";
import { randomRotation, syntheticChunks, syntheticRows } from "../bench/src/synthetic.js";
import { loadKernel } from "../packages/core/src/kernel/load.js";
import { root } from "../scripts/files.mjs";

/** Runs the suite as `npm run bench -- speed` does. */
async function speed(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ["--import", "tsx", "bench/src/main.ts", "speed", ...args];
  return promisify(execFile)(process.execPath, command, { cwd: root }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "thermocline-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const KEYS = [
  ...["dataset", "rows", "dim", "contender", "version", "level", "mode", "bytes", "threads", "k"],
  ...["msPerQuery", "queriesPerSecond", "overlap10", "ramBytesPerRow", "roofline", "openMs", "buildSeconds"],
  ...["eventLoopDelayP99Ms", "queries", "rounds", "error"],
];

describe("the speed suite", () => {
  it("prints one JSON object with the promised keys, and fails where a floor is not reached", async () => {
    const cache = await temporaryFolder();
    const { code, stdout, stderr } = await speed("--check", "--json", "--cache", cache);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const report: { machine: object; rows: SpeedRow[]; targets: object[] } = JSON.parse(stdout);
    expect(Object.keys(report)).toEqual(["machine", "rows", "targets", "scans", "totalSeconds"]);
    expect(report.rows.map(({ contender, level, mode }) => [contender, level, mode])).toEqual([
      ["Float32Array loop", "kernel", "single"],
      ["Thermocline 24 B fast", "store", "single"],
      ["Thermocline 24 B fast", "kernel", "single"],
      ["Thermocline 24 B fast, 8 callers", "store", "concurrent"],
      ["Thermocline 24 B fast, batches of 64", "kernel", "batch"],
      ["Thermocline 24 B fast, 1 % of the rows, scattered", "kernel", "single"],
      ["Thermocline 24 B fast, 1 % of the rows, contiguous", "kernel", "single"],
    ]);
    for (const row of report.rows) {
      expect(Object.keys(row)).toEqual(KEYS);
      expect(row).toMatchObject({
        dataset: "scifact",
        rows: 5183,
        dim: 384,
        threads: 1,
        k: 10,
        rounds: 1,
        error: null,
      });
      expect(row.msPerQuery).toBeGreaterThan(0);
      expect(row.queriesPerSecond).toBeGreaterThan(0);
      expect(row.overlap10).toBeGreaterThan(row.bytes === 24 ? 0.6 : 0.999);
      expect(row.overlap10).toBeLessThanOrEqual(1);
      // What the process held before may have shrunk by a few megabytes meanwhile.
      expect(row.ramBytesPerRow).toBeGreaterThan(row.bytes / 4);
      expect(row.eventLoopDelayP99Ms === null).toBe(row.mode !== "concurrent");
    }

    const failed = await speed("--check", "--json", "--cache", cache, "--only", "store", "--floor", "0.99");
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout).rows).toHaveLength(2);
    expect(failed.stderr).toMatch(/^scifact, Thermocline 24 B fast, store: overlap 0\.\d+, at least 0\.99$/m);
  }, 120_000);

  it.each([
    ["a data set", ["--dataset", "scifacts"], 'no data set "scifacts"; there are scifact, wordnet'],
    ["a case", ["--only", "thermoclime"], "MemoryVectorStore; hnswlib-node"],
    ["a floor", ["--floor", "2"], '--floor takes a number from 0 to 1, not "2"'],
    ["a number of rounds", ["--rounds", "0"], '--rounds takes whole numbers from 1, not "0"'],
  ])("refuses %s that there is not, and says what there is", async (_, args, message) => {
    const { code, stdout, stderr } = await speed(...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });

  it("has no two cases of one name and level on a data set", () => {
    const names = selectCases({}).map(({ dataset, name, level }) => `${dataset} ${name} ${level}`);
    expect(new Set(names).size).toBe(names.length);
  });

  it("gives a contender that is not installed, or that fails, a row with the reason", async () => {
    const cache = await temporaryFolder();
    const kernel = await loadKernel(undefined);
    const dataset = await prepareDataset(kernel, "scifact", { cache, sources: cache }, () => {});
    if (!dataset) throw new Error("SciFact ships with the repository");
    const [absent] = selectCases({ only: "scifact, sqlite-vec f32" });
    const [loop] = selectCases({ only: "scifact, Float32Array loop" });
    if (!absent || !loop) throw new Error("these cases are measured");
    const broken: SpeedCase = { ...loop, mode: "batch" };
    const rows = await run([absent, broken], new Map([["scifact", dataset]]), {
      ...{ cache, rounds: 2, seconds: 0.01, bandwidth: null, onStep: () => {} },
      missing: new Map([["sqlite-vec", "it is not installed"]]),
    });
    expect(rows).toMatchObject([
      { contender: "sqlite-vec f32", msPerQuery: null, overlap10: null, rounds: 0, error: "it is not installed" },
      { contender: "Float32Array loop", msPerQuery: null, error: expect.stringContaining("no call for many queries") },
    ]);
  }, 60_000);
});

describe("a filter", () => {
  it.each([0.01, 0.5])("leaves about the share of the rows that it says: %d", (allow) => {
    const scattered = allowedRows(100_000, { allow, spread: "scattered" }) ?? [];
    expect(Math.abs(scattered.length - 100_000 * allow)).toBeLessThan(10);
    const contiguous = allowedRows(100_000, { allow, spread: "contiguous" }) ?? [];
    expect(contiguous).toHaveLength(100_000 * allow);
    expect((contiguous.at(-1) ?? 0) - (contiguous[0] ?? 0)).toBe(contiguous.length - 1);
  });

  it("is none where a case sets none", () => {
    expect(allowedRows(10, {})).toBeUndefined();
  });
});

describe("the exact answers", () => {
  it("of each query are the ten rows of largest inner product, of all or of those that are allowed", async () => {
    const cache = await temporaryFolder();
    const kernel = await loadKernel(undefined);
    const dataset = await prepareDataset(kernel, "scifact", { cache, sources: cache }, () => {});
    if (!dataset) throw new Error("SciFact ships with the repository");
    expect(dataset).toMatchObject({ rows: 5183, dim: 384, queries: 300 });
    const { queries, exact } = await readQueries(dataset);
    expect(queries).toHaveLength(300);
    const allowed = Uint32Array.from({ length: 100 }, (_, i) => 7 + 50 * i);
    const among = await exactAmong(kernel, dataset, queries, allowed);
    const documents = await readDocuments(dataset);
    for (const q of [0, 150, 299]) {
      const scores = kernel.similarities("cosine", queries[q] as Float32Array, documents);
      const best = (rows: number[]) => rows.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0)).slice(0, 10);
      expect([...(exact[q] ?? [])]).toEqual(best([...scores.keys()]));
      expect([...(among[q] ?? [])]).toEqual(best([...allowed]));
    }
  });
});

describe("synthetic rows", () => {
  it("are the same whether they are made at once or in chunks", () => {
    const chunks = [...syntheticChunks(10, 5, 7, 4)];
    expect(chunks.map(({ length }) => length)).toEqual([20, 20, 10]);
    expect(chunks.flatMap((chunk) => [...chunk])).toEqual([...syntheticRows(10, 5, 7)]);
  });
});

describe("a random rotation", () => {
  it("keeps lengths and angles", () => {
    const dim = 16;
    const matrix = randomRotation(dim, 3);
    const row = (r: number) => matrix.subarray(r * dim, (r + 1) * dim);
    for (let a = 0; a < dim; a++) {
      for (let b = 0; b <= a; b++) {
        const product = row(a).reduce((sum, x, j) => sum + x * (row(b)[j] as number), 0);
        expect(product).toBeCloseTo(a === b ? 1 : 0, 6);
      }
    }
  });
});

describe("what is promised", () => {
  const row = (contender: string, msPerQuery: number, overlap10 = 0.9): SpeedRow => ({
    ...{ dataset: "wordnet", rows: 117_791, dim: 384, contender, version: "1", level: "kernel", mode: "single" },
    ...{ bytes: 48, threads: 1, k: 10, msPerQuery, queriesPerSecond: 1, overlap10, ramBytesPerRow: 1, roofline: null },
    ...{ openMs: 1, buildSeconds: 1, eventLoopDelayP99Ms: null, queries: 1, rounds: 5, error: null },
  });

  it("is met or missed by ratios of rows, and neither where a row is missing", () => {
    const found = targets([row("Thermocline 48 B", 1), row("FAISS IndexFlatIP", 50), row("FAISS PQ96x4fs", 0.5)], []);
    const met = new Map(found.map(({ dataset, what, met }) => [`${dataset}: ${what}`, met]));
    expect(met.get("wordnet: FAISS flat over 48 B")).toBe(true);
    expect(met.get("wordnet: FAISS PQ96x4fs over 48 B")).toBe(false);
    expect(met.get("wordnet: MemoryVectorStore over 48 B, as stores")).toBeNull();
  });

  it("compares reranked codes with the fastest graph of equal overlap", () => {
    const found = targets(
      [
        { ...row("Thermocline 48 B, reranked", 1, 0.99), level: "store" },
        row("hnswlib-node, ef 10 (its default)", 0.1, 0.8),
        row("hnswlib-node, ef 100", 0.9, 0.989),
        row("usearch f32, ef 256", 0.7, 0.995),
      ],
      [],
    );
    const graph = found.find(({ what }) => what.startsWith("fastest graph"));
    expect(graph).toMatchObject({ measured: 0.7, met: false, what: expect.stringContaining("usearch f32, ef 256") });
  });
});
