import { describe, expect, it } from "vitest";
import { openWays, ways } from "./support/served-store.js";
import { bench, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 8;

/** Rows whose coordinate j spreads by 2⁻ʲ around 3, so that the axes are the coordinates. */
const spread = vectors(2_000, DIM).map((vector, n) => ({
  id: `r${n}`,
  vector: vector.map((x, j) => 3 + x * 2 ** -j),
}));

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
const sum = (values: ArrayLike<number>) => Array.from(values).reduce((all, value) => all + value, 0);

describe.each(ways)("the spectrum of a store %s", (way) => {
  const open = openWays(way);

  it("has the variances along the axes, descending, and the mean taken out", async () => {
    const store = await open({ metric: "dot", cold: { bytes: 4 } });
    await store.upsert(spread);
    const { eigenvalues, mean, axes, sample } = await store.spectrum({ sampleSize: 2_000 });
    expect(sample).toBe(2_000);
    expect(eigenvalues).toHaveLength(DIM);
    // A uniform number in [-1, 1) has the variance 1/3.
    for (const [j, value] of eigenvalues.entries()) expect(value * 3 * 4 ** j).toBeCloseTo(1, 0.7);
    for (const value of mean) expect(value).toBeCloseTo(3, 1);
    const [first, second] = axes;
    expect(dot(first ?? [], first ?? [])).toBeCloseTo(1, 5);
    expect(dot(first ?? [], second ?? [])).toBeCloseTo(0, 5);
    const along = spread.map(({ vector }) => dot(vector, first ?? []) - dot(mean, first ?? []));
    expect(sum(along.map((x) => x * x)) / along.length / (eigenvalues[0] ?? 0)).toBeCloseTo(1, 4);
  });

  it("shares out the bits of the code but for its scale, more to what is worth more, and other bytes on request", async () => {
    const store = await open({ metric: "dot", cold: { bytes: 4 } });
    await store.upsert(spread);
    const { bits, bitsFrom } = await store.spectrum();
    expect(bitsFrom).toBe("plan");
    expect(sum(bits ?? [])).toBeCloseTo(8 * 3, 6);
    expect(Math.min(...(bits ?? []))).toBeGreaterThanOrEqual(0);
    expect(bits?.[0]).toBeGreaterThan(bits?.[DIM - 1] ?? Number.NaN);
    expect(sum((await store.spectrum({ bytes: 2 })).bits ?? [])).toBeCloseTo(8, 6);
  });

  it("has the bits of the codebook in use once there is one, and a plan only for bytes that are asked for", async () => {
    const store = await open({ metric: "dot", cold: { bytes: 4, effort: "fast" } });
    await store.upsert(spread);
    const planned = await store.spectrum();
    await store.demote({ all: true });
    const used = await store.spectrum();
    expect(used.bitsFrom).toBe("codebook");
    expect(used.bits).toHaveLength(DIM);
    expect(sum(used.bits ?? [])).toBeCloseTo(8 * 3, 4);
    // A coordinate that has nibbles to itself has whole ones; a plan has fractions.
    expect((used.bits?.[0] ?? 0) % 4).toBeCloseTo(0, 4);
    expect(used.bits?.[0]).toBeGreaterThanOrEqual(4);
    expect((planned.bits?.[0] ?? 0) % 4).not.toBeCloseTo(0, 2);
    const asked = await store.spectrum({ bytes: 4 });
    expect(asked.bitsFrom).toBe("plan");
    expect(sum(asked.bits ?? [])).toBeCloseTo(8 * 3, 6);

    // Rows that vary elsewhere change the measured axes, and not the codebook.
    await store.upsert(
      spread.map(({ id, vector }) => ({ id: `other-${id}`, vector: vector.map((x) => x * 9).reverse() })),
    );
    expect((await store.spectrum()).bits).toEqual(used.bits);
    await store.recalibrate();
    expect((await store.spectrum()).bits).not.toEqual(used.bits);
  });

  it("places records of either tier on the first two axes, spread evenly, as many as are asked for", async () => {
    const store = await open({ cold: { bytes: 4, effort: "fast" } });
    await store.upsert(records(1_200, DIM), { namespace: "b" });
    await store.demote({ filter: { n: { $lt: 600 } } }, { namespace: "b" });
    const { points, axes, mean } = await store.spectrum({ points: 60 });
    expect(points).toHaveLength(60);
    expect(points.filter(({ tier }) => tier === "cold")).toHaveLength(30);
    const found = await store.get(
      points.map(({ id }) => id),
      { namespace: "b", includeVectors: true },
    );
    for (const [i, { id, namespace, tier, x, y }] of points.entries()) {
      const record = found[i];
      const length = Math.sqrt(dot(record?.vector ?? [], record?.vector ?? []));
      const along = (axis: ArrayLike<number> = []) => dot(record?.vector ?? [], axis) / length - dot(mean, axis);
      expect({ id, namespace, tier }).toEqual({ id: record?.id, namespace: "b", tier: record?.tier });
      expect([x, y].map((at) => at.toFixed(3))).toEqual([along(axes[0]), along(axes[1])].map((at) => at.toFixed(3)));
    }
    expect((await store.spectrum()).points).toEqual([]);
  });

  it("is refused for options out of range, and of a store with nothing to measure", async () => {
    const store = await open({ dim: DIM });
    await refusal(store.spectrum(), "ARGUMENT", /needs two rows .* has 0/);
    await store.upsert(records(3, DIM));
    await refusal(store.spectrum({ sampleSize: 1 }), "ARGUMENT", /sampleSize is 1/);
    await refusal(store.spectrum({ points: 10_001 }), "ARGUMENT", /points/);
    await refusal(store.spectrum({ bytes: 1 }), "ARGUMENT", /bytes is 1/);
    await refusal(store.spectrum({ rows: 3 } as never), "ARGUMENT", /Unknown option "rows" of spectrum/);
    await refusal(store.spectrum({ signal: AbortSignal.abort() }), "ABORTED");
    expect((await store.spectrum()).sample).toBe(3);
  });
});

describe("a spectrum", () => {
  const { open } = bench("in memory");

  it("has no bits where codes share none out, or where nothing varies", async () => {
    const fourier = await open({ cold: { codec: "fourier", bytes: 6 } });
    await fourier.upsert(records(20, DIM));
    expect((await fourier.spectrum()).bits).toBeUndefined();
    const auto = await open({ cold: { bytes: "auto" } });
    await auto.upsert(records(20, DIM));
    expect((await auto.spectrum()).bits).toBeUndefined();
    const same = await open({ metric: "dot" });
    await same.upsert(["a", "b", "c"].map((id) => ({ id, vector: [1, 2, 3] })));
    const { eigenvalues, bits, bitsFrom } = await same.spectrum();
    expect([sum(eigenvalues), bits, bitsFrom]).toEqual([0, undefined, undefined]);
  });

  it("plans no bits for a handful of rows, which vary in fewer coordinates than there are", async () => {
    const store = await open({ cold: { bytes: 4 } });
    await store.upsert(records(DIM, DIM));
    const { bits, bitsFrom } = await store.spectrum();
    expect([bits, bitsFrom]).toEqual([undefined, undefined]);
    expect((await store.spectrum({ bytes: 6 })).bits).toBeUndefined();
    await store.upsert(records(DIM + 1, DIM));
    expect((await store.spectrum()).bitsFrom).toBe("plan");
  });

  it("has one axis of vectors of one component, and no points of records that have expired", async () => {
    const store = await open({ metric: "dot", sweepInterval: Number.POSITIVE_INFINITY });
    await store.upsert([
      { id: "a", vector: [1] },
      { id: "b", vector: [3] },
      { id: "c", vector: [5], expiresAt: Date.now() + 40 },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { axes, points } = await store.spectrum({ points: 10 });
    expect(axes).toHaveLength(1);
    expect(points.map(({ id, y }) => [id, y])).toEqual([
      ["a", 0],
      ["b", 0],
    ]);
  });

  it("knows cold rows only as far as they have originals", async () => {
    const store = await open({ originals: "none", cold: { bytes: 4, effort: "fast" } });
    await store.upsert(records(600, DIM));
    await store.demote({ filter: { n: { $lt: 590 } } });
    expect((await store.spectrum()).sample).toBe(10);
  });
});
