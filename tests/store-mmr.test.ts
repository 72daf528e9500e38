import type { Metric } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openWays, ways } from "./support/served-store.js";
import { refusal } from "./support/stores.js";
import { bruteForce, records, similarity, vectors } from "./support/synthetic.js";

const DIM = 8;

describe.each(ways)("diverse hits of a store %s", (way) => {
  const open = openWays(way);

  async function mixed(metric: Metric = "cosine") {
    const store = await open({ dim: DIM, metric, originals: "float32", cold: { bytes: 4 } });
    const given = records(200, DIM);
    await store.upsert(given);
    await store.demote({ filter: { even: true } });
    return { store, given };
  }

  it.each(["cosine", "dot", "euclidean"] as const)(
    "are those of the definition, under %s, in both tiers",
    { timeout: 60_000 },
    async (metric) => {
      const { store, given } = await mixed(metric);
      const vectorOf = new Map(given.map(({ id, vector }) => [id, vector]));
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...vectors(20, DIM, 3)),
          fc.integer({ min: 0, max: 10 }),
          fc.integer({ min: 1, max: 8 }),
          fc.integer({ min: 8, max: 60 }),
          async (vector, tenths, k, fetchK) => {
            const lambda = tenths / 10;
            const hits = await store.query({ vector, k, rerank: 200, mmr: { lambda, fetchK } });
            const candidates = new Map(bruteForce(metric, given, vector, fetchK).map(({ id, score }) => [id, score]));
            expect(hits).toHaveLength(k);
            const before: string[] = [];
            for (const { id, score } of hits) {
              expect(score).toBeCloseTo(candidates.get(id) ?? Number.NaN, 4);
              const value = (one: string) => {
                const to = before.map((other) =>
                  similarity(metric, vectorOf.get(one) ?? [], vectorOf.get(other) ?? []),
                );
                const redundancy = to.length === 0 ? 0 : Math.max(...to);
                return lambda * (candidates.get(one) ?? Number.NaN) - (1 - lambda) * redundancy;
              };
              const best = Math.max(...[...candidates.keys()].filter((one) => !before.includes(one)).map(value));
              expect(before).not.toContain(id);
              expect(value(id)).toBeCloseTo(best, 4);
              before.push(id);
            }
          },
        ),
        { numRuns: 15 },
      );
    },
  );

  it("pass over near copies, which the most similar ones do not", async () => {
    const store = await open({ dim: 3 });
    await store.upsert([
      { id: "a", vector: [1, 0.1, 0] },
      { id: "copy", vector: [1, 0.101, 0] },
      { id: "b", vector: [1, 0, 0.6] },
    ]);
    const ids = async (mmr: { lambda?: number } | undefined) =>
      (await store.query({ vector: [1, 0, 0], k: 2, mmr })).map(({ id }) => id);
    expect(await ids(undefined)).toEqual(["a", "copy"]);
    expect(await ids({ lambda: 1 })).toEqual(["a", "copy"]);
    expect(await ids({})).toEqual(["a", "b"]);
    expect(await ids({ lambda: 0 })).toEqual(["a", "b"]);
  });

  it("keep to filter, threshold and batch, and have vectors only when asked", async () => {
    const { store, given } = await mixed();
    const [one = new Float32Array(), two = new Float32Array()] = vectors(2, DIM, 5);
    const options = { k: 5, mmr: { lambda: 0.3 }, filter: { group: "g1" } };
    const hits = await store.query({ vector: one, ...options });
    expect(hits).toHaveLength(5);
    for (const hit of hits) expect([hit.metadata.group, "vector" in hit]).toEqual(["g1", false]);
    const [withVector] = await store.query({ vector: one, ...options, includeVectors: true });
    expect(withVector?.vector).toEqual(given.find(({ id }) => id === withVector?.id)?.vector);
    expect(await store.queryBatch({ vectors: [one, two], ...options })).toEqual([
      hits,
      await store.query({ vector: two, ...options }),
    ]);
    const minScore = 0.4;
    const near = await store.query({ vector: one, k: 200, minScore });
    const diverse = await store.query({ vector: one, k: 200, minScore, mmr: { lambda: 0 } });
    expect(diverse.map(({ id }) => id).sort()).toEqual(near.map(({ id }) => id).sort());
    expect(near.length).toBeGreaterThan(1);
    if (way !== "in a worker") {
      const passing = await store.query({ vector: one, ...options, filter: ({ metadata }) => metadata.group === "g1" });
      expect(passing).toEqual(hits);
    }
  });

  it("work on codes alone, and of no records are none", async () => {
    const store = await open({ dim: DIM, originals: "none", cold: { bytes: 8 } });
    const vector = vectors(1, DIM, 5)[0] ?? [];
    expect(await store.query({ vector, mmr: {} })).toEqual([]);
    await store.upsert(records(100, DIM));
    await store.demote({ all: true });
    const hits = await store.query({ vector, k: 10, mmr: { fetchK: 100 } });
    expect(new Set(hits.map(({ id }) => id)).size).toBe(10);
    expect(hits[0]?.id).toBe((await store.query({ vector, k: 1 }))[0]?.id);
  });

  it("are refused with options out of range", async () => {
    const { store } = await mixed();
    const query = (mmr: unknown) => () => store.query({ vector: vectors(1, DIM)[0] ?? [], k: 5, mmr: mmr as object });
    for (const lambda of [-0.1, 1.1, Number.NaN, "0.5", null])
      await refusal(query({ lambda }), "ARGUMENT", /mmr.lambda is .*from 0 to 1/);
    for (const fetchK of [4, 5.5, "20", Number.NaN])
      await refusal(query({ fetchK }), "ARGUMENT", /mmr.fetchK is .*whole number from 5/);
    for (const mmr of [null, 0.5, []]) await refusal(query(mmr), "ARGUMENT", /options of mmr are/);
    await refusal(query({ lamda: 1 }), "ARGUMENT", /Unknown option "lamda" of mmr/);
  });
});
