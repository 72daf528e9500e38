import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import { ThermoclineStore, type ThermoclineStoreConfig, type TTLConfig } from "@thermocline/langchain/langgraph";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const embeddings = new WordEmbeddings();
const START = 1_700_000_000_000;

let folder = "";
let store = new ThermoclineStore();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "thermocline-langgraph-ttl-"));
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(async () => {
  await store.stop();
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const open = (ttl?: TTLConfig, more: ThermoclineStoreConfig = {}) => {
  store = new ThermoclineStore({ index: { dims: 96, embeddings, fields: ["text"] }, ...(ttl && { ttl }), ...more });
};
const pass = (minutes: number) => vi.setSystemTime(Date.now() + minutes * 60_000);
const keys = (items: readonly { readonly key: string }[]) => items.map(({ key }) => key);
const there = async (key = "k") => (await store.get(["n"], key)) !== null;

describe("an item", () => {
  it("is not found any more when its time is over, by key, filter, query or namespace", async () => {
    open({ defaultTtl: 10, refreshOnRead: false });
    await store.put(["n"], "k", { text: "red apple" });
    pass(9.99);
    expect(await there()).toBe(true);
    expect(await store.search(["n"])).toHaveLength(1);
    expect(await store.search(["n"], { query: "red" })).toHaveLength(1);
    pass(0.02);
    expect(await there()).toBe(false);
    expect(await store.search(["n"])).toEqual([]);
    expect(await store.search(["n"], { query: "red" })).toEqual([]);
    expect(await store.listNamespaces()).toEqual([]);
  });

  it("lasts as long as its put says, else as the store says, else for ever", async () => {
    open({ defaultTtl: 10, refreshOnRead: false });
    await store.put(["n"], "short", { text: "a" }, undefined, { ttl: 1 });
    await store.put(["n"], "default", { text: "a" });
    await store.put(["n"], "long", { text: "a" }, false, { ttl: 100 });
    pass(5);
    expect(keys(await store.search(["n"]))).toEqual(["default", "long"]);
    pass(10);
    expect(keys(await store.search(["n"]))).toEqual(["long"]);
    await store.stop();
    open();
    await store.put(["n"], "ever", { text: "a" });
    pass(10_000_000);
    expect(await there("ever")).toBe(true);
  });

  it("is new when it is put after its time, and none of its old texts matches", async () => {
    open({ defaultTtl: 10 });
    await store.put(["n"], "k", { text: "red apple" });
    const first = await store.get(["n"], "k");
    pass(11);
    await store.put(["n"], "k", { text: "blue whale" });
    expect((await store.get(["n"], "k"))?.createdAt.getTime()).toBeGreaterThan(first?.createdAt.getTime() ?? 0);
    const [found, ...others] = await store.search(["n"], { query: "red apple" });
    expect(found?.score).toBeLessThan(0.3);
    expect(others).toEqual([]);
  });

  it("lasts longer by another put", async () => {
    open({ defaultTtl: 10, refreshOnRead: false });
    for (let n = 0; n < 4; n++) {
      await store.put(["n"], "k", { text: "red", n });
      pass(8);
      expect(await there()).toBe(true);
    }
    expect(await store.search(["n"], { query: "red" })).toHaveLength(1);
  });

  it("does not hide others that rank below it when it is gone", async () => {
    open({ defaultTtl: 10, refreshOnRead: false });
    for (let i = 0; i < 30; i++) await store.put(["n"], `gone${i}`, { text: "red apple" });
    await store.put(["n"], "stays", { text: "one red thing among many others" }, undefined, { ttl: 100 });
    pass(11);
    expect(keys(await store.search(["n"], { query: "red apple", limit: 2 }))).toEqual(["stays"]);
  });
});

describe("reading", () => {
  it.each(["get", "search", "query"])("by %s lets an item last anew, as often as it is read", async (way) => {
    open({ defaultTtl: 10 });
    await store.put(["n"], "k", { text: "red apple" });
    const read = async () => {
      if (way === "get") return await there();
      return (await store.search(["n"], way === "query" ? { query: "red apple" } : {})).length === 1;
    };
    for (let i = 0; i < 12; i++) {
      pass(7);
      expect(await read()).toBe(true);
      // Its texts last, too.
      expect((await store.search(["n"], { query: "red apple", offset: 1 })).length).toBe(0);
    }
    const item = await store.get(["n"], "k");
    expect(item).toMatchObject({
      createdAt: new Date(START),
      updatedAt: new Date(START),
      value: { text: "red apple" },
    });
    pass(9);
    const [found] = await store.search(["n"], { query: "red apple" });
    expect(found?.score).toBeCloseTo(1, 5);
    pass(11);
    expect(await there()).toBe(false);
    expect(await store.search(["n"], { query: "red apple" })).toEqual([]);
  });

  it("counts for the items that it returns only", async () => {
    open({ defaultTtl: 10 });
    await store.put(["n"], "a", { text: "red", n: 1 });
    await store.put(["n"], "b", { text: "blue", n: 2 });
    pass(8);
    await store.search(["n"], { filter: { n: 1 } });
    pass(8);
    expect(keys(await store.search(["n"]))).toEqual(["a"]);
  });

  it("in a batch counts as well", async () => {
    open({ defaultTtl: 10 });
    await store.put(["n"], "a", { text: "red" });
    pass(8);
    await store.batch([
      { namespace: ["n"], key: "b", value: { text: "b" } },
      { namespace: ["n"], key: "a" },
    ]);
    pass(8);
    expect(await there("a")).toBe(true);
  });

  it("leaves pages as they were", async () => {
    open({ defaultTtl: 10 });
    for (let i = 0; i < 25; i++) await store.put(["n"], `${i}`, { text: "red", i });
    const seen: string[] = [];
    for (let offset = 0; offset < 25; offset += 5) {
      pass(1);
      seen.push(...keys(await store.search(["n"], { limit: 5, offset })));
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `${i}`));
  });

  it("does not write where the file is not to be written to", async () => {
    const path = join(folder, "store.db");
    open({ defaultTtl: 10 }, { path });
    await store.put(["n"], "k", { text: "red" });
    await store.stop();
    await copyFile(path, join(folder, "copy.db"));
    open({ defaultTtl: 10 }, { path: join(folder, "copy.db"), readOnly: true });
    pass(8);
    expect(await there()).toBe(true);
    expect(await store.search(["n"], { query: "red" })).toHaveLength(1);
    pass(8);
    expect(await there()).toBe(false);
  });
});

describe("sweeping", () => {
  it("deletes what is over, with its texts, and leaves the rest", async () => {
    open({ defaultTtl: 10, refreshOnRead: false, sweepIntervalMinutes: 10_000 });
    for (let i = 0; i < 5; i++) await store.put(["n"], `${i}`, { text: "red" });
    await store.put(["n"], "stays", { text: "red" }, undefined, { ttl: 1_000 });
    const core = await store.thermocline();
    expect(core.stats().records).toBe(12);
    pass(11);
    expect(await store.sweepExpiredItems()).toBe(5);
    pass(10);
    expect(await store.sweepExpiredItems()).toBe(5);
    expect(core.stats().records).toBe(2);
    expect(keys(await store.search(["n"], { query: "red" }))).toEqual(["stays"]);
  });

  it("is left to a store that is lent", async () => {
    const core = await Thermocline.open({ sweepInterval: Number.POSITIVE_INFINITY });
    store = ThermoclineStore.fromExistingStore(core, { ttl: { defaultTtl: 1 } });
    await store.put(["n"], "k", { text: "red" });
    pass(2);
    expect(core.stats().records).toBe(1);
    expect(await core.sweep()).toBe(1);
    await store.stop();
    await core.close();
  });
});
