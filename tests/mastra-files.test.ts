import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { refusal, vectorStores } from "./support/mastra-stores.js";

const stores = vectorStores();
const ids = ["a", "b", "c"];
const three = {
  ids,
  vectors: [
    [1, 0.25, 0],
    [0.5, 1, 0],
    [0, 0.125, 1],
  ],
  metadata: ids.map((name, n) => ({ name, n })),
};
const query = { indexName: "docs", queryVector: [0.3, 0.2, 0.1], topK: 5, includeVector: true };

describe("a folder of indexes", () => {
  it("gives the same answers, to the bit, when it is opened again", async () => {
    const path = stores.folder();
    const first = stores.open({ path });
    for (const metric of ["cosine", "euclidean", "dotproduct"] as const) {
      await first.createIndex({ indexName: metric, dimension: 3, metric });
      await first.upsert({ indexName: metric, ...three });
      await first.deleteVector({ indexName: metric, id: "b" });
      await first.updateVector({ indexName: metric, id: "c", update: { metadata: { changed: true } } });
    }
    const answers = (vectors: typeof first) =>
      Promise.all(
        ["cosine", "euclidean", "dotproduct"].map(async (indexName) => [
          await vectors.describeIndex({ indexName }),
          await vectors.query({ ...query, indexName }),
        ]),
      );
    const before = await answers(first);
    await first.close();
    const again = stores.open({ path });
    expect((await again.listIndexes()).sort()).toEqual(["cosine", "dotproduct", "euclidean"]);
    expect(await answers(again)).toEqual(before);
  });

  it("keeps the settings of an index that holds nothing", async () => {
    const path = stores.folder();
    const first = stores.open({ path });
    await first.createIndex({ indexName: "empty", dimension: 7, metric: "euclidean" });
    await first.close();
    const again = stores.open({ path });
    expect(await again.describeIndex({ indexName: "empty" })).toEqual({ dimension: 7, count: 0, metric: "euclidean" });
    await again.createIndex({ indexName: "empty", dimension: 7, metric: "euclidean" });
    await expect(again.createIndex({ indexName: "empty", dimension: 8 })).rejects.toThrow(/7 dimensions, but 8/);
  });

  it("keeps any two names apart, whatever is in them, and inside the folder", async () => {
    const names = [
      "docs",
      "Docs",
      "a/b",
      "a\\b",
      "..",
      "../up",
      ".",
      "con",
      "a b",
      "a%20b",
      "ä",
      "a\u0308",
      "😀",
      "a\0b",
      '*?:|<>"',
    ];
    const path = stores.folder();
    const first = stores.open({ path });
    for (const [n, indexName] of names.entries()) await first.createIndex({ indexName, dimension: n + 1 });
    await first.close();
    // Emptied logs stay beside.
    const files = readdirSync(path).filter((file) => !/-(wal|shm)$/.test(file));
    expect(new Set(files.map((file) => file.toLowerCase())).size).toBe(names.length);
    expect(files.filter((file) => !/^index-[a-z0-9_%-]+\.db$/.test(file))).toEqual([]);
    expect(readdirSync(join(path, ".."))).toEqual(["vectors"]);
    const again = stores.open({ path });
    expect((await again.listIndexes()).sort()).toEqual([...names].sort());
    for (const [n, indexName] of names.entries()) {
      expect((await again.describeIndex({ indexName })).dimension).toBe(n + 1);
    }
  });

  it("leaves other files alone", async () => {
    const path = stores.folder();
    mkdirSync(path, { recursive: true });
    const others = ["index-%4.db", "index-%41.txt", "index-.db", "index-A.db", "notes.txt", "x.new"];
    for (const name of others) writeFileSync(join(path, name), "mine");
    const vectors = stores.open({ path });
    expect(await vectors.listIndexes()).toEqual([]);
    await vectors.createIndex({ indexName: "A", dimension: 2 });
    expect(await vectors.listIndexes()).toEqual(["A"]);
    await vectors.deleteIndex({ indexName: "A" });
    expect(readdirSync(path).sort()).toEqual(others);
  });

  it("deletes an index with all that belongs to it", async () => {
    const path = stores.folder();
    const vectors = stores.open({ path });
    await vectors.createIndex({ indexName: "docs", dimension: 3 });
    await vectors.upsert({ indexName: "docs", ...three });
    await vectors.deleteIndex({ indexName: "docs" });
    expect(readdirSync(path)).toEqual([]);
  });

  it("makes nothing before an index is made", async () => {
    const path = stores.folder();
    const vectors = stores.open({ path });
    expect(await vectors.listIndexes()).toEqual([]);
    await refusal(vectors.query(query), "ARGUMENT", /no index "docs"/);
    await vectors.deleteIndex({ indexName: "docs" });
    expect(existsSync(path)).toBe(false);
  });

  it("makes an index once, however many ask for it at once", async () => {
    const path = stores.folder();
    const several = Array.from({ length: 4 }, () => stores.open({ path }));
    const make = { indexName: "docs", dimension: 3 };
    await Promise.all(several.flatMap((vectors) => [vectors.createIndex(make), vectors.createIndex(make)]));
    await Promise.all(
      several.map((vectors, n) => vectors.upsert({ indexName: "docs", ids: [`${n}`], vectors: [[n, 1, 0]] })),
    );
    for (const vectors of several) expect((await vectors.describeIndex(make)).count).toBe(4);
    expect(readdirSync(path).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  it("lets one of two win that make an index with different settings at once", async () => {
    const path = stores.folder();
    const [one, other] = [stores.open({ path }), stores.open({ path })];
    const made = await Promise.allSettled([
      one.createIndex({ indexName: "docs", dimension: 3 }),
      other.createIndex({ indexName: "docs", dimension: 4 }),
    ]);
    expect(made.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const dimension = made[0]?.status === "fulfilled" ? 3 : 4;
    for (const vectors of [one, other]) {
      expect(await vectors.describeIndex({ indexName: "docs" })).toMatchObject({ dimension });
    }
  });

  it("serves calls that come at once, in the order in which they write", async () => {
    const vectors = stores.open({ path: stores.folder() });
    await Promise.all([
      vectors.createIndex({ indexName: "docs", dimension: 3 }),
      vectors.upsert({ indexName: "docs", ...three }),
      vectors.updateVector({ indexName: "docs", filter: { n: { $gte: 1 } }, update: { metadata: { n: 9 } } }),
      vectors.upsert({ indexName: "docs", ids: ["d"], vectors: [[1, 1, 1]], deleteFilter: { n: 9 } }),
      vectors.deleteVectors({ indexName: "docs", ids: ["a"] }),
    ]);
    expect((await vectors.query(query)).map(({ id }) => id)).toEqual(["d"]);
  });

  it("deletes and makes an index anew while others ask for it, and none finds anything half done", async () => {
    const vectors = stores.open({ path: stores.folder() });
    await vectors.createIndex({ indexName: "docs", dimension: 3 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, async (_, n) => {
        if (n % 3 === 0) return vectors.deleteIndex({ indexName: "docs" });
        if (n % 3 === 1) return vectors.createIndex({ indexName: "docs", dimension: 3 });
        return vectors.upsert({ indexName: "docs", vectors: [[n, 1, 0]] });
      }),
    );
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason.cause.code).toMatch(/^(ARGUMENT|CLOSED)$/);
    }
    await vectors.deleteIndex({ indexName: "docs" });
    expect(await vectors.listIndexes()).toEqual([]);
  });

  it("says of a file that is no index what is wrong with it", async () => {
    const path = stores.folder();
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, "index-docs.db"), "this is no database, and long enough to be told from one".repeat(20));
    const vectors = stores.open({ path });
    expect(await refusal(vectors.query(query), "FORMAT")).toMatchObject({ category: "SYSTEM" });
    await vectors.deleteIndex({ indexName: "docs" });
    await vectors.createIndex({ indexName: "docs", dimension: 3 });
    expect(await vectors.query(query)).toEqual([]);
  });

  it("reads only, where it is told to", async () => {
    const path = stores.folder();
    const writer = stores.open({ path });
    await writer.createIndex({ indexName: "docs", dimension: 3 });
    await writer.upsert({ indexName: "docs", ...three });
    const before = await writer.query(query);
    await writer.close();
    const reader = stores.open({ path, readOnly: true });
    expect(await reader.query(query)).toEqual(before);
    await reader.createIndex({ indexName: "docs", dimension: 3 });
    await refusal(reader.createIndex({ indexName: "new", dimension: 3 }), "UNSUPPORTED");
    await refusal(reader.deleteIndex({ indexName: "docs" }), "UNSUPPORTED");
    await refusal(reader.upsert({ indexName: "docs", ...three }), "UNSUPPORTED");
    expect(await reader.query(query)).toEqual(before);
  });

  it("holds each index in a store that Thermocline opens by itself", async () => {
    const path = stores.folder();
    const vectors = stores.open({ path, originals: "float32", hot: { capacity: 1 } });
    await vectors.createIndex({ indexName: "docs", dimension: 3 });
    await vectors.upsert({ indexName: "docs", ...three });
    await vectors.close();
    expect(statSync(join(path, "index-docs.db")).isFile()).toBe(true);
    await using store = await Thermocline.open({ path: join(path, "index-docs.db") });
    expect(store.stats()).toMatchObject({ dim: 3, originals: "float32", records: 3 });
  });

  it("updates metadata of rows that are cold", async () => {
    const vectors = stores.open({ path: stores.folder() });
    await vectors.createIndex({ indexName: "docs", dimension: 8 });
    const rows = Array.from({ length: 600 }, (_, i) => Array.from({ length: 8 }, (_, j) => Math.sin(i * 7 + j * j)));
    await vectors.upsert({
      indexName: "docs",
      ids: rows.map((_, i) => `${i}`),
      vectors: rows,
      metadata: rows.map((_, n) => ({ n })),
    });
    const store = await vectors.thermocline("docs");
    await store.demote({ all: true });
    expect(store.stats().cold.rows).toBe(600);
    await vectors.updateVector({ indexName: "docs", filter: { n: { $lt: 3 } }, update: { metadata: { seen: true } } });
    const [best] = await vectors.query({ indexName: "docs", queryVector: rows[2] ?? [], topK: 1, includeVector: true });
    expect(best).toMatchObject({ id: "2", metadata: { seen: true } });
    // Its original is kept as half floats.
    for (const [j, component] of rows[2]?.entries() ?? []) expect(best?.vector?.[j]).toBeCloseTo(component, 2);
    expect(store.stats()).toMatchObject({ records: 600, hot: { rows: 3 } });
  });
});
