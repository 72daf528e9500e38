import { Thermocline } from "@thermocline/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backends, bench, refusal } from "./support/stores.js";

const START = Date.UTC(2024, 0, 1);

/** A direction of its own for each number below 8. */
function vector(n: number): number[] {
  return Array.from({ length: 8 }, (_, i) => (i === n ? 1 : 0.1));
}

async function ids(records: AsyncIterable<{ id: string }> | Promise<{ id: string }[]>): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of Symbol.asyncIterator in records ? records : await records) found.push(id);
  return found;
}

describe.each(backends)("expiring records, %s", (backend) => {
  const { open, path } = bench(backend);
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: START });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("no query by words finds a record that has expired, and no index of words has one that was swept", async () => {
    const store = await open({ sweepInterval: Number.POSITIVE_INFINITY });
    await store.upsert([
      { id: "kept", vector: vector(0), text: "salt", metadata: { x: 1 } },
      { id: "gone", vector: vector(1), text: "salt salt", metadata: { x: 1 }, expiresAt: START + 100 },
    ]);
    const found = async () => {
      const all: string[][] = [];
      for (const filter of [undefined, { x: 1 }, () => true]) {
        all.push(await ids(store.query({ text: "salt", filter })));
        all.push(await ids(store.query({ text: "salt", vector: vector(1), filter })));
      }
      return all;
    };
    expect(await found()).toEqual(new Array(6).fill(["gone", "kept"]));
    vi.setSystemTime(START + 100);
    expect(await found()).toEqual(new Array(6).fill(["kept"]));
    expect(await store.sweep()).toBe(1);
    vi.setSystemTime(START);
    expect(await found()).toEqual(new Array(6).fill(["kept"]));
    expect(await store.indexTexts()).toBe(1);
  });

  it("a record is found until the moment it expires, and by no call from then on", async () => {
    const store = await open({ sweepInterval: Number.POSITIVE_INFINITY });
    await store.upsert([
      { id: "a", vector: vector(0), expiresAt: START + 100, metadata: { x: 1 } },
      { id: "b", vector: vector(1), expiresAt: new Date(START + 200), metadata: { x: 1 } },
      { id: "c", vector: vector(2), metadata: { x: 1 } },
    ]);
    const seen: unknown[] = [];
    const all = async () => ({
      query: await ids(store.query({ vector: vector(0) })),
      filtered: await ids(store.query({ vector: vector(0), filter: { x: 1 } })),
      asked: await ids(store.query({ vector: vector(0), filter: ({ id }) => seen.push(id) > 0 })),
      batch: (await store.queryBatch({ vectors: [vector(0)] }))[0]?.map(({ id }) => id),
      page: await ids(store.queryPage({ vector: vector(0) }).then(({ hits }) => [...hits])),
      list: await ids(store.list()),
      listed: await ids(store.list({ filter: { x: 1 } })),
      get: (await store.get(["a", "b", "c"])).flatMap((record) => record?.id ?? []),
      count: await store.count(),
      counted: await store.count({ x: 1 }),
    });
    const found = (...expected: string[]) => ({
      ...Object.fromEntries(
        ["query", "filtered", "asked", "batch", "page", "list", "listed", "get"].map((call) => [call, expected]),
      ),
      count: expected.length,
      counted: expected.length,
    });
    vi.setSystemTime(START + 99);
    expect(await all()).toEqual(found("a", "b", "c"));
    vi.setSystemTime(START + 100);
    seen.length = 0;
    expect(await all()).toEqual(found("b", "c"));
    expect(seen).not.toContain("a");
    vi.setSystemTime(START + 200);
    expect(await all()).toEqual(found("c"));
    expect(store.stats().records).toBe(3);
    expect(await store.sweep()).toBe(2);
    expect(store.stats().records).toBe(1);
    expect(await all()).toEqual(found("c"));
    expect(await store.sweep()).toBe(0);
  });

  it("expired records take nobody's place among the k hits", async () => {
    const store = await open({ hot: { capacity: 0 } });
    await store.upsert(
      Array.from({ length: 60 }, (_, i) => ({
        id: `${i}`,
        vector: vector(0),
        ...(i < 50 && { expiresAt: START + 1 }),
      })),
    );
    vi.setSystemTime(START + 1);
    expect(await ids(store.query({ vector: vector(0), k: 10 }))).toEqual(
      Array.from({ length: 10 }, (_, i) => `${50 + i}`),
    );
  });

  it("a record's own time comes before the ttl of the call, and both are given back", async () => {
    const store = await open();
    await store.upsert(
      [
        { id: "a", vector: vector(0) },
        { id: "b", vector: vector(1), expiresAt: START + 10 },
      ],
      { ttl: 1_000 },
    );
    const times = (await store.get(["a", "b"])).map((record) => record?.expiresAt);
    expect(times).toEqual([START + 1_000, START + 10]);
    expect((await store.query({ vector: vector(1), k: 1 }))[0]).toHaveProperty("expiresAt", START + 10);
    await store.upsert([{ id: "b", vector: vector(1) }]);
    expect((await store.get(["b"]))[0]).not.toHaveProperty("expiresAt");
  });

  it("a record whose time has passed is not written, and what had its id is gone", async () => {
    const store = await open();
    await store.upsert([{ id: "a", vector: vector(0) }]);
    await store.upsert([{ id: "a", vector: vector(1), expiresAt: START }]);
    expect(await store.get(["a"])).toEqual([undefined]);
    expect(store.stats().records).toBe(0);
  });

  it("where the clock is put back, what is not swept is found again", async () => {
    const store = await open({ sweepInterval: Number.POSITIVE_INFINITY });
    await store.upsert([{ id: "a", vector: vector(0), expiresAt: START + 100 }]);
    await store.upsert([{ id: "b", vector: vector(0), expiresAt: START + 300 }]);
    vi.setSystemTime(START + 200);
    expect(await ids(store.query({ vector: vector(0) }))).toEqual(["b"]);
    vi.setSystemTime(START + 50);
    expect(await ids(store.query({ vector: vector(0) }))).toEqual(["a", "b"]);
    vi.setSystemTime(START + 100);
    expect(await ids(store.query({ vector: vector(0) }))).toEqual(["b"]);
  });

  it("a sweep deletes from both tiers and all namespaces, more than one batch", async () => {
    const store = await open();
    const records = Array.from({ length: 700 }, (_, i) => ({
      id: `${i}`,
      vector: vector(i % 8),
      ...(i % 7 > 0 && { expiresAt: START + i }),
    }));
    await store.upsert(records);
    await store.copyNamespace("default", "copy");
    await store.demote({ filter: {} });
    await store.upsert([{ id: "hot", vector: vector(3), expiresAt: START + 1 }]);
    vi.setSystemTime(START + 700);
    expect(await store.sweep()).toBe(1_201);
    expect(store.stats()).toMatchObject({ records: 200, hot: { rows: 100 }, cold: { rows: 100 } });
    expect(await store.count(undefined, { namespace: "copy" })).toBe(100);
    await store.dropNamespace("copy");
    expect(await ids(store.query({ vector: vector(3), k: 1_000 }))).toHaveLength(100);
  });

  it("the background sweeps by itself", async () => {
    vi.useRealTimers();
    const store = await open({ sweepInterval: 5 });
    await store.upsert([
      { id: "a", vector: vector(0) },
      { id: "b", vector: vector(0), expiresAt: Date.now() + 20 },
    ]);
    await vi.waitFor(() => expect(store.stats().records).toBe(1), { timeout: 10_000 });
    await store.upsert([{ id: "b", vector: vector(0) }], { ttl: 20 });
    await vi.waitFor(() => expect(store.stats().records).toBe(1), { timeout: 10_000 });
  });

  it("refuses times that are none", async () => {
    const store = await open();
    const one = { id: "a", vector: vector(0) };
    for (const expiresAt of [Number.NaN, 1e300, "2024-01-01", new Date(Number.NaN)]) {
      await refusal(store.upsert([{ ...one, expiresAt: expiresAt as number }]), "ARGUMENT", /expiresAt of record "a"/);
    }
    for (const ttl of [0, -1, Number.NaN, "1"])
      await refusal(store.upsert([one], { ttl: ttl as number }), "ARGUMENT", /ttl is/);
    await refusal(open({ sweepInterval: 0 }), "ARGUMENT", /sweepInterval/);
    await refusal(store.sweep({ every: 1 } as never), "ARGUMENT", /Unknown option/);
    expect(store.stats().records).toBe(0);
  });

  if (backend === "on file") {
    it("times outlive the store that took them, and other openings of the file heed them", async () => {
      const file = path();
      const options = { path: file, sweepInterval: Number.POSITIVE_INFINITY };
      const first = await open(options);
      await first.upsert([{ id: "a", vector: vector(0) }]);
      const second = await Thermocline.open(options);
      await first.upsert([{ id: "b", vector: vector(0), expiresAt: START + 100 }]);
      expect((await second.get(["b"]))[0]?.expiresAt).toBe(START + 100);
      await first.close();
      vi.setSystemTime(START + 100);
      expect(await ids(second.query({ vector: vector(0) }))).toEqual(["a"]);
      await second.close();
      const third = await open(options);
      expect(await ids(third.query({ vector: vector(0) }))).toEqual(["a"]);
      expect(await third.sweep()).toBe(1);
    });
  }
});
