import { describe, expect, it } from "vitest";
import { backends, bench, refusal } from "./support/stores.js";
import { records, similarity } from "./support/synthetic.js";

const DIM = 16;
const CAPACITY = 100;
/** Enough for the first codebook. */
const FIRST = 1_100;
const LARGE = 300;
const cold = { codec: "eigen", bytes: 8 } as const;

/** Records `a0` and on, not those of `records`. */
function later(count: number, seed = 2) {
  return records(count, DIM, seed).map((record, n) => ({ ...record, id: `a${n}` }));
}

describe.each(backends)("a large batch written to a store %s whose hot tier is full", (backend) => {
  const { open, path } = bench(backend);

  async function full(options = {}) {
    const store = await open({ dim: DIM, cold, hot: { capacity: CAPACITY }, ...options });
    await store.upsert(records(FIRST, DIM));
    await store.settled();
    const room = CAPACITY - store.stats().hot.rows;
    await store.upsert(later(room, 9).map((record) => ({ ...record, id: `fill-${record.id}` })));
    await store.settled();
    expect(store.stats().hot.rows).toBe(CAPACITY);
    return store;
  }

  it("goes into the cold tier at once, and is found as exactly as what moved there", async () => {
    const store = await full();
    const before = store.stats();
    await store.upsert(later(LARGE));
    const after = store.stats();
    expect(after.hot.rows).toBe(before.hot.rows);
    expect(after.cold.rows).toBe(before.cold.rows + LARGE);
    expect(after.demotions).toBe(before.demotions);
    expect(after.drift?.rows).toBe((before.drift?.rows ?? 0) + LARGE);
    for (const { id, vector } of later(LARGE).slice(0, 40)) {
      const [best] = await store.query({ vector, k: 1 });
      expect(best).toMatchObject({ id, tier: "cold" });
      expect(best?.score).toBeCloseTo(similarity("cosine", vector, vector), 3);
    }
  });

  it("goes into the hot tier where the batch is small, or there is room, or no originals are kept", async () => {
    const store = await full();
    const { hot } = store.stats();
    await store.upsert(later(20));
    expect((await store.get(["a0"]))[0]?.tier).toBe("hot");
    expect(store.stats().hot.rows).toBeGreaterThan(hot.rows - CAPACITY);

    const roomy = await open({
      dim: DIM,
      cold,
      hot: { capacity: 10_000 },
      path: backend === "on file" ? path("roomy.db") : undefined,
    });
    await roomy.upsert(records(FIRST, DIM));
    await roomy.demote({ all: true });
    await roomy.upsert(later(LARGE));
    expect(roomy.stats().hot.rows).toBe(LARGE);

    const bare = await full({ originals: "none", path: backend === "on file" ? path("bare.db") : undefined });
    const demotions = bare.stats().demotions;
    await bare.upsert(later(LARGE));
    await bare.settled();
    expect(bare.stats().demotions).toBeGreaterThan(demotions);
  });

  it("replaces records of both tiers, and none of the old ones is found again", async () => {
    const store = await full();
    await store.upsert(later(LARGE));
    const replaced = [...records(FIRST, DIM), ...later(LARGE)].map(({ id, text }, n) => ({
      id,
      text: `${text} again`,
      vector: later(FIRST + LARGE, 3)[n]?.vector ?? [],
    }));
    await store.upsert(replaced);
    const { records: all, hot, cold: down } = store.stats();
    expect(hot.rows + down.rows).toBe(all);
    const found = await store.query({ vector: records(1, DIM)[0]?.vector, k: 2_000 });
    expect(found).toHaveLength(all);
    expect(new Set(found.map(({ id }) => id)).size).toBe(all);
    for (const { id, text, vector } of replaced.slice(-30)) {
      expect((await store.query({ vector, k: 1 }))[0]).toMatchObject({ id, text });
    }
  });

  it("leaves records hot that are pinned, and records without vectors in no tier", async () => {
    const store = await full();
    await store.upsert(later(LARGE));
    await store.pin({ ids: ["a7"] });
    const mixed = later(LARGE, 4).map((record, n) => (n % 10 === 3 ? { id: record.id, text: "plain" } : record));
    await store.upsert(mixed);
    const tiers = (await store.get(mixed.map(({ id }) => id))).map((record) => record?.tier);
    expect(tiers[7]).toBe("hot");
    expect(tiers[3]).toBe("none");
    expect(tiers.filter((tier) => tier === "cold")).toHaveLength(LARGE - LARGE / 10 - 1);
  });

  it("changes nothing when it is aborted, or a vector in it is bad", async () => {
    const store = await full();
    const before = store.stats();
    const stop = new AbortController();
    const call = store.upsert(later(5_000), {
      signal: stop.signal,
      onProgress: ({ done }) => {
        if (done > 0) stop.abort();
      },
    });
    await refusal(call, "ABORTED");
    const bad = later(LARGE);
    await refusal(store.upsert([...bad, { id: "bad", vector: new Float32Array(DIM) }]), "ZERO_VECTOR", /"bad"/);
    expect(store.stats()).toMatchObject({ records: before.records, hot: before.hot, cold: { rows: before.cold.rows } });
    await store.upsert(later(LARGE));
    expect(store.stats().records).toBe(before.records + LARGE);
  });

  it("fills blocks, however many records are written at a time", async () => {
    const store = await full();
    const all = later(9_000);
    for (let at = 0; at < all.length; at += 900) await store.upsert(all.slice(at, at + 900));
    await store.upsert(later(9_000, 5).map((record) => ({ ...record, id: `b${record.id}` })));
    const { cold: down } = store.stats();
    expect(down.rows).toBeGreaterThanOrEqual(18_000);
    const found = await store.query({ vector: all[0]?.vector, k: 30_000, tiers: ["cold"] });
    expect(new Set(found.map(({ id }) => id)).size).toBe(down.rows);
  });
});

describe("a large batch on file", () => {
  const { open, path } = bench("on file");

  it("is there after the file is opened again, in the tier that it was in", async () => {
    const file = path();
    const store = await open({ path: file, dim: DIM, cold, hot: { capacity: CAPACITY } });
    await store.upsert(records(FIRST, DIM));
    await store.settled();
    await store.upsert(later(LARGE));
    const ids = later(LARGE).map(({ id }) => id);
    const before = [await store.get(ids), await store.query({ vector: later(1)[0]?.vector, k: 20 })];
    const { cold: down } = store.stats();
    await store.close();
    const again = await open({ path: file, hot: { capacity: CAPACITY } });
    expect(again.stats().cold.rows).toBe(down.rows);
    expect([await again.get(ids), await again.query({ vector: later(1)[0]?.vector, k: 20 })]).toEqual(before);
  });
});
