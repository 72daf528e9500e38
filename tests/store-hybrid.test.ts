import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bm25 } from "./support/bm25.js";
import { openWays, ways } from "./support/served-store.js";
import { bench, refusal } from "./support/stores.js";
import { lcg, vectors } from "./support/synthetic.js";

const DIM = 8;
const WORDS = ["tide", "salt", "deep", "current", "warm", "ice"];

function corpus(count: number, seed: number) {
  const next = lcg(seed);
  const below = (n: number) => Math.floor(((next() + 1) / 2) * n) % n;
  const rows = vectors(count, DIM, seed);
  return Array.from({ length: count }, (_, n) => ({
    id: `r${n}`,
    vector: rows[n] ?? new Float32Array(DIM),
    ...(below(5) > 0 && { text: Array.from({ length: 1 + below(8) }, () => WORDS[below(6)]).join(" ") }),
    metadata: { n },
  }));
}

type Given = ReturnType<typeof corpus>;
type Scores = ReadonlyMap<string, number>;

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, left, right] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    dot += x * y;
    left += x * x;
    right += y * y;
  }
  return dot / Math.sqrt(left * right);
}

const order = ([a, x]: [string, number], [b, y]: [string, number]) => y - x || Number(a.slice(1)) - Number(b.slice(1));

function scaled(values: readonly number[]): number[] {
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => (greatest > least ? (value - least) / (greatest - least) : value === 0 ? 0 : 1));
}

/** The fused ranking of all records that `keep` lets through, in plain JavaScript. */
function evaluated(
  given: Given,
  text: string,
  vector: ArrayLike<number>,
  fusion: string,
  alpha: number | undefined,
  keep: (n: number) => boolean,
): [string, number][] {
  const kept = given.filter(({ metadata }) => keep(metadata.n));
  const texts = new Map(kept.map((record) => [record.id, record.text ?? null]));
  const words: Scores = bm25(
    text,
    given.map((record) => record.text ?? null),
    texts,
  );
  const meaning: Scores = new Map(kept.map((record) => [record.id, cosine(record.vector, vector)]));
  const place = (scores: Scores) => new Map([...scores].sort(order).map(([id], i) => [id, 1 / (61 + i)]));
  const ids = kept.map(({ id }) => id);
  let fused: [string, number][];
  if (fusion === "rrf") {
    const [byWords, byMeaning] = [place(words), place(meaning)];
    const weight = alpha ?? 0.5;
    fused = ids.map((id) => [id, 2 * weight * (byMeaning.get(id) ?? 0) + 2 * (1 - weight) * (byWords.get(id) ?? 0)]);
  } else {
    const byWords = scaled(ids.map((id) => words.get(id) ?? 0));
    const byMeaning = scaled(ids.map((id) => meaning.get(id) ?? 0));
    const weight = alpha ?? 0.5;
    fused = ids.map((id, i) => [id, weight * (byMeaning[i] ?? 0) + (1 - weight) * (byWords[i] ?? 0)]);
  }
  return fused.sort(order);
}

describe.each(ways)("a query by words and a vector %s", (way) => {
  const open = openWays(way);
  const [vector = new Float32Array(DIM)] = vectors(1, DIM, 99);

  it.each([
    ["rrf", undefined],
    ["rrf", 0.2],
    ["rrf", 1],
    ["relative", undefined],
    ["relative", 0],
    ["relative", 0.7],
    ["relative", 1],
  ] as const)("ranks as a plain evaluator does (%s, alpha %s)", async (fusion, alpha) => {
    const given = corpus(120, 1);
    const store = await open({ dim: DIM, cold: { bytes: 4 }, originals: "float32" });
    await store.upsert(given);
    await store.demote({ filter: { n: { $lt: 60 } } });
    for (const [filter, keep] of [
      [undefined, () => true],
      [{ n: { $gte: 40 } }, (n: number) => n >= 40],
    ] as const) {
      const hits = await store.query({ text: "salt tide", vector, k: 50, fusion, alpha, filter });
      const expected = evaluated(given, "salt tide", vector, fusion, alpha, keep);
      expect(hits).toHaveLength(50);
      const scores = new Map(expected);
      for (const [i, hit] of hits.entries()) {
        expect(hit.score).toBeCloseTo(expected[i]?.[1] ?? 0, 5);
        expect(hit.score).toBeCloseTo(scores.get(hit.id) ?? 0, 5);
        expect(hit.vectorScore).toBeCloseTo(cosine(given[Number(hit.id.slice(1))]?.vector ?? [], vector), 5);
        expect(hit.textScore !== undefined).toBe(/salt|tide/.test(hit.text ?? ""));
      }
    }
  });

  it("is by default the published sum of reciprocal ranks, and relative where alpha is given", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(corpus(50, 2));
    const query = { text: "deep ice", vector };
    expect(await store.query(query)).toEqual(await store.query({ ...query, fusion: "rrf" }));
    expect(await store.query({ ...query, fusion: "rrf", alpha: 0.5 })).toEqual(await store.query(query));
    expect(await store.query({ ...query, alpha: 0.3 })).toEqual(
      await store.query({ ...query, alpha: 0.3, fusion: "relative" }),
    );
    const [best] = await store.query(query);
    expect(best?.score).toBeLessThanOrEqual(2 / 61);
  });

  it.each(["float16", "none"] as const)(
    "scores exactly what only its words found, in a store deeper than its candidates (originals %s)",
    async (originals) => {
      const given = corpus(900, 3).map((record) => ({ ...record, text: "plain" }));
      // The farthest of all, and the only one with the word.
      const far = { id: "far", vector: vector.map((x) => -x), text: "needle", metadata: { n: 900 } };
      const store = await open({ dim: DIM, cold: { bytes: 8 }, originals });
      await store.upsert([...given, far]);
      await store.demote({ filter: { n: { $gte: 400 } } });
      const hits = await store.query({ text: "needle", vector, k: 3, alpha: 0.4 });
      expect(hits[0]).toMatchObject({ id: "far", tier: "cold" });
      expect(hits[0]?.vectorScore).toBeCloseTo(-1, originals === "none" ? 0 : 3);
      expect(hits[0]?.score).toBeCloseTo(0.6, 6);
      // It shares the first place with the most similar one, which was written before it.
      expect((await store.query({ text: "needle", vector, k: 3 }))[1]).toMatchObject({ id: "far", score: 1 / 61 });
    },
  );

  it("heeds minScore, tiers, namespaces, mmr, vectors and a text without words", async () => {
    const given = corpus(100, 4);
    const store = await open({ dim: DIM, cold: { bytes: 4 } });
    await store.upsert(given, { namespace: "a" });
    await store.upsert(given.slice(0, 5), { namespace: "b" });
    await store.demote({ filter: { n: { $lt: 50 } } }, { namespace: "a" });
    const query = { text: "warm", vector, namespace: "a", k: 200 };
    const all = await store.query(query);
    expect(all.map(({ id }) => id).sort()).toEqual(given.map(({ id }) => id).sort());
    const tenth = all[9]?.score ?? 0;
    expect(await store.query({ ...query, minScore: tenth })).toEqual(all.filter(({ score }) => score >= tenth));
    expect((await store.query({ ...query, tiers: ["cold"] })).every(({ tier }) => tier === "cold")).toBe(true);
    expect(await store.query({ ...query, namespace: "b" })).toHaveLength(5);
    const diverse = await store.query({ ...query, k: 5, mmr: { lambda: 0.5 }, includeVectors: true });
    expect(new Set(diverse.map(({ id }) => id)).size).toBe(5);
    expect(diverse.every((hit) => hit.vector?.length === DIM)).toBe(true);
    expect((await store.query({ ...query, k: 5, mmr: { lambda: 1 } })).map(({ id }) => id)).toEqual(
      all.slice(0, 5).map(({ id }) => id),
    );
    const byVector = await store.query({ vector, namespace: "a", k: 200 });
    for (const text of ["", "…", "nowhere"]) {
      expect((await store.query({ ...query, text })).map(({ id }) => id)).toEqual(byVector.map(({ id }) => id));
    }
    await refusal(store.queryPage({ text: "warm", vector }), "ARGUMENT", /has no pages/);
    await refusal(store.queryBatch({ text: "warm", vectors: [vector] } as never), "ARGUMENT", /Unknown option "text"/);
  });
});

describe("a query by words and a vector", () => {
  const { open } = bench("in memory");

  it("finds min(k, matching) records for any filter, function or not", async () => {
    const given = corpus(400, 5);
    const store = await open({ dim: DIM, cold: { bytes: 4 } });
    await store.upsert(given);
    await store.demote({ filter: { n: { $lt: 300 } } });
    const [vector = new Float32Array(DIM)] = vectors(1, DIM, 7);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(399),
        fc.nat(40),
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom("rrf" as const, "relative" as const),
        async (from, width, k, fusion) => {
          const inside = (n: number) => n >= from && n < from + width;
          const query = { text: "ice salt", vector, k, fusion };
          const matching = given.filter(({ metadata }) => inside(metadata.n));
          const hits = await store.query({ ...query, filter: { n: { $gte: from, $lt: from + width } } });
          const asked = await store.query({ ...query, filter: ({ metadata }) => inside(Number(metadata["n"])) });
          for (const found of [hits, asked]) {
            expect(found).toHaveLength(Math.min(k, matching.length));
            expect(found.every(({ metadata }) => inside(Number(metadata["n"])))).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
