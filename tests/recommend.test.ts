import { type Progress, recommend } from "@thermocline/core";
import { beforeAll, describe, expect, it } from "vitest";
import { loadDataset } from "../examples/beir-scifact/src/dataset.js";
import { rowOf } from "../examples/beir-scifact/src/npy.js";
import { estimateOf } from "../packages/core/src/calibration/estimate.js";
import { bench, refusal } from "./support/stores.js";
import { bruteForce, embeddings, lcg, overlap } from "./support/synthetic.js";

const DIM = 32;
const sample = embeddings(2_000, DIM);
const fast = { effort: "fast", targets: [0.5, 0.8, 0.999] } as const;

describe("what recommend measures", () => {
  const { open } = bench("in memory");
  let found: Awaited<ReturnType<typeof recommend>>;
  beforeAll(async () => {
    found = await recommend(sample, fast);
  });

  it("is a whole curve, on rows that do not ask", () => {
    expect(found.curve.map(({ bytes }) => bytes)).toEqual([8, 12, 16, 24, 32]);
    expect(found.sample).toEqual({ documents: 1_600, fitted: 1_600, queries: 400 });
    for (const { bytes, recall, candidateRecall, codebookBytes, totalBytesPerRow } of found.curve) {
      for (const { mean, low, high } of [recall, candidateRecall]) {
        expect(low).toBeLessThan(high);
        expect(low).toBeLessThanOrEqual(mean);
        expect(high).toBeGreaterThanOrEqual(mean);
      }
      expect(candidateRecall.mean).toBeGreaterThanOrEqual(recall.mean);
      expect(totalBytesPerRow).toBe(bytes + codebookBytes / 1_600);
    }
  });

  it("rises with bytes, within the intervals", () => {
    found.curve.slice(1).forEach((point, i) => {
      expect(point.recall.high).toBeGreaterThan(found.curve[i]?.recall.low ?? 1);
    });
    expect(found.curve.at(-1)?.recall.low).toBeGreaterThan(found.curve[0]?.recall.high ?? 1);
  });

  it("gives the fewest bytes for each target, or says that none will do", () => {
    for (const { target, bytes, bytesReranked } of found.targets) {
      expect(bytes).toBe(found.curve.find(({ recall }) => recall.low >= target)?.bytes);
      expect(bytesReranked).toBe(found.curve.find(({ candidateRecall }) => candidateRecall.low >= target)?.bytes);
    }
    expect(found.targets.map(({ bytes }) => bytes !== undefined)).toEqual([true, true, false]);
    expect(found.targets[1]?.advice).toMatch(
      /^Reranked from originals, \d+ bytes a row reach 0.8 \(recall .*\)\. By codes alone, \d+ bytes/,
    );
    expect(found.targets[2]?.advice).toMatch(/not even 32 bytes a row reach 0.999 \(recall 0\.9\d+, 95 % between/);
  });

  it("comes true in a store, with queries that were never seen", async () => {
    const { bytes, target } = found.targets[1] ?? { bytes: 0, target: 1 };
    const store = await open({ originals: "none", cold: { bytes, effort: "fast" } });
    const all = sample.slice(0, 1_600).map((vector, i) => ({ id: `${i}`, vector }));
    await store.upsert(all);
    await store.demote({ all: true });
    const queries = embeddings(300, DIM, 99);
    const exact = queries.map((query) => bruteForce("cosine", all, query, 10).map(({ id }) => id));
    const hits = await Promise.all(queries.map((vector) => store.query({ vector, k: 10 })));
    const recall = overlap(
      exact,
      hits.map((each) => each.map(({ id }) => id)),
    );
    expect(recall).toBeGreaterThanOrEqual(target);
  });

  it("depends on the sample and the seed alone", async () => {
    const two = { ...fast, bytes: [12, 8, 12] };
    const [one, same, other] = [
      await recommend(sample, two),
      await recommend(sample, two),
      await recommend(sample, { ...two, seed: 7 }),
    ];
    expect(one.curve.map(({ bytes }) => bytes)).toEqual([8, 12]);
    expect(same).toStrictEqual(one);
    expect(other.curve).not.toEqual(one.curve);
  });

  it.each(["dot", "euclidean"] as const)("works under %s, with queries of the caller's own", async (metric) => {
    const queries = embeddings(60, DIM, 5);
    const { sample: used, curve } = await recommend(sample, { ...fast, metric, queries, bytes: [24], rows: 1e6 });
    expect(used).toEqual({ documents: 2_000, fitted: 2_000, queries: 60 });
    expect(curve[0]?.recall.mean).toBeGreaterThan(0.6);
    expect(curve[0]?.totalBytesPerRow).toBeLessThan(24.1);
  });

  it("counts a row that ties with the tenth neighbour as right", async () => {
    const twice = sample.slice(0, 500).flatMap((vector) => [vector, vector, vector, vector]);
    const { curve } = await recommend(twice, { effort: "fast", bytes: [32] });
    const { curve: once } = await recommend(sample, { effort: "fast", bytes: [32] });
    // Three copies of each query are stored, with codes of their own: nothing tells which of four comes first.
    expect(curve[0]?.recall.mean).toBeGreaterThan((once[0]?.recall.mean ?? 1) - 0.1);
  });

  it("says how far it is, and ends when it is told to, or when the callback throws", async () => {
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    await recommend(sample, { ...fast, bytes: [8, 16], onProgress });
    expect(seen[0]).toEqual({ phase: "recommend", done: 0, total: 3_200 });
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b));
    expect(seen.at(-1)).toEqual({ phase: "recommend", done: 3_200, total: 3_200 });

    const ending = new AbortController();
    const call = recommend(sample, { ...fast, signal: ending.signal, onProgress: () => ending.abort() });
    await refusal(call, "ABORTED");
    const failure = new Error("no more");
    const failing = recommend(sample, {
      ...fast,
      onProgress: ({ done }) => {
        if (done > 0) throw failure;
      },
    });
    await expect(failing).rejects.toBe(failure);
  });

  it.each([
    ["few rows", sample.slice(0, 999), {}, "ARGUMENT", /has 999 rows; give an array of at least 1000/],
    ["no sample", undefined, {}, "ARGUMENT", /The sample is undefined/],
    ["few queries", sample, { queries: embeddings(49, DIM) }, "ARGUMENT", /There are 49 queries; give at least 50/],
    [
      "queries of another dimension",
      sample,
      { queries: [[1, 2]] },
      "DIMENSION",
      /queries\[0\] has 2.*sample\[0\] has 32/,
    ],
    ["rows of another dimension", [...sample, [1, 2]], {}, "DIMENSION", /sample\[2000\] has 2.*sample\[0\] has 32/],
    ["NaN", [...sample, new Float32Array(DIM).fill(Number.NaN)], {}, "NOT_FINITE", /sample\[2000\]/],
    ["zeros", [...sample, new Float32Array(DIM)], {}, "ZERO_VECTOR", /sample\[2000\]/],
    ["a target of 1", sample, { targets: [1] }, "ARGUMENT", /targets\[0\] is 1; give a number above 0 and below 1/],
    ["no targets", sample, { targets: [] }, "ARGUMENT", /targets is an array; give an array of one/],
    ["bytes beyond 512", sample, { bytes: [513] }, "ARGUMENT", /bytes\[0\] is 513; give a whole number from 2 to 512/],
    ["an unknown option", sample, { target: 0.9 }, "ARGUMENT", /Unknown option "target" of recommend/],
    ["an unknown metric", sample, { metric: "l1" }, "ARGUMENT", /metric is "l1"/],
    ["an unknown effort", sample, { effort: "high" }, "ARGUMENT", /effort is "high"/],
  ] as const)("refuses %s", async (_, rows, options, code, says) => {
    await refusal(recommend(rows as never, options as never), code, says);
  });
});

describe("a confidence interval", () => {
  it("holds the true share in about 95 of 100 samples of queries", () => {
    const next = lcg(3);
    for (const truth of [0.5, 0.9, 0.98]) {
      let held = 0;
      for (let round = 0; round < 400; round++) {
        // Queries differ in how hard they are; their mean is the truth.
        const shares = Array.from({ length: 200 }, () => {
          const own = truth + (1 - truth) * next();
          let right = 0;
          for (let trial = 0; trial < 10; trial++) if ((next() + 1) / 2 < own) right += 1;
          return right / 10;
        });
        const { low, high } = estimateOf(shares, 10);
        if (low <= truth && truth <= high) held += 1;
      }
      expect(held / 400).toBeGreaterThanOrEqual(0.92);
      expect(held / 400).toBeLessThanOrEqual(0.99);
    }
  });

  it("is no point where every query got everything, and narrows with queries", () => {
    const [few, many] = [50, 500].map((m) => estimateOf(Array(m).fill(1), 10));
    expect(few?.high).toBe(1);
    expect(few?.low).toBeLessThan(many?.low ?? 0);
    expect(many?.low).toBeLessThan(1);
  });
});

describe("SciFact's abstracts and claims", () => {
  it("need the bytes that recall needs", async () => {
    const { abstractVectors, claimVectors } = await loadDataset();
    const rows = (matrix: typeof abstractVectors, count: number) =>
      Array.from({ length: count }, (_, row) => rowOf(matrix, row));
    const { curve, sample: used } = await recommend(rows(abstractVectors, 3_000), {
      queries: rows(claimVectors, 300),
      bytes: [16, 48],
      effort: "fast",
    });
    expect(used).toEqual({ documents: 3_000, fitted: 3_000, queries: 300 });
    const [small, large] = curve;
    expect(small?.recall.high).toBeLessThan(large?.recall.low ?? 0);
    expect(large?.recall.low).toBeGreaterThan(0.75);
    expect(large?.candidateRecall.low).toBeGreaterThan(0.98);
  });
});
