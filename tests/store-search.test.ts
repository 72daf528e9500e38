import type { Filter, Metric } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { backends, bench } from "./support/stores.js";
import { bruteForce, records, vectors } from "./support/synthetic.js";

const DIM = 16;
const metrics: readonly Metric[] = ["cosine", "dot", "euclidean"];

describe.each(backends)("a search %s", (backend) => {
  const { open } = bench(backend);

  /** 300 records, every second of them cold. */
  async function mixed(options: Parameters<typeof open>[0] = {}) {
    const store = await open({ dim: DIM, cold: { bytes: 8 }, ...options });
    const all = records(300, DIM);
    await store.upsert(all);
    expect(await store.demote({ filter: { even: true } })).toBe(150);
    return { store, all };
  }

  it.each(metrics)("ranks both tiers as brute force does under %s, when originals are kept", async (metric) => {
    const { store, all } = await mixed({ metric, originals: "float32" });
    for (const query of vectors(5, DIM, 7)) {
      const expected = bruteForce(metric, all, query, 20);
      const hits = await store.query({ vector: query, k: 20, rerank: 200 });
      expect(hits.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      hits.forEach(({ score }, i) => {
        expect(score).toBeCloseTo(expected[i]?.score ?? Number.NaN, 4);
      });
      expect(new Set(hits.map(({ tier }) => tier))).toEqual(new Set(["hot", "cold"]));
    }
  });

  it.each(metrics)("is as good as float16 under %s with originals in float16", async (metric) => {
    const { store, all } = await mixed({ metric });
    const [query = []] = vectors(1, DIM, 8);
    const truth = new Map(bruteForce(metric, all, query, 300).map(({ id, score }) => [id, score]));
    const hits = await store.query({ vector: query, k: 300 });
    expect(hits).toHaveLength(300);
    for (const { id, score } of hits) expect(Math.abs(score - (truth.get(id) ?? Number.NaN))).toBeLessThan(0.01);
  });

  it.each(metrics)("estimates %s scores from codes when no originals are kept", async (metric) => {
    const { store, all } = await mixed({ metric, originals: "none", cold: { bytes: 32 } });
    const [query = []] = vectors(1, DIM, 9);
    const best = bruteForce(metric, all, query, 10).map(({ id }) => id);
    const hits = await store.query({ vector: query, k: 20 });
    expect(best.filter((id) => hits.some((hit) => hit.id === id)).length).toBeGreaterThanOrEqual(8);
  });

  it("returns scores in descending order, and every record when k is larger than their number", async () => {
    const { store } = await mixed();
    for (const k of [300, 301, 100_000]) {
      const hits = await store.query({ vector: vectors(1, DIM, 3)[0] ?? [], k });
      expect(hits).toHaveLength(300);
      expect(new Set(hits.map(({ id }) => id)).size).toBe(300);
      expect(hits.map(({ score }) => score)).toEqual(hits.map(({ score }) => score).sort((a, b) => b - a));
    }
  });

  it("returns ten hits unless told otherwise, and none from an empty store", async () => {
    const { store } = await mixed();
    expect(await store.query({ vector: vectors(1, DIM, 3)[0] ?? [] })).toHaveLength(10);
    await store.delete({ all: true });
    expect(await store.query({ vector: vectors(1, DIM, 3)[0] ?? [] })).toEqual([]);
  });

  it("gives ties to the record written first, across tiers", async () => {
    const store = await open({ dim: 4, originals: "float32" });
    const vector = [1, 2, 3, 4];
    await store.upsert(["d", "a", "c"].map((id) => ({ id, vector })));
    await store.upsert(["b", "e"].map((id) => ({ id, vector })));
    await store.demote({ ids: ["a", "b"] });
    const order = async (k: number) => (await store.query({ vector, k })).map(({ id }) => id);
    expect(await order(5)).toEqual(["d", "a", "c", "b", "e"]);
    expect(await order(2)).toEqual(["d", "a"]);
    await store.upsert([{ id: "d", vector }]);
    expect(await order(5)).toEqual(["a", "c", "b", "e", "d"]);
  });

  it("gives k hits whenever k records match a filter, in both tiers", async () => {
    const { store, all } = await mixed();
    const [query = []] = vectors(1, DIM, 4);
    const filters: readonly [Filter, (n: number) => boolean][] = [
      [{ n: { $lt: 3 } }, (n) => n < 3],
      [{ group: "g1", n: { $gte: 100 } }, (n) => n % 5 === 1 && n >= 100],
      [{ even: true }, (n) => n % 2 === 0],
      [{ n: { $in: [5, 6, 299, 1_000] } }, (n) => [5, 6, 299].includes(n)],
      [{ $not: { n: { $gte: 1 } } }, (n) => n < 1],
      [{ nowhere: 1 }, () => false],
      [{}, () => true],
    ];
    for (const [filter, matches] of filters) {
      const expected = bruteForce(
        "cosine",
        all.filter(({ metadata: { n } }) => matches(n)),
        query,
        25,
      ).map(({ id }) => id);
      const hits = (await store.query({ vector: query, k: 25, filter })).map(({ id }) => id);
      expect(hits).toHaveLength(expected.length);
      expect(hits.filter((id) => !expected.includes(id)).length).toBeLessThanOrEqual(1); // float16 may swap the last
      expect(await store.count(filter)).toBe(all.filter(({ metadata: { n } }) => matches(n)).length);
    }
  });

  it("gives k hits whenever k records pass a predicate, however deep they lie", async () => {
    const { store, all } = await mixed();
    const [query = []] = vectors(1, DIM, 4);
    const worst = bruteForce("cosine", all, query, 300).at(-1)?.id;
    expect((await store.query({ vector: query, filter: ({ id }) => id === worst })).map(({ id }) => id)).toEqual([
      worst,
    ]);
    const three = await store.query({
      vector: query,
      k: 3,
      filter: ({ metadata, text }) => text === `text ${metadata.n}`,
    });
    expect(three.map(({ id }) => id)).toEqual((await store.query({ vector: query, k: 3 })).map(({ id }) => id));
    expect(await store.query({ vector: query, filter: () => false })).toEqual([]);
  });

  it("searches only the tiers asked for", async () => {
    const { store } = await mixed();
    const [vector = []] = vectors(1, DIM, 4);
    for (const tier of ["hot", "cold"] as const) {
      const hits = await store.query({ vector, k: 300, tiers: [tier] });
      expect(hits).toHaveLength(150);
      expect(hits.every((hit) => hit.tier === tier)).toBe(true);
    }
    expect(await store.query({ vector, k: 300, tiers: ["cold", "hot"] })).toHaveLength(300);
  });

  it("leaves out hits below minScore", async () => {
    const { store } = await mixed();
    const [vector = []] = vectors(1, DIM, 4);
    const all = await store.query({ vector, k: 300 });
    const least = all[20]?.score ?? 0;
    expect((await store.query({ vector, k: 300, minScore: least })).map(({ id }) => id)).toEqual(
      all.filter(({ score }) => score >= least).map(({ id }) => id),
    );
    expect(await store.query({ vector, k: 300, minScore: 2 })).toEqual([]);
    expect(await store.query({ vector, k: 300, minScore: -2 })).toHaveLength(300);
  });

  it("leaves the vectors out unless asked for them", async () => {
    const { store } = await mixed();
    const hits = await store.query({ vector: vectors(1, DIM, 4)[0] ?? [] });
    expect(hits.some((hit) => "vector" in hit)).toBe(false);
    expect((await store.get(["r0"])).some((record) => record && "vector" in record)).toBe(false);
  });

  it.each(metrics)(
    "returns hot vectors as given and cold ones as near as originals allow, under %s",
    async (metric) => {
      for (const [originals, tolerance] of [
        ["float32", 0],
        ["float16", 2e-3],
        ["none", 0.5],
      ] as const) {
        const { store, all } = await mixed({ metric, originals, cold: { bytes: 32 } });
        const hits = await store.query({ vector: vectors(1, DIM, 4)[0] ?? [], k: 300, includeVectors: true });
        const got = await store.get(
          hits.map(({ id }) => id),
          { includeVectors: true },
        );
        for (const [i, { id, tier, vector }] of hits.entries()) {
          expect(got[i]?.vector).toEqual(vector);
          const given = all[Number(id.slice(1))]?.vector ?? [];
          // Of a vector under cosine a code keeps only the direction.
          const length = metric === "cosine" && originals === "none" && tier === "cold" ? Math.hypot(...given) : 1;
          const allowed = tier === "hot" ? 0 : tolerance;
          for (const [j, x] of given.entries())
            expect(Math.abs((vector?.[j] ?? Number.NaN) - x / length)).toBeLessThanOrEqual(allowed);
        }
      }
    },
  );

  it("scores a zero vector where the metric has a score for it", async () => {
    for (const metric of ["dot", "euclidean"] as const) {
      const store = await open({ dim: 4, metric });
      await store.upsert([
        { id: "zero", vector: [0, 0, 0, 0] },
        { id: "one", vector: [1, 0, 0, 0] },
      ]);
      for (const demote of [0, 2]) {
        if (demote > 0) expect(await store.demote({ all: true })).toBe(demote);
        const hits = await store.query({ vector: [-2, 0, 0, 0], includeVectors: true });
        expect(hits.map(({ id, score }) => [id, score])).toEqual(
          metric === "dot"
            ? [
                ["zero", 0],
                ["one", -2],
              ]
            : [
                ["zero", -2],
                ["one", -3],
              ],
        );
        expect(hits[0]?.vector).toEqual(new Float32Array(4));
      }
      expect(await store.query({ vector: [0, 0, 0, 0] })).toHaveLength(2);
    }
  });
});
