import { Thermocline } from "@thermocline/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { database } from "./support/database.js";
import { openWays, ways } from "./support/served-store.js";
import { bench, refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 4;
const plain = (id: string, more: object = {}) => ({ id, text: `${id} drifts`, metadata: { kind: "plain" }, ...more });
const vector = [1, 0, 0, 0];

describe.each(ways)("a record without a vector %s", (way) => {
  const open = openWays(way);

  it("comes back from get, list, count and filters, and says that it is in no tier", async () => {
    const store = await open({ dim: DIM });
    await store.upsert([...records(3, DIM), plain("p", { expiresAt: 9e12 })]);
    const [found] = await store.get(["p"], { includeVectors: true });
    expect(found).toEqual({
      id: "p",
      namespace: "default",
      text: "p drifts",
      metadata: { kind: "plain" },
      tier: "none",
      expiresAt: 9e12,
    });
    expect(await store.count()).toBe(4);
    expect(await store.count({ kind: "plain" })).toBe(1);
    const listed = [];
    for await (const record of store.list({ includeVectors: true })) {
      listed.push([record.id, record.tier, record.vector?.length]);
    }
    expect(listed.at(-1)).toEqual(["p", "none", undefined]);
    expect(listed.slice(0, 3).map(([, ...rest]) => rest)).toEqual([
      ["hot", DIM],
      ["hot", DIM],
      ["hot", DIM],
    ]);
    expect(await store.stats()).toMatchObject({ records: 4, withoutVector: 1, namespaces: 1, hot: { rows: 3 } });
    expect(await store.namespaces()).toEqual([{ name: "default", records: 4, hot: 3, cold: 0, withoutVector: 1 }]);
    expect(await store.delete({ filter: { kind: "plain" } })).toBe(1);
    expect(await store.stats()).toMatchObject({ records: 3, withoutVector: 0 });
  });

  it("is never found by a vector", async () => {
    const store = await open({ dim: DIM });
    await store.upsert([plain("p"), { id: "v", vector, metadata: { kind: "plain" } }]);
    for (const options of [{}, { filter: { kind: "plain" } }, { mmr: {} }, { minScore: -1 }]) {
      expect((await store.query({ vector, k: 9, ...options })).map(({ id }) => id)).toEqual(["v"]);
    }
    expect((await store.queryBatch({ vectors: [vector, vector], k: 9 })).map((hits) => hits.length)).toEqual([1, 1]);
    expect((await store.queryPage({ vector, k: 1 })).cursor).toBeUndefined();
  });

  it("is found by words, unless one tier only is asked for", async () => {
    const store = await open();
    await store.upsert([plain("p"), plain("q", { text: "still" })]);
    const [hit, ...others] = await store.query({ text: "drifts", snippet: true, includeVectors: true });
    expect(others).toEqual([]);
    expect(hit).toMatchObject({ id: "p", tier: "none", snippet: "p [drifts]" });
    expect(hit?.vector).toBeUndefined();
    expect(hit?.vectorScore).toBeUndefined();
    expect(hit?.score).toBe(hit?.textScore);
    expect((await store.query({ text: "drifts", filter: { kind: "other" } })).length).toBe(0);
    expect((await store.query({ text: "drifts", tiers: ["hot"] })).length).toBe(0);
    expect((await store.query({ text: "drifts", tiers: ["cold"] })).length).toBe(0);
    const { explanation } = await store.query({ text: "drifts", filter: { kind: "plain" }, explain: true });
    expect(explanation).toMatchObject({ scanned: { hot: 0, cold: 0 }, filtered: 2 });
  });

  it("is found in a hybrid query by its words only", async () => {
    const store = await open({ metric: "euclidean" });
    await store.upsert([
      { id: "near", vector, text: "calm" },
      { id: "far", vector: [0, 9, 0, 0], text: "drifts drifts drifts" },
      plain("p"),
    ]);
    for (const fusion of ["rrf", "relative"] as const) {
      const hits = await store.query({ vector, text: "drifts", fusion });
      const found = hits.find(({ id }) => id === "p");
      expect(found).toMatchObject({ tier: "none" });
      expect(found?.vectorScore).toBeUndefined();
      expect(found?.textScore).toBeGreaterThan(0);
      expect(hits.map(({ id }) => id).sort()).toEqual(["far", "near", "p"]);
      // As similar as the least similar, and with its words once where the other has them three times.
      if (fusion === "relative") expect(hits.map(({ id }) => id)).toEqual(["near", "far", "p"]);
      else expect(found?.score).toBe(1 / 62);
    }
    const diverse = await store.query({ vector, text: "drifts", mmr: { lambda: 0 }, includeVectors: true });
    expect(new Set(diverse.map(({ id }) => id))).toEqual(new Set(["near", "far", "p"]));
    expect(diverse.map(({ id, vector }) => [id, vector?.length]).sort()).toEqual([
      ["far", DIM],
      ["near", DIM],
      ["p", undefined],
    ]);
  });

  it("takes the place of one with a vector, and gives it back", async () => {
    const store = await open({ dim: DIM });
    await store.upsert([{ id: "a", vector, text: "first" }]);
    await store.pin({ all: true });
    await store.upsert([{ id: "a", text: "second" }]);
    expect(await store.query({ vector })).toEqual([]);
    expect((await store.get(["a"]))[0]).toMatchObject({ text: "second", tier: "none" });
    expect(await store.stats()).toMatchObject({ records: 1, withoutVector: 1, hot: { rows: 0, pinned: 0 } });
    await store.upsert([{ id: "a", vector, text: "third" }]);
    expect((await store.query({ vector })).map(({ text }) => text)).toEqual(["third"]);
    expect(await store.stats()).toMatchObject({ records: 1, withoutVector: 0, hot: { rows: 1, pinned: 0 } });
  });

  it("stays out of every move between tiers", async () => {
    const store = await open({ dim: DIM, cold: { bytes: 2 } });
    await store.upsert([...records(40, DIM), plain("p")]);
    expect(await store.demote({ all: true })).toBe(40);
    expect(await store.promote({ ids: ["p", "r1"] })).toBe(1);
    expect(await store.pin({ ids: ["p", "r1"] })).toBe(1);
    expect(await store.unpin({ ids: ["p", "r1"] })).toBe(1);
    await store.calibrate();
    expect(await store.stats()).toMatchObject({ codebook: { sampleRows: 40 }, hot: { rows: 1 }, cold: { rows: 39 } });
    expect((await store.get(["p"]))[0]?.tier).toBe("none");
  });
});

describe("records without a vector", () => {
  const files = bench("on file");
  afterEach(() => {
    vi.useRealTimers();
  });

  it("leave the dimension open until a vector comes", async () => {
    const path = files.path("open.db");
    let store = await Thermocline.open({ path });
    await store.upsert([plain("p")]);
    expect(store.stats().dim).toBeUndefined();
    expect(await store.query({ vector: [1, 2, 3] })).toEqual([]);
    await refusal(store.calibrate(), "ARGUMENT", /nothing to calibrate on/);
    expect(await store.demote({ all: true })).toBe(0);
    await store.close();
    store = await Thermocline.open({ path });
    expect(store.stats()).toMatchObject({ dim: undefined, records: 1, withoutVector: 1 });
    expect(await store.copyNamespace("default", "copy")).toBe(1);
    await store.upsert([{ id: "v", vector }]);
    expect(store.stats().dim).toBe(DIM);
    expect((await store.get(["p"], { namespace: "copy" }))[0]?.text).toBe("p drifts");
    expect(await store.dropNamespace("copy")).toBe(1);
    expect(store.stats()).toMatchObject({ records: 2, withoutVector: 1, namespaces: 1 });
    await store.close();
    expect(await Thermocline.verify(path)).toMatchObject({ ok: true, records: 2, originals: 1 });
  });

  it("are in what backup, toBytes and a copy of the namespace give, beside those with one", async () => {
    const path = files.path("all.db");
    const store = await Thermocline.open({ path, dim: DIM, cold: { bytes: 2 } });
    await store.upsert([...records(10, DIM), plain("p"), plain("q")], { namespace: "a" });
    await store.demote({ ids: ["r1", "r2"] }, { namespace: "a" });
    expect(await store.copyNamespace("a", "b")).toBe(12);
    await store.compact();
    await store.backup(files.path("copy.db"));
    const bytes = await store.toBytes();
    await store.close();
    const copies = [Thermocline.open({ path: files.path("copy.db"), readOnly: true }), Thermocline.fromBytes(bytes)];
    for (const copy of await Promise.all(copies)) {
      expect(await copy.namespaces()).toEqual(
        ["a", "b"].map((name) => ({ name, records: 12, hot: 8, cold: 2, withoutVector: 2 })),
      );
      for (const namespace of ["a", "b"]) {
        expect((await copy.get(["q"], { namespace }))[0]).toMatchObject({ text: "q drifts", tier: "none" });
      }
      await copy.close();
    }
    expect(await Thermocline.verify(path)).toMatchObject({ ok: true, records: 24 });
  });

  it("expire, and are swept", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_000 });
    const store = await files.open();
    await store.upsert([plain("gone", { expiresAt: 1_020 }), plain("stays")]);
    expect((await store.query({ text: "drifts" })).length).toBe(2);
    vi.setSystemTime(1_020);
    expect((await store.get(["gone"]))[0]).toBeUndefined();
    expect((await store.query({ text: "drifts" })).map(({ id }) => id)).toEqual(["stays"]);
    expect(await store.sweep()).toBe(1);
    expect(store.stats()).toMatchObject({ records: 1, withoutVector: 1 });
  });

  it("written by another process are seen by this one", async () => {
    const path = files.path("shared.db");
    const [here, there] = [await Thermocline.open({ path }), await Thermocline.open({ path })];
    await there.upsert([plain("p")]);
    expect((await here.query({ text: "drifts" })).map(({ id }) => id)).toEqual(["p"]);
    expect(await here.count()).toBe(1);
    expect(here.stats().withoutVector).toBe(1);
    await here.delete({ ids: ["p"] });
    expect(await there.count()).toBe(0);
    await Promise.all([here.close(), there.close()]);
  });

  it("count as much as others where a function is the filter, and each is asked about once", async () => {
    const store = await files.open({ dim: DIM });
    await store.upsert(Array.from({ length: 600 }, (_, n) => plain(`p${n}`, { metadata: { n } })));
    const asked = new Set<string>();
    const hits = await store.query({
      text: "drifts",
      k: 2,
      filter: ({ id, tier }) => {
        expect(tier).toBe("none");
        expect(asked.has(id)).toBe(false);
        asked.add(id);
        return id === "p3" || id === "p599";
      },
    });
    expect(hits.map(({ id }) => id)).toEqual(["p3", "p599"]);
  });

  it.each([
    ["that has lost its mark", "UPDATE records SET plain = NULL WHERE row = 2", "record"],
    ["that has another mark", "UPDATE records SET plain = 2 WHERE row = 2", "record"],
    ["with a mark that is none", "UPDATE records SET plain = 1 WHERE row = 1", "record"],
    ["that is in a tier", "INSERT INTO hot_rows SELECT 2, bits, vector, checksum FROM hot_rows", "placement"],
    ["that is pinned", "INSERT INTO pins VALUES (2, 1)", "pin"],
    ["of a namespace that is missing", "DELETE FROM namespaces WHERE number = 2", "placement"],
  ])("are checked: one %s", async (_, sql, what) => {
    const path = files.path("damaged.db");
    const store = await Thermocline.open({ path });
    await store.upsert([{ id: "v", vector }]);
    await store.upsert([plain("p")], { namespace: "other" });
    await store.close();
    const file = database(path);
    file.exec("PRAGMA foreign_keys = OFF");
    file.exec(sql);
    file.close();
    const { problems } = await Thermocline.verify(path);
    expect(problems.map((problem) => problem.what)).toContain(what);
    await refusal(Thermocline.open({ path }), "CORRUPT");
  });

  it.each([null, undefined])("are not what a vector of %s makes", async (given) => {
    const store = await files.open({ dim: DIM });
    const record = { id: "bad", vector: given as unknown as number[], text: "x" };
    const error = await refusal(store.upsert([plain("p"), record]), "ARGUMENT");
    expect(error.message).toBe(
      `The vector of record "bad" is ${given}; give an array of numbers, or leave it out for a record without one.`,
    );
    expect(await store.count()).toBe(0);
  });
});
