import type { Progress, Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { type FitSample, fitCodebook } from "../packages/core/src/calibration/fit-codebook.js";
import type { Kernel } from "../packages/core/src/kernel/kernel.js";
import { loadKernel } from "../packages/core/src/kernel/load.js";
import { edit } from "./support/database.js";
import { backends, bench, refusal } from "./support/stores.js";
import { bruteForce, embeddings, overlap } from "./support/synthetic.js";

const kernel = await loadKernel(undefined);

const DIM = 32;
const all = embeddings(1_500, DIM).map((vector, i) => ({ id: `r${i}`, vector }));
const fresh = embeddings(200, DIM, 77);
const auto = { bytes: "auto", effort: "fast" } as const;

const exact = fresh.map((query) => bruteForce("cosine", all, query, 10).map(({ id }) => id));

/** Share of the exact top 10 of fresh queries that a store finds. */
async function recallOf(store: Thermocline): Promise<number> {
  const hits = await Promise.all(fresh.map((vector) => store.query({ vector })));
  return overlap(
    exact,
    hits.map((each) => each.map(({ id }) => id)),
  );
}

describe.each(backends)("bytes that a store %s chooses by itself", (backend) => {
  const { open } = bench(backend);

  it.each([
    ["none", 0.8],
    ["none", 0.9],
    ["float16", 0.99],
  ] as const)(
    "are the fewest that reach the target, with originals %s and target %d",
    async (originals, targetRecall) => {
      const store = await open({ originals, cold: { ...auto, targetRecall } });
      expect(store.stats().cold).toMatchObject({ bytesPerRow: undefined, auto: { targetRecall, recall: undefined } });
      await store.upsert(all);
      const { curve } = await store.recommend();
      await store.demote({ all: true });
      const { cold, codebook } = store.stats();
      const of = (point: (typeof curve)[number]) => (originals === "none" ? point.recall : point.candidateRecall);
      const chosen = curve.find((point) => of(point).low >= targetRecall);
      expect(cold.bytesPerRow).toBe(chosen?.bytes);
      expect(cold.auto).toEqual({ targetRecall, recall: chosen && of(chosen).mean });
      expect(cold.rows).toBe(1_500);
      expect(codebook?.sampleRows).toBe(1_500);
      expect(await recallOf(store)).toBeGreaterThanOrEqual(targetRecall);
      if (originals === "none") return;
      // Once chosen they stay, also where another calibration might choose others.
      await store.recalibrate();
      expect(store.stats().cold).toEqual({ ...cold, ramBytes: expect.any(Number) });
    },
  );

  it("aim at 0.9 by codes alone and at 0.95 with originals, unless told otherwise", async () => {
    for (const [originals, targetRecall] of [
      ["none", 0.9],
      ["float16", 0.95],
      ["float32", 0.95],
    ] as const) {
      const store = await open({ originals, cold: auto });
      expect(store.stats().cold.auto).toEqual({ targetRecall, recall: undefined });
    }
    expect((await open()).stats().cold).toMatchObject({ bytesPerRow: 48, auto: undefined });
  });

  it("are the most that were tried when no target can be reached, and the store says what they find", async () => {
    const store = await open({ originals: "none", cold: { ...auto, targetRecall: 0.999 } });
    await store.upsert(all.slice(0, 1_000));
    await store.calibrate();
    const { bytesPerRow, auto: found } = store.stats().cold;
    expect(bytesPerRow).toBe(32);
    expect(found?.recall).toBeGreaterThan(0.8);
    expect(found?.recall).toBeLessThan(0.999);
  });

  it("are whole bins of Fourier codes", async () => {
    const store = await open({ cold: { codec: "fourier", bytes: "auto" } });
    await store.upsert(all.slice(0, 1_000));
    await store.calibrate();
    expect(store.stats().cold.bytesPerRow).toBeOneOf([6, 12, 15, 24, 30, 48, 51]);
  });

  it("wait for rows enough: moving fewer is refused, and changes nothing", async () => {
    const store = await open({ cold: auto });
    await store.upsert(all.slice(0, 999));
    const before = store.stats();
    await refusal(store.demote({ all: true }), "ARGUMENT", /sample has 999 rows; give at least 1000/);
    await refusal(store.calibrate(), "ARGUMENT", /at least 1000/);
    expect(store.stats()).toEqual(before);
    await store.upsert(all.slice(999, 1_000));
    expect(await store.demote({ all: true })).toBe(1_000);
  });

  it("are chosen on every row where rows are few and far between", async () => {
    const store = await open({ cold: auto });
    await store.upsert(embeddings(3_000, DIM, 3).map((vector, i) => ({ id: `x${i}`, vector })));
    await store.upsert(all.slice(0, 500));
    await store.delete({ ids: Array.from({ length: 2_500 }, (_, i) => `x${i}`) });
    await store.calibrate();
    expect(store.stats().codebook?.sampleRows).toBe(1_000);
  });

  it("are chosen with progress that ends at its total, or not at all when that is aborted", async () => {
    const store = await open({ cold: auto });
    await store.upsert(all.slice(0, 1_000));
    const seen: Progress[] = [];
    const ending = new AbortController();
    const aborting = store.calibrate({ signal: ending.signal, onProgress: ({ done }) => done > 0 && ending.abort() });
    await refusal(aborting, "ABORTED", /nothing was changed/);
    expect(store.stats()).toMatchObject({ codebook: undefined, cold: { bytesPerRow: undefined } });
    await store.calibrate({ onProgress: (progress) => seen.push(progress) });
    expect(seen[0]?.done).toBe(0);
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).sort((a, b) => a - b));
    expect(new Set(seen.map(({ total }) => total)).size).toBe(1);
    expect(seen.at(-1)?.done).toBe(seen.at(-1)?.total);
  });
});

describe("a file whose bytes are chosen", () => {
  const { open, path } = bench("on file");
  const cold = { ...auto, targetRecall: 0.8 } as const;

  it("keeps the target until then, and the number from then on", async () => {
    const file = path("auto.db");
    const made = await open({ path: file, dim: DIM, originals: "none", cold });
    await made.close();
    await refusal(open({ path: file, cold: { bytes: 24 } }), "ARGUMENT", /bytes is 24, but.*made with auto/);
    await refusal(open({ path: file, cold: { targetRecall: 0.7 } }), "ARGUMENT", /targetRecall is 0.7, but.* 0.8/);
    const store = await open({ path: file });
    expect(store.stats().cold).toMatchObject({ bytesPerRow: undefined, auto: { targetRecall: 0.8 } });
    await store.upsert(all);
    await store.demote({ all: true });
    const chosen = store.stats().cold;
    await store.close();
    const bytes = chosen.bytesPerRow ?? 0;
    for (const again of [cold, auto, { bytes }, { bytes, targetRecall: 0.8 }, undefined]) {
      const reopened = await open({ path: file, cold: again });
      expect(reopened.stats().cold).toEqual(chosen);
      await reopened.close();
    }
    await refusal(open({ path: file, cold: { bytes: bytes + 1 } }), "ARGUMENT", /but this store was made with \d+/);
    await refusal(
      open({ path: path("24.db"), cold: { bytes: 24 } }).then(() => open({ path: path("24.db"), cold: auto })),
      "ARGUMENT",
      /bytes is "auto", but this store was made with 24/,
    );
  });

  it("tells the other stores that have it open", async () => {
    const file = path("shared.db");
    const [one, two] = [await open({ path: file, cold }), await open({ path: file, cold })];
    await one.upsert(all);
    expect(await two.count()).toBe(1_500);
    await one.demote({ ids: all.slice(0, 1_200).map(({ id }) => id) });
    expect(await two.demote({ all: true })).toBe(300);
    expect(await one.count()).toBe(1_500);
    expect(two.stats().cold).toEqual(one.stats().cold);
    expect(two.stats()).toMatchObject({ codebook: one.stats().codebook, drift: one.stats().drift });
  });

  it.each(["none", "float16"] as const)("is calibrated by two stores at once, with originals %s", async (originals) => {
    const options = { path: path("rivals.db"), originals, cold };
    const [one, two] = [await open(options), await open(options)];
    await one.upsert(all);
    const moved = await Promise.all([
      one.demote({ ids: all.slice(0, 600).map(({ id }) => id) }),
      two.demote({ ids: all.slice(600, 1_400).map(({ id }) => id) }),
    ]);
    // One calibrated while the other moved rows by its own codebook: those stay hot that were coded by the one before.
    expect(moved[0] + moved[1]).toBeGreaterThanOrEqual(600);
    for (const store of [one, two]) {
      expect(await store.demote({ all: true })).toBe(store === one ? 1_500 - moved[0] - moved[1] : 0);
      expect(new Set((await store.query({ vector: fresh[0] ?? [], k: 2_000 })).map(({ id }) => id)).size).toBe(1_500);
    }
    expect(two.stats().cold).toEqual(one.stats().cold);
    expect(two.stats().codebook).toEqual(one.stats().codebook);
  });

  it("is refused when it says auto without a target", async () => {
    const file = path("damaged.db");
    await (await open({ path: file, cold })).close();
    edit(file, "DELETE FROM settings WHERE key = 'targetRecall'");
    await refusal(open({ path: file }), "CORRUPT", /damaged settings/);
  });
});

describe("calibration with queries", () => {
  const { open } = bench("in memory");
  const native = kernel;
  const rows = native.toUnit(Float32Array.from(all.flatMap(({ vector }) => [...vector])), DIM);
  const queries = native.toUnit(Float32Array.from(fresh.flatMap((vector) => [...vector])), DIM);
  const spec = { codec: "eigen", bytes: 8, seed: 0, effort: "fast" } as const;
  const fit = (kernel: Kernel, asked: Float32Array | "none" = queries) => {
    const sample: FitSample = {
      kernel,
      spec,
      metric: "cosine",
      dim: DIM,
      rows: rows.slice(),
      queries: asked === "none" ? undefined : asked,
      symmetric: false,
      seed: 0,
    };
    return fitCodebook(sample, undefined, () => {});
  };
  /** A kernel whose codebooks get so many bytes when it is told queries, so that they find more, or less. */
  const knowing = (bytes: number, told: number[] = []): Kernel => ({
    ...native,
    fit: (given, metric, dim, sample, options = {}) => {
      if (options.queries) told.push(options.queries.length / dim);
      const { queries: asked, ...rest } = options;
      return native.fit(asked ? { ...spec, bytes } : given, metric, dim, sample, rest);
    },
  });

  it("keeps the codebook that knows queries where others find more with it, and shows it two thirds of them", async () => {
    const told: number[] = [];
    const { codebook, queries: used } = await fit(knowing(16, told));
    expect(native.codec(codebook).bytes).toBe(16);
    expect([used, told]).toEqual([134, [134]]);
  });

  it.each([
    ["less", 4],
    ["no more", 8],
  ])("keeps the one without where they find %s", async (_, bytes) => {
    const { codebook, queries: used } = await fit(knowing(bytes));
    expect(used).toBe(0);
    expect(codebook).toEqual((await fit(native, "none")).codebook);
  });

  it("says in the stats whether they were used, and refuses fewer than 30", async () => {
    const store = await open({ cold: { bytes: 8, effort: "fast" } });
    await store.upsert(all);
    await refusal(
      store.calibrate({ queries: fresh.slice(0, 29) }),
      "ARGUMENT",
      /There are 29 queries; give at least 30/,
    );
    expect(store.stats().codebook).toBeUndefined();
    await store.calibrate({ queries: fresh.map((vector) => vector.map((x) => 1e-5 * x)) });
    expect(store.stats().codebook?.queries).toBeOneOf([0, 134]);
    await store.demote({ all: true });
    await store.recalibrate({ queries: fresh.map((vector) => [...vector]) });
    expect(store.stats().codebook?.queries).toBeOneOf([0, 134]);
    expect(await recallOf(store)).toBeGreaterThan(0.9);
  });

  it("passes on what share of both fits is done", async () => {
    const seen: number[] = [];
    const kernel: Kernel = {
      ...native,
      fit: (...[given, metric, dim, sample, options]) => {
        options?.onProgress?.(0.5);
        return native.fit(given, metric, dim, sample);
      },
    };
    const sample: FitSample = {
      kernel,
      spec,
      metric: "cosine",
      dim: DIM,
      rows: rows.slice(),
      queries,
      symmetric: false,
      seed: 0,
    };
    await fitCodebook(sample, undefined, (share) => seen.push(share));
    expect(seen).toEqual([0.25, 0.75]);
  });

  it("measures a codebook on rows that it was not fitted on", async () => {
    const { error, codebook } = await fit(native, "none");
    const codec = native.codec(codebook);
    const others = native.toUnit(Float32Array.from(embeddings(1_000, DIM, 9).flatMap((vector) => [...vector])), DIM);
    const decoded = await codec.decode(await codec.encode(others));
    const real = others.reduce((sum, x, i) => sum + (x - (decoded[i] ?? 0)) ** 2, 0) / 1_000;
    expect(error / real).toBeGreaterThan(0.85);
    expect(error / real).toBeLessThan(1.15);
  });
});

describe("a store that is asked what to recommend", () => {
  const { open } = bench("in memory");

  it("measures its own rows with its own settings, and changes nothing", async () => {
    const store = await open({ metric: "dot", cold: { codec: "fourier", bytes: 12 } });
    await store.upsert(all);
    const before = store.stats();
    const { curve, sample, targets } = await store.recommend({ targets: [0.5], bytes: [24, 12] });
    expect(curve.map(({ bytes }) => bytes)).toEqual([12, 24]);
    expect(sample).toEqual({ documents: 1_200, fitted: 1_200, queries: 300 });
    expect(targets).toHaveLength(1);
    expect((await store.recommend({ queries: fresh, bytes: [12] })).sample.queries).toBe(200);
    await refusal(store.recommend({ bytes: [16] }), "ARGUMENT", /multiple of 3/);
    expect(store.stats()).toEqual(before);
    await refusal((await open()).recommend(), "ARGUMENT", /store is empty; upsert at least 1000/);
  });
});
