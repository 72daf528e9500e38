import type { Metric, Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { Catalogue } from "../packages/core/src/catalogue/catalogue.js";
import { allLive } from "../packages/core/src/catalogue/live.js";
import { sqliteDriver } from "../packages/core/src/catalogue/node-driver.js";
import { loadKernel } from "../packages/core/src/kernel/load.js";
import { Child } from "./support/child.js";
import { database } from "./support/database.js";
import { backends, bench, refusal } from "./support/stores.js";
import { bruteForce, embeddings, overlap } from "./support/synthetic.js";

const kernel = await loadKernel(undefined);

const DIM = 32;
const cold = { bytes: 8, effort: "fast" } as const;
const named = (name: string, vectors: readonly Float32Array[]) =>
  vectors.map((vector, i) => ({ id: `${name}${i}`, vector }));
/** What the store is calibrated on, more of the same, and what another embedding model might make. */
const first = named("first", embeddings(1_000, DIM, 1));
const same = named("same", embeddings(1_000, DIM, 2));
const other = named("other", embeddings(1_000, DIM, 3, DIM / 2));
const queries = embeddings(60, DIM, 4, DIM / 2);
const exact = new Map<Metric, string[][]>();

function exactAnswers(metric: Metric): string[][] {
  const known = exact.get(metric);
  if (known) return known;
  const found = queries.map((query) => bruteForce(metric, [...first, ...other], query, 10).map(({ id }) => id));
  exact.set(metric, found);
  return found;
}

/** Answers that depend on the codes: candidates are few. */
async function answers(store: Thermocline, metric: Metric = "cosine") {
  const hits = await Promise.all(queries.map((vector) => store.query({ vector, rerank: 15 })));
  const found = hits.map((each) => each.map(({ id }) => id));
  return { found, recall: overlap(exactAnswers(metric), found) };
}

describe.each(backends)("a store %s whose rows change", (backend) => {
  const { open, path } = bench(backend);

  /** A store calibrated on the first rows, with others coded since. */
  async function drifted(metric: Metric = "cosine") {
    const store = await open({ metric, cold, ...(backend === "on file" && { path: path("drifted.db") }) });
    await store.upsert(first);
    await store.demote({ all: true });
    await store.upsert(other);
    await store.demote({ all: true });
    return store;
  }

  it.each(["cosine", "dot", "euclidean"] as const)(
    "says under %s that new rows fit worse, and only then",
    async (metric) => {
      const store = await open({ metric, cold });
      await store.upsert(first);
      expect(store.stats().drift).toBeUndefined();
      await store.calibrate();
      expect(store.stats().drift).toBeUndefined();
      await store.upsert(same);
      for (let n = 0; n < 10; n++) await store.demote({ ids: same.slice(100 * n, 100 * n + 100).map(({ id }) => id) });
      const before = store.stats().drift;
      expect(before).toMatchObject({ rows: 1_000, recalibrate: false });
      expect(before?.ratio).toBeGreaterThan(0.85);
      expect(before?.ratio).toBeLessThan(1.15);
      expect(before?.ratio).toBe((before?.recent ?? 0) / (before?.fitted ?? 1));

      await store.upsert(other);
      await store.demote({ ids: other.slice(0, 100).map(({ id }) => id) });
      expect(store.stats().drift?.ratio).toBeGreaterThan(before?.ratio ?? 9);
      await store.demote({ all: true });
      const after = store.stats().drift;
      expect(after).toMatchObject({ fitted: before?.fitted, rows: 3_000, recalibrate: true });
      expect(after?.ratio).toBeGreaterThan(1.5);
    },
  );

  it("says that a store has outgrown the sample that its codebook was fitted on", async () => {
    const store = await open({ cold });
    const grown = [...first, ...same, ...named("more", embeddings(400, DIM, 5))];
    await store.upsert(grown.slice(0, 600));
    await store.calibrate();
    await store.upsert(grown.slice(600));
    await store.demote({ ids: grown.slice(0, 2_399).map(({ id }) => id) });
    expect(store.stats().drift).toMatchObject({ rows: 2_399, recalibrate: false });
    await store.demote({ all: true });
    expect(store.stats().drift).toMatchObject({ rows: 2_400, recalibrate: true });
    await store.recalibrate();
    expect(store.stats().drift?.recalibrate).toBeFalsy();
  });

  it("does not cry out over a few rows", async () => {
    const store = await open({ cold });
    await store.upsert(first);
    await store.calibrate();
    await store.upsert(other);
    await store.demote({ ids: other.slice(0, 499).map(({ id }) => id) });
    expect(store.stats().drift?.ratio).toBeGreaterThan(1.5);
    expect(store.stats().drift?.recalibrate).toBe(false);
    await store.demote({ ids: [other[499]?.id ?? ""] });
    expect(store.stats().drift).toMatchObject({ rows: 500, recalibrate: true });
  });

  it.each(["cosine", "dot", "euclidean"] as const)(
    "finds under %s what it should when it is recalibrated",
    async (metric) => {
      const store = await drifted(metric);
      const { stats, before } = { stats: store.stats(), before: await answers(store, metric) };
      expect(stats.drift?.recalibrate).toBe(true);
      await store.recalibrate();
      const after = await answers(store, metric);
      expect(after.recall).toBeGreaterThan(before.recall + 0.05);
      expect(store.stats()).toMatchObject({ records: 2_000, cold: stats.cold, drift: undefined });
      expect(store.stats().codebook?.id).toBeGreaterThan(stats.codebook?.id ?? 0);
      await store.upsert(named("more", embeddings(600, DIM, 8, DIM / 2)));
      await store.demote({ all: true });
      expect(store.stats().drift).toMatchObject({ recalibrate: false, rows: 600 });
    },
  );

  it("answers from old codes or from new ones, never from both, while it is recalibrated", async () => {
    const store = await drifted();
    const before = await answers(store);
    let ended = false;
    const recalibrating = store.recalibrate().then(() => {
      ended = true;
    });
    const seen: (readonly string[][])[] = [];
    while (!ended) seen.push((await answers(store)).found);
    await recalibrating;
    const after = await answers(store);
    expect(after.found).not.toEqual(before.found);
    expect(seen.length).toBeGreaterThan(1);
    for (const found of seen) {
      for (const [i, ids] of found.entries()) expect([before.found[i], after.found[i]]).toContainEqual(ids);
    }
  });

  it("takes writes, deletions and moves while it is recalibrated, and codes them anew, too", async () => {
    const store = await drifted();
    const recalibrating = store.recalibrate();
    await store.upsert(same);
    await store.delete({ ids: first.slice(0, 100).map(({ id }) => id) });
    expect(await store.demote({ ids: same.slice(0, 500).map(({ id }) => id) })).toBe(500);
    const replaced = embeddings(50, DIM, 12).map((vector, i) => ({ id: `other${i}`, vector }));
    await store.upsert(replaced);
    await Promise.all([recalibrating, store.demote({ ids: same.slice(500, 700).map(({ id }) => id) })]);
    expect(store.stats()).toMatchObject({ records: 2_900, hot: { rows: 350 }, cold: { rows: 2_550 } });
    const hits = await store.query({ vector: queries[0] ?? [], k: 3_000 });
    expect(new Set(hits.map(({ id }) => id)).size).toBe(2_900);
    for (const { id, vector } of [...same, ...first.slice(100), ...replaced, ...other.slice(50)].filter(
      (_, i) => i % 97 === 0,
    )) {
      expect((await store.query({ vector, k: 1 }))[0]?.id).toBe(id);
    }
    if (backend !== "on file") return;
    const answer = { ...(await answers(store)), stats: store.stats() };
    await store.close();
    expect(codebooks(path("drifted.db"))).toEqual({ codebooks: 1, used: 1, fits: 1 });
    const again = await open({ path: path("drifted.db") });
    expect(await answers(again)).toMatchObject({ found: answer.found });
    expect(again.stats()).toMatchObject({ codebook: answer.stats.codebook, cold: answer.stats.cold });
  });

  it("is as it was when recalibration is aborted, however far it was", async () => {
    const store = await drifted();
    const stats = () => ({ ...store.stats(), diskBytes: 0, served: undefined });
    const before = { stats: stats(), ...(await answers(store)) };
    for (const share of [0, 0.4, 0.8, 0.999]) {
      const ending = new AbortController();
      const onProgress = ({ done, total }: { done: number; total: number }) => {
        if (done >= share * total) ending.abort();
      };
      const message = /nothing was changed/;
      await refusal(store.recalibrate({ signal: ending.signal, onProgress }), "ABORTED", message);
      expect({ stats: stats(), ...(await answers(store)) }).toEqual(before);
    }
    const failure = new Error("no more");
    const throwing = () => {
      throw failure;
    };
    await expect(store.recalibrate({ onProgress: throwing })).rejects.toBe(failure);
    expect((await answers(store)).found).toEqual(before.found);
  });

  it("does two recalibrations one after the other, and calibrates when it is asked to recalibrate first", async () => {
    const store = await open({ cold });
    await refusal(store.recalibrate(), "ARGUMENT", /nothing to calibrate/);
    await store.upsert(first);
    await Promise.all([store.recalibrate(), store.recalibrate(), store.demote({ ids: ["first1"] })]);
    expect(store.stats()).toMatchObject({ cold: { rows: 1 }, hot: { rows: 999 } });
    expect(store.stats().codebook?.id).toBeGreaterThanOrEqual(2);
  });

  it("refuses to be recalibrated without originals, whether rows are cold or not", async () => {
    const store = await open({ cold, originals: "none" });
    await store.upsert(first);
    await refusal(store.recalibrate(), "UNSUPPORTED", /originals "none" cannot code its cold rows anew/);
    await store.demote({ all: true });
    await refusal(store.recalibrate(), "UNSUPPORTED", /originals "none"/);
  });
});

/** How many codebooks a file holds, how many its blocks use, and of how many it knows how rows fit them. */
function codebooks(file: string): unknown {
  const opened = database(file);
  const counts = opened
    .prepare(
      `SELECT (SELECT count(*) FROM codebooks) AS codebooks, (SELECT count(*) FROM fits) AS fits,
       (SELECT count(DISTINCT codebook) FROM code_blocks) AS used`,
    )
    .get() as object;
  opened.close();
  return { ...counts };
}

describe("a file whose rows changed", () => {
  const { open, path } = bench("on file");

  async function drifted(file: string) {
    const store = await open({ path: file, cold });
    await store.upsert(first);
    await store.demote({ all: true });
    await store.upsert(other);
    await store.demote({ all: true });
    return store;
  }

  it("still says so when it is opened again, by this process or another", async () => {
    const file = path("drifted.db");
    const store = await drifted(file);
    const { drift } = store.stats();
    expect(drift?.recalibrate).toBe(true);
    const beside = await open({ path: file });
    expect(beside.stats().drift).toEqual(drift);
    await store.close();
    expect((await open({ path: file })).stats().drift).toEqual(drift);
    await beside.recalibrate();
    expect(beside.stats().drift).toBeUndefined();
  });

  it("is recalibrated for every store that has it open", async () => {
    const file = path("drifted.db");
    const store = await drifted(file);
    const beside = await open({ path: file });
    await Promise.all([store.recalibrate(), beside.upsert(same), beside.demote({ all: true })]);
    expect(await beside.count()).toBe(3_000);
    await beside.demote({ all: true });
    expect(await store.count()).toBe(3_000);
    expect(store.stats()).toMatchObject({ hot: { rows: 0 }, cold: { rows: 3_000 }, codebook: beside.stats().codebook });
    expect(codebooks(file)).toEqual({ codebooks: 1, used: 1, fits: 1 });
    expect((await answers(store)).found).toEqual((await answers(beside)).found);
  });

  it("is whole, with one codebook, when its process is killed in the middle of recalibrating", async () => {
    const file = path("killed.db");
    const store = await drifted(file);
    const before = await answers(store);
    await store.close();
    for (const delay of [5, 60, 130, 250]) {
      const child = new Child(file, { cold });
      expect(await child.answer()).toEqual({ result: "open" });
      child.send("recalibrate");
      await new Promise((resolve) => {
        setTimeout(resolve, delay);
      });
      await child.kill();
      expect(codebooks(file)).toEqual({ codebooks: 1, used: 1, fits: 1 });
      const again = await open({ path: file });
      expect(again.stats()).toMatchObject({ records: 2_000, cold: { rows: 2_000 } });
      const { found, recall } = await answers(again);
      if (again.stats().codebook?.id === 1) expect(found).toEqual(before.found);
      else expect(recall).toBeGreaterThan(before.recall);
      await again.recalibrate();
      await again.close();
    }
  });

  it.each([
    ["is missing", "DELETE FROM fits", /fit of codebook 1 is missing/],
    ["is negative", "UPDATE fits SET error = -1", /fit of codebook 1 is damaged/],
  ])("is refused when how rows fit %s", async (_, sql, says) => {
    const file = path("damaged.db");
    await (await drifted(file)).close();
    const opened = database(file);
    opened.exec(sql);
    opened.close();
    await refusal(open({ path: file }), "CORRUPT", says);
  });
});

describe("codes of two codebooks in one ranking", () => {
  const all = [...first, ...other];
  const matrix = (rows: readonly { readonly vector: Float32Array }[]) =>
    Float32Array.from(rows.flatMap(({ vector }) => [...vector]));

  it.each(["cosine", "dot", "euclidean"] as const)("find less than those of either alone, under %s", async (metric) => {
    // Of unit length, so that every metric has the same right answers.
    const unit = (rows: Float32Array) => kernel.toUnit(rows, DIM);
    const spec = { codec: "eigen", bytes: 8, seed: 0, effort: "fast" } as const;
    const codecOf = async (rows: typeof all) => kernel.codec(await kernel.fit(spec, metric, DIM, unit(matrix(rows))));
    const codecs = [await codecOf(first), await codecOf(all)] as const;
    const rows = unit(matrix(all));
    const codes = [await codecs[0].encode(rows), await codecs[1].encode(rows)] as const;
    /** What is found when rows by `renewed` have new codes: recall of the exact top 10 among 30. */
    const recall = async (renewed: (row: number) => boolean) => {
      const partition = kernel.partition(DIM, metric);
      for (const which of [0, 1] as const) {
        const block = Uint32Array.from(all.keys()).filter((row) => renewed(row) === (which === 1));
        const picked = Uint8Array.from(
          Array.from(block).flatMap((row) => [...codes[which].subarray(8 * row, 8 * row + 8)]),
        );
        partition.setBlock(which, codecs[which], block, picked, allLive(block.length));
      }
      const units = Float32Array.from(queries.flatMap((vector) => [...unit(vector)]));
      const results = await partition.search({ queries: units, hot: 0, cold: 30, symmetric: false });
      const found = results.map(({ coldRows }) => Array.from(coldRows, (row) => all[row]?.id ?? ""));
      return overlap(exactAnswers("cosine"), found);
    };
    const old = await recall(() => false);
    const mixed = await recall((row) => row % 4 === 0);
    const renewed = await recall(() => true);
    expect(mixed).toBeLessThan(old - 0.05);
    expect(mixed).toBeLessThan(renewed - 0.1);
  });
});

it("keeps what is known of a codebook that is all but exact, though a driver takes such numbers for 0", async () => {
  const place = { path: undefined, durability: "full", readOnly: false } as const;
  const catalogue = await Catalogue.open(sqliteDriver(), place, kernel.checksum, () => {});
  const fit = { fitted: 1.1e-16, error: 1e-300, energy: 0.5, rows: 1 };
  await catalogue.write((transaction) => transaction.insertCodebook("eigen", 1, 0, new Uint8Array(8), fit));
  expect(catalogue.reader.codebooks.fit(1)).toEqual({ fitted: 0, error: 0, energy: 0.5, rows: 1 });
  await catalogue.close();
});
