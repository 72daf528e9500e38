import type { Progress } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { backends, bench, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 16;
const small = { codec: "eigen", bytes: 8 } as const;

/** Checks that `done` never falls and ends at the total, phase by phase. */
function expectWhole(seen: readonly Progress[], phases: readonly Progress["phase"][]) {
  expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(phases);
  for (const phase of phases) {
    const part = seen.filter((progress) => progress.phase === phase);
    expect(new Set(part.map(({ total }) => total)).size).toBe(1);
    expect(part.map(({ done }) => done)).toEqual(part.map(({ done }) => done).sort((a, b) => a - b));
    expect(part.at(-1)?.done).toBe(part.at(-1)?.total);
  }
}

describe.each(backends)("the tiers of a store %s", (backend) => {
  const { open } = bench(backend);

  it.each([
    ["ids", { ids: ["r1", "r2", "r2", "nobody"] }, 2],
    ["filter", { filter: { group: "g1" } }, 12],
    ["all", { all: true } as const, 60],
  ] as const)("moves records down by %s and returns how many moved", async (_, selection, count) => {
    const store = await open({ dim: DIM, cold: small });
    await store.upsert(records(60, DIM));
    expect(await store.demote(selection)).toBe(count);
    expect(await store.demote(selection)).toBe(0);
    expect(store.stats()).toMatchObject({ records: 60, hot: { rows: 60 - count }, cold: { rows: count } });
    const tiers = (await store.get(records(60, DIM).map(({ id }) => id))).map((record) => record?.tier);
    expect(tiers.filter((tier) => tier === "cold")).toHaveLength(count);
    expect(await store.count()).toBe(60);
  });

  it.each([
    ["eigen", "asymmetric", 8],
    ["fourier", "asymmetric", 12],
    ["fourier", "symmetric", 12],
  ] as const)("finds a cold record by its own vector with %s codes, scored %s", async (codec, scoring, bytes) => {
    for (const originals of ["float16", "none"] as const) {
      const store = await open({ dim: DIM, originals, cold: { codec, scoring, bytes } });
      const all = records(200, DIM);
      await store.upsert(all);
      expect(await store.demote({ all: true })).toBe(200);
      expect(store.stats().cold).toMatchObject({ rows: 200, codec, bytesPerRow: bytes });
      let first = 0;
      for (const { id, vector } of all.slice(0, 50)) {
        const hits = await store.query({ vector, k: 5 });
        if (hits[0]?.id === id) first += 1;
        expect(hits.every(({ score }) => Number.isFinite(score))).toBe(true);
      }
      expect(first).toBeGreaterThanOrEqual(originals === "none" ? 35 : 50);
    }
  });

  it("keeps more than one block of cold rows, and finds every one", async () => {
    const store = await open({ dim: 4, cold: { bytes: 2 } });
    const all = records(5_000, 4);
    await store.upsert(all);
    expect(await store.demote({ filter: { n: { $lt: 4_500 } } })).toBe(4_500);
    expect(await store.demote({ filter: { n: { $lt: 4_600 } } })).toBe(100);
    const hits = await store.query({ vector: [1, 0, 0, 0], k: 5_000 });
    expect(new Set(hits.map(({ id }) => id)).size).toBe(5_000);
    expect(hits.filter(({ tier }) => tier === "cold")).toHaveLength(4_600);
  });

  it("moves the excess down by itself beyond its capacity, and loses nothing", async () => {
    const store = await open({ dim: DIM, hot: { capacity: 200 }, cold: small });
    const all = records(1_500, DIM);
    await store.upsert(all.slice(0, 1_000));
    await store.settled();
    expect(store.stats()).toMatchObject({ hot: { rows: 1_000 }, cold: { rows: 0 }, codebook: undefined });
    await store.upsert(all.slice(1_000));
    await store.settled();
    const stats = store.stats();
    expect(stats.hot.rows).toBeLessThanOrEqual(200);
    expect(stats.hot.rows).toBeGreaterThan(150);
    expect(stats).toMatchObject({ records: 1_500, cold: { rows: 1_500 - stats.hot.rows }, demotions: stats.cold.rows });
    expect(stats.codebook?.sampleRows).toBe(1_500);
    for (const { id, vector } of all.filter((_, i) => i % 100 === 0)) {
      expect((await store.query({ vector, k: 1 }))[0]?.id).toBe(id);
    }
  });

  it("keeps everything hot with a capacity of Infinity, and nothing with one of 0", async () => {
    for (const [capacity, hot] of [
      [Number.POSITIVE_INFINITY, 1_100],
      [0, 0],
    ] as const) {
      const store = await open({ dim: 4, hot: { capacity }, cold: { bytes: 2 } });
      await store.upsert(records(1_100, 4));
      await store.settled();
      expect(store.stats()).toMatchObject({ records: 1_100, hot: { rows: hot } });
    }
  });

  it("keeps the records that queries return hot", async () => {
    const store = await open({ dim: DIM, hot: { capacity: 1_100 }, cold: small });
    const all = records(1_200, DIM);
    await store.upsert(all.slice(0, 1_100));
    for (let use = 0; use < 3; use++) await store.query({ vector: all[5]?.vector ?? [], k: 1 });
    await store.upsert(all.slice(1_100));
    await store.settled();
    expect((await store.get(["r5", "r4"])).map((record) => record?.tier)).toEqual(["hot", "cold"]);
  });

  it("moves rows of several namespaces down, each in its own", async () => {
    const store = await open({ dim: 4, hot: { capacity: 0 }, cold: { bytes: 2 } });
    await store.upsert(records(700, 4, 1), { namespace: "a" });
    await store.upsert(records(700, 4, 2), { namespace: "b" });
    await store.settled();
    expect(store.stats()).toMatchObject({ records: 1_400, namespaces: 2, hot: { rows: 0 } });
    for (const namespace of ["a", "b"]) {
      const hits = await store.query({ vector: [0, 1, 0, 0], k: 2_000, namespace });
      expect(hits).toHaveLength(700);
      expect(hits.every((hit) => hit.namespace === namespace && hit.tier === "cold")).toBe(true);
    }
  });

  it.each(["eigen", "fourier"] as const)(
    "codes cold rows anew when it is calibrated again, with %s codes",
    async (codec) => {
      const store = await open({ dim: DIM, cold: { codec, bytes: 12 } });
      const all = records(300, DIM);
      await store.upsert(all.slice(0, 40));
      await store.demote({ all: true });
      await store.upsert(all.slice(40));
      await store.demote({ filter: { even: true } });
      const before = store.stats();
      expect(before.codebook?.sampleRows).toBe(40);
      await store.delete({ ids: ["r0", "r2"] });
      await store.calibrate();

      const after = store.stats();
      expect(after).toMatchObject({
        records: 298,
        codebook: { sampleRows: 298 },
        cold: { rows: before.cold.rows - 2 },
      });
      expect(after.codebook?.id).toBeGreaterThan(before.codebook?.id ?? 0);
      const hits = await store.query({ vector: all[7]?.vector ?? [], k: 300 });
      expect(hits).toHaveLength(298);
      expect(hits[0]?.id).toBe("r7");
      expect(await store.demote({ all: true })).toBe(298 - after.cold.rows);
    },
  );

  it("calibrates on hot rows alone, and on a sample of the size asked for", async () => {
    const store = await open({ dim: DIM, cold: small, originals: "none" });
    await store.upsert(records(500, DIM));
    await store.calibrate({ sampleSize: 100 });
    expect(store.stats().codebook?.sampleRows).toBe(100);
    await store.calibrate();
    expect(store.stats()).toMatchObject({ codebook: { sampleRows: 500 }, hot: { rows: 500 } });
  });

  it("reports progress that never falls and ends at the total", async () => {
    const store = await open({ dim: 4, cold: { bytes: 2 } });
    const seen: Progress[] = [];
    const onProgress = (progress: Progress) => seen.push(progress);
    await store.upsert(records(5_000, 4), { onProgress });
    expectWhole(seen.splice(0), ["write"]);
    await store.demote({ all: true }, { onProgress });
    expectWhole(seen.splice(0), ["calibrate", "demote"]);
    await store.calibrate({ onProgress });
    expectWhole(seen, ["calibrate"]);
    expect(seen.at(-1)?.total).toBeGreaterThan(1);
  });

  it("says why it cannot be calibrated", async () => {
    const store = await open({ cold: small, originals: "none" });
    await refusal(store.calibrate(), "ARGUMENT", /nothing to calibrate/);
    await store.upsert(vectors(50, DIM).map((vector, i) => ({ id: `${i}`, vector })));
    await store.demote({ ids: ["1"] });
    await refusal(store.calibrate(), "UNSUPPORTED", /originals "none"/);
    await store.delete({ all: true });
    await refusal(store.calibrate(), "ARGUMENT");
  });

  it("says at the first record, not in the background, that Fourier codes do not fit the dimension", async () => {
    const misfit = /at 4 dimensions the Fourier codec takes 3 bytes a bin and has 3 bins/;
    await refusal(open({ dim: 4, cold: { codec: "fourier", bytes: 48 } }), "ARGUMENT", misfit);
    const store = await open({ cold: { codec: "fourier", bytes: 48 } });
    await refusal(store.upsert([{ id: "a", vector: [1, 2, 3, 4] }]), "ARGUMENT", misfit);
    expect(store.stats()).toMatchObject({ dim: undefined, records: 0 });
    await store.upsert(records(2, 64));
    expect(store.stats().dim).toBe(64);
  });
});
