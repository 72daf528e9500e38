import { readFileSync } from "node:fs";
import { SpectralEncoder, type SpectralHits, SpectralIndex, ThermoclineError } from "@thermocline/core";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Dataset, loadDataset } from "../examples/beir-scifact/src/dataset.js";
import { mean, ndcgAt } from "../examples/beir-scifact/src/metrics.js";
import { examplesOf, runExample } from "./support/examples.js";
import { vectors } from "./support/synthetic.js";

const SCORINGS = ["asymmetric", "symmetric"] as const;

async function indexed(rows: readonly Float32Array[], scoring: "asymmetric" | "symmetric", topK = 5) {
  const encoder = new SpectralEncoder({ dim: rows[0]?.length ?? 1, topK });
  await encoder.calibrate(rows);
  const index = new SpectralIndex(encoder, { scoring });
  await index.addEmbeddings(rows);
  return { encoder, index };
}

function hit(hits: SpectralHits, query: number): { ids: number[]; scores: number[] } {
  const of = (array: Uint32Array | Float32Array) => Array.from(array.subarray(query * hits.k, (query + 1) * hits.k));
  return { ids: of(hits.ids), scores: of(hits.scores) };
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
}

describe("a search", () => {
  it("scores each row by the query's dot product with the decoded row over its coded length", async () => {
    const rows = vectors(30, 21).map((row, n) => row.map((x) => x * 3 ** (n % 5)));
    const [query = new Float32Array()] = vectors(1, 21, 9);
    for (const scoring of SCORINGS) {
      const { encoder, index } = await indexed(rows, scoring);
      const decoded = await encoder.decode(await encoder.encode(rows));
      const asked = scoring === "symmetric" ? await encoder.decode(await encoder.encode(query)) : query;
      const { ids, scores } = await index.search(query, 30);
      expect(new Set(ids).size).toBe(30);
      for (const [rank, id] of ids.entries()) {
        const row = decoded.subarray(id * 21, (id + 1) * 21);
        // The decoded length is the coded one up to the rounding of magnitudes.
        const expected = dot(asked, row) / Math.hypot(...row);
        expect(Math.abs((scores[rank] ?? Number.NaN) - expected)).toBeLessThan(0.01 * Math.hypot(...asked));
      }
    }
  });

  it("ranks by score descending, then by row ascending", async () => {
    const [a = new Float32Array(), b = new Float32Array()] = vectors(2, 10);
    const { index } = await indexed([b, a, b, a, a], "asymmetric");
    expect(Array.from((await index.search(a, 5)).ids)).toEqual([1, 3, 4, 0, 2]);
  });

  it("does not depend on the rows' lengths", async () => {
    const rows = vectors(50, 16);
    const [query = new Float32Array()] = vectors(1, 16, 5);
    const longer = rows.map((row, n) => row.map((x) => x * 2 ** ((n % 21) - 10)));
    for (const scoring of SCORINGS) {
      const plain = await (await indexed(rows, scoring)).index.search(query, 50);
      expect((await (await indexed(longer, scoring)).index.search(query, 50)).ids).toEqual(plain.ids);
    }
  });

  it("gives as many hits as there are rows, and none of an empty index", async () => {
    const { encoder, index } = await indexed(vectors(3, 8), "asymmetric", 2);
    const query = vectors(1, 8, 4)[0] as Float32Array;
    expect(await index.search(query, 2)).toMatchObject({ k: 2, ids: { length: 2 }, scores: { length: 2 } });
    expect((await index.search(query, 100)).k).toBe(3);
    const none = await new SpectralIndex(encoder).searchBatch([query, query], 7);
    expect(none).toEqual({ k: 0, ids: new Uint32Array(0), scores: new Float32Array(0) });
    expect((await index.searchBatch([], 2)).ids).toHaveLength(0);
  });

  it("scores rows and queries of zeros 0", async () => {
    const zero = new Float32Array(6);
    for (const scoring of SCORINGS) {
      const { index } = await indexed([...vectors(3, 6), zero], scoring, 2);
      const scores = Array.from((await index.search(zero, 4)).scores);
      expect(scores.map(Math.abs)).toEqual([0, 0, 0, 0]);
      const { ids, scores: others } = await index.search(vectors(1, 6, 8)[0] as Float32Array, 4);
      expect(others[ids.indexOf(3)]).toBe(0);
    }
  });

  it("in a batch is each search alone", async () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 60 }),
      queries: fc.integer({ min: 0, max: 40 }),
      dim: fc.integer({ min: 1, max: 20 }),
      k: fc.integer({ min: 1, max: 70 }),
      scoring: fc.constantFrom(...SCORINGS),
      normBits: fc.constantFrom(0, 8),
    });
    const check = fc.asyncProperty(sizes, async ({ rows, queries, dim, k, scoring, normBits }) => {
      const encoder = new SpectralEncoder({ dim, topK: 1 + (dim > 4 ? 2 : 0), normBits });
      const given = vectors(rows, dim);
      await encoder.calibrate(given);
      const index = new SpectralIndex(encoder, { scoring });
      await index.addEmbeddings(given);
      const asked = vectors(queries, dim, 2);
      const batch = await index.searchBatch(asked, k);
      expect(batch.k).toBe(Math.min(k, rows));
      expect(batch.ids).toHaveLength(queries * batch.k);
      for (const [n, query] of asked.entries()) {
        const one = await index.search(query, k);
        expect(hit(batch, n)).toEqual({ ids: Array.from(one.ids), scores: Array.from(one.scores) });
      }
    });
    await fc.assert(check, { numRuns: 30 });
  });
});

describe("an index", () => {
  it("is the same however its rows were added", async () => {
    const rows = vectors(9_000, 6);
    const encoder = new SpectralEncoder({ dim: 6, topK: 3 });
    await encoder.calibrate(rows.slice(0, 500));
    const whole = new SpectralIndex(encoder);
    const parts = new SpectralIndex(encoder);
    await whole.addEmbeddings(rows);
    // Not awaited one by one: calls take turns.
    await Promise.all([
      parts.addEmbeddings(rows.slice(0, 1)),
      parts.add(await encoder.encode(rows.slice(1, 8_500))),
      parts.addEmbeddings([]),
      parts.addEmbeddings(rows.slice(8_500)),
    ]);
    expect([whole.size, parts.size, whole.bytesPerChunk]).toEqual([9_000, 9_000, 10]);
    const queries = vectors(20, 6, 3);
    expect(await parts.searchBatch(queries, 30)).toEqual(await whole.searchBatch(queries, 30));
  });

  it("keeps what was added before its encoder was calibrated anew", async () => {
    const rows = vectors(10, 12);
    const { encoder, index } = await indexed(rows, "asymmetric");
    const before = await index.search(rows[0] as Float32Array, 10);
    await encoder.calibrate(vectors(10, 12, 7).map((row) => row.map((x) => x * 1e3)));
    expect(await index.search(rows[0] as Float32Array, 10)).toEqual(before);
    await index.addEmbeddings(rows);
    expect(index.size).toBe(20);
    expect(Array.from((await index.search(rows[3] as Float32Array, 2)).ids).sort((a, b) => a - b)).toEqual([3, 13]);
  });

  it("refuses bad calls, and has then changed nothing", async () => {
    const rows = vectors(5, 8);
    const { encoder, index } = await indexed(rows, "asymmetric", 2);
    const other = await indexed(rows, "asymmetric", 3);
    const codes = await other.encoder.encode(rows);
    const bad: [() => unknown, string][] = [
      [() => index.addEmbeddings([...rows, new Float32Array(8).fill(Number.NaN)]), "NOT_FINITE"],
      [() => index.addEmbeddings(new Float32Array(9)), "DIMENSION"],
      [() => index.add(codes), "ARGUMENT"],
      [() => index.add(undefined as never), "ARGUMENT"],
      [() => index.search(new Float32Array(16), 1), "DIMENSION"],
      [() => index.search(undefined as never, 1), "DIMENSION"],
      [() => index.search(new Float32Array(8).fill(Number.NaN), 1), "NOT_FINITE"],
      [() => index.search(rows[0] as Float32Array, 0), "ARGUMENT"],
      [() => index.search(rows[0] as Float32Array, 1.5), "ARGUMENT"],
      [() => index.searchBatch(new Float32Array(12), 1), "DIMENSION"],
      [() => new SpectralIndex(encoder, { scoring: "other" as never }), "ARGUMENT"],
      [() => new SpectralIndex({} as never), "ARGUMENT"],
      [() => new SpectralIndex(new SpectralEncoder({ dim: 8, topK: 1 })).addEmbeddings(rows), "ARGUMENT"],
      [
        () => new SpectralIndex(new SpectralEncoder({ dim: 8, topK: 1 })).search(rows[0] as Float32Array, 1),
        "ARGUMENT",
      ],
    ];
    for (const [call, code] of bad) {
      const error = await (async () => call())().catch((caught: unknown) => caught);
      expect(error, String(call)).toBeInstanceOf(ThermoclineError);
      expect(error, String(call)).toMatchObject({ code });
    }
    expect(index.size).toBe(5);
    await index.addEmbeddings(rows);
    expect(index.size).toBe(10);
  });
});

describe("on SciFact", () => {
  let data: Dataset;
  beforeAll(async () => {
    data = await loadDataset();
  });

  it.each([
    // The package publishes 0.1732 for 24 bytes, the norm not counted.
    { topK: 8, scoring: "symmetric", least: 0.16, most: 0.21 },
    { topK: 8, scoring: "asymmetric", least: 0.4, most: 1 },
    { topK: 32, scoring: "asymmetric", least: 0.59, most: 1 },
    { topK: 64, scoring: "asymmetric", least: 0.62, most: 1 },
  ] as const)(
    "$topK bins and $scoring scoring give nDCG@10 of $least to $most",
    async ({ topK, scoring, least, most }) => {
      const { abstracts, abstractVectors, claims, claimVectors } = data;
      const encoder = new SpectralEncoder({ dim: 384, topK });
      await encoder.calibrate(abstractVectors.values);
      const index = new SpectralIndex(encoder, { scoring });
      await index.addEmbeddings(abstractVectors.values);
      const hits = await index.searchBatch(claimVectors.values, 10);
      const ndcg = mean(
        claims.map(({ relevance }, n) => {
          const ranked = hit(hits, n).ids.map((id) => abstracts[id]?.id ?? "");
          return ndcgAt(ranked, relevance, 10);
        }),
      );
      expect(ndcg).toBeGreaterThanOrEqual(least);
      expect(ndcg).toBeLessThanOrEqual(most);
    },
  );
});

it("the README's section on SpectraLTM's names prints what it says", async () => {
  const page = readFileSync(new URL("../packages/core/README.md", import.meta.url), "utf8");
  const [, code = ""] = /^## SpectraLTM's names[\s\S]*?^```ts\nimport .*\n([\s\S]*?)^```/m.exec(page) ?? [];
  const { printed, promised } = await runExample(code);
  expect(printed).toEqual(promised);
  expect(printed).toHaveLength(3);
});

describe("the examples of the docstrings", () => {
  it.each(examplesOf("spectral/spectral-index.ts"))("print what they say: %s", async (code) => {
    const { printed, promised } = await runExample(code);
    expect(printed).toEqual(promised);
  });

  it("are found", () => {
    expect(examplesOf("spectral/spectral-index.ts")).toHaveLength(5);
  });
});
