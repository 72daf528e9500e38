import type { Metadata, RecordInput } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { backends, bench } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 16;

function codePoints(text: string | undefined): number[] | undefined {
  return text === undefined ? undefined : [...text].map((character) => character.codePointAt(0) ?? 0);
}

describe.each(backends)("a store %s", (backend) => {
  const { open } = bench(backend);

  it("gives back what was put in: id, namespace, text, metadata, tier and vector", async () => {
    const store = await open({ dim: DIM });
    const [record] = records(1, DIM);
    if (!record) throw new Error("unreachable");
    await store.upsert([record]);
    expect(await store.get(["r0"], { includeVectors: true })).toStrictEqual([
      {
        id: "r0",
        namespace: "default",
        text: "text 0",
        metadata: { n: 0, even: true, group: "g0" },
        tier: "hot",
        vector: record.vector,
      },
    ]);
    expect(await store.query({ vector: record.vector, k: 1 })).toMatchObject([
      { id: "r0", text: "text 0", tier: "hot" },
    ]);
  });

  it("gets records in the order of the ids asked for, undefined where there is none", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(records(3, DIM));
    const found = await store.get(["r2", "nobody", "r0", "r2"]);
    expect(found.map((record) => record?.id)).toEqual(["r2", undefined, "r0", "r2"]);
    expect(await store.get([])).toEqual([]);
  });

  it("takes the dimension from the first record", async () => {
    const store = await open();
    expect(store.stats().dim).toBeUndefined();
    expect(await store.query({ vector: [1, 2, 3] })).toEqual([]);
    expect(await store.get(["a"])).toEqual([undefined]);
    await store.upsert([{ id: "a", vector: [1, 2, 3] }]);
    expect(store.stats().dim).toBe(3);
  });

  it("takes vectors as plain arrays and as every kind of float array", async () => {
    const store = await open({ dim: 3 });
    await store.upsert([
      { id: "plain", vector: [0.5, -1, 2] },
      { id: "float32", vector: Float32Array.of(0.5, -1, 2) },
      { id: "float64", vector: Float64Array.of(0.5, -1, 2) },
      { id: "part", vector: Float32Array.of(9, 0.5, -1, 2, 9).subarray(1, 4) },
    ]);
    for (const record of await store.get(["plain", "float32", "float64", "part"], { includeVectors: true })) {
      expect(record?.vector).toEqual(Float32Array.of(0.5, -1, 2));
    }
  });

  it.each(["hot", "cold"])("replaces a %s record: the old vector, text and metadata are gone", async (tier) => {
    const store = await open({ dim: DIM });
    const before = records(40, DIM);
    await store.upsert(before);
    if (tier === "cold") await store.demote({ all: true });
    const vector = new Float32Array(DIM).fill(3);
    await store.upsert([{ id: "r7", vector, metadata: { fresh: true } }]);

    expect(await store.get(["r7"], { includeVectors: true })).toStrictEqual([
      { id: "r7", namespace: "default", metadata: { fresh: true }, tier: "hot", vector },
    ]);
    expect(await store.count()).toBe(40);
    expect(store.stats().records).toBe(40);
    const hits = await store.query({ vector: before[7]?.vector ?? [], k: 40 });
    expect(hits).toHaveLength(40);
    expect(new Set(hits.map(({ id }) => id)).size).toBe(40);
    expect(hits.find(({ id }) => id === "r7")?.score).toBeLessThan(0.99);
    expect(await store.count({ n: 7 })).toBe(0);
  });

  it("counts the last of several records with one id in a call", async () => {
    const store = await open({ dim: 2 });
    await store.upsert([
      { id: "a", vector: [1, 0], text: "first" },
      { id: "b", vector: [0, 1] },
      { id: "a", vector: [-1, 0], text: "last" },
    ]);
    expect(await store.count()).toBe(2);
    expect((await store.get(["a"], { includeVectors: true }))[0]).toMatchObject({
      text: "last",
      vector: Float32Array.of(-1, 0),
    });
  });

  it("writes nothing for an empty batch", async () => {
    const store = await open();
    await store.upsert([]);
    expect(store.stats()).toMatchObject({ dim: undefined, records: 0 });
  });

  it.each([
    ["ids", { ids: ["r1", "r3", "r3", "nobody"] }, 2],
    ["filter", { filter: { n: { $gte: 30 } } }, 10],
    ["all", { all: true } as const, 40],
  ] as const)("deletes by %s from both tiers, and a deleted id is never returned", async (_, selection, count) => {
    const store = await open({ dim: DIM });
    const all = records(40, DIM);
    await store.upsert(all);
    await store.demote({ filter: { even: true } });
    expect(await store.delete(selection)).toBe(count);

    const gone = all.filter(({ id, metadata: { n } }) =>
      "ids" in selection ? selection.ids.some((known) => known === id) : "all" in selection || n >= 30,
    );
    expect(gone).toHaveLength(count);
    expect(await store.count()).toBe(40 - count);
    expect(store.stats().records).toBe(40 - count);
    expect(await store.get(gone.map(({ id }) => id))).toEqual(gone.map(() => undefined));
    for (const { id, vector } of gone) {
      const hits = await store.query({ vector, k: 100 });
      expect(hits).toHaveLength(40 - count);
      expect(hits.map((hit) => hit.id)).not.toContain(id);
    }
    expect(await store.delete(selection)).toBe(0);
  });

  it("takes an id again after it was deleted", async () => {
    const store = await open({ dim: 2 });
    await store.upsert([{ id: "a", vector: [1, 0], text: "old" }]);
    await store.demote({ all: true });
    await store.delete({ ids: ["a"] });
    await store.upsert([{ id: "a", vector: [0, 1] }]);
    expect(await store.get(["a"])).toStrictEqual([{ id: "a", namespace: "default", metadata: {}, tier: "hot" }]);
  });

  it("keeps namespaces apart in every call", async () => {
    const store = await open({ dim: 2 });
    const [one, other] = [{ namespace: "one" }, { namespace: "__proto__" }];
    await store.upsert([{ id: "a", vector: [1, 0], text: "one" }], one);
    await store.upsert(
      [
        { id: "a", vector: [0, 1], text: "other" },
        { id: "b", vector: [1, 0] },
      ],
      other,
    );
    expect(store.stats()).toMatchObject({ records: 3, namespaces: 2 });
    expect([await store.count(), await store.count({}, one), await store.count({}, other)]).toEqual([0, 1, 2]);
    expect((await store.query({ vector: [1, 0], ...one })).map(({ id, text }) => [id, text])).toEqual([["a", "one"]]);
    expect((await store.query({ vector: [1, 0], ...other })).map(({ id }) => id)).toEqual(["b", "a"]);
    expect(await store.get(["b"], one)).toEqual([undefined]);
    expect(await store.demote({ ids: ["a", "b"] }, one)).toBe(1);
    expect((await store.get(["a"], other))[0]?.tier).toBe("hot");
    expect(await store.delete({ all: true }, other)).toBe(2);
    expect(await store.delete({ all: true }, { namespace: "nowhere" })).toBe(0);
    expect((await store.get(["a"], one))[0]).toMatchObject({ text: "one", namespace: "one", tier: "cold" });
  });

  it.each([
    ["nothing", undefined],
    ["an empty string", ""],
    ["U+0000", "\0"],
    ["U+0000 inside", "a\0b\0"],
    ["emoji and other scripts", "😀 👩‍👩‍👧 Ωδέ 漢字 \u{10ffff}"],
    ["a byte order mark", "\ufeffa"],
    ["a byte order mark and U+0000", "\ufeffa\0b"],
    ["what looks like SQL", `'; DROP TABLE records; --"`],
    ["a hundred thousand characters", "é€😀x".repeat(25_000)],
  ])("returns text that is %s exactly", async (_, text) => {
    const store = await open({ dim: 2 });
    await store.upsert([{ id: "a", vector: [1, 0], text }]);
    expect(codePoints((await store.get(["a"]))[0]?.text)).toEqual(codePoints(text));
    await store.demote({ all: true });
    expect(codePoints((await store.query({ vector: [1, 0] }))[0]?.text)).toEqual(codePoints(text));
  });

  it.each(["😀", " ", "a/b:c", "null", "constructor", "é".repeat(500), "\ufeffid"])("takes %j as an id", async (id) => {
    const store = await open({ dim: 2 });
    await store.upsert([{ id, vector: [1, 0] }]);
    expect((await store.get([id]))[0]?.id).toBe(id);
    expect((await store.query({ vector: [1, 0] }))[0]?.id).toBe(id);
    expect(await store.delete({ ids: [id] })).toBe(1);
  });

  it.each<[string, string]>([
    ["nested values", `{"a":{"b":[1,[2,{"c":null}],"x"]},"d":{},"e":[]}`],
    ["every scalar", `{"t":true,"f":false,"z":null,"n":0,"s":""}`],
    ["numbers to the last bit", `{"a":9007199254740993,"b":1e308,"c":5e-324,"d":0.1,"e":-1.5e-7,"f":123456789012}`],
    ["odd keys", `{"":1," ":2,"a.b":3,"$gt":4,"__proto__":{"x":1},"constructor":5,"toString":6,"😀":7}`],
    ["odd strings", `{"a":"\\u0000","b":"\\ud800","c":"\\ufeff","d":"😀"}`],
  ])("returns metadata with %s exactly", async (_, json) => {
    const store = await open({ dim: 2 });
    const metadata = JSON.parse(json) as Metadata;
    await store.upsert([{ id: "a", vector: [1, 0], metadata }]);
    const [record] = await store.get(["a"]);
    expect(record?.metadata).toStrictEqual(metadata);
    expect(JSON.stringify(record?.metadata)).toBe(JSON.stringify(metadata));
    expect(Object.getPrototypeOf(record?.metadata)).toBe(Object.prototype);
    const [hit] = await store.query({ vector: [1, 0] });
    expect(JSON.stringify(hit?.metadata)).toBe(JSON.stringify(metadata));
  });

  it("keeps nothing of the objects it was given", async () => {
    const store = await open({ dim: 2 });
    const record = { id: "a", vector: Float32Array.of(1, 0), metadata: { tags: ["x"] } } satisfies RecordInput;
    const written = store.upsert([record]);
    await written;
    record.vector.fill(7);
    record.metadata.tags.push("y");
    const [kept] = await store.get(["a"], { includeVectors: true });
    expect(kept).toMatchObject({ vector: Float32Array.of(1, 0), metadata: { tags: ["x"] } });
    kept?.vector?.fill(9);
    expect((await store.get(["a"], { includeVectors: true }))[0]?.vector).toEqual(Float32Array.of(1, 0));
  });

  it("says in its stats what it holds", async () => {
    const store = await open({ dim: DIM, metric: "dot", hot: { capacity: 500 }, cold: { bytes: 24 } });
    expect(store.stats()).toMatchObject({ records: 0, namespaces: 0, codebook: undefined, demotions: 0 });
    await store.upsert(vectors(30, DIM).map((vector, i) => ({ id: `${i}`, vector })));
    await store.demote({ ids: ["3", "4"] });
    const stats = store.stats();
    expect(stats).toMatchObject({
      dim: DIM,
      metric: "dot",
      records: 30,
      namespaces: 1,
      hot: { rows: 28, capacity: 500 },
      cold: { rows: 2, codec: "eigen", bytesPerRow: 24 },
      originals: "float16",
      codebook: { sampleRows: 30 },
      demotions: 2,
      kernel: { backend: process.env.THERMOCLINE_KERNEL === "wasm" ? "wasm" : "native" },
    });
    expect(stats.hot.ramBytes).toBeGreaterThanOrEqual(28 * DIM * 4);
    expect(stats.cold.ramBytes).toBeGreaterThanOrEqual(2 * 24);
    expect(stats.codebook?.bytes).toBeGreaterThan(0);
    expect(stats.diskBytes).toBeGreaterThan(0);
  });
});
