import type { Progress } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { backends, bench, contents, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";
import { turnsDuring } from "./support/turns.js";

const DIM = 8;

describe.each(backends)("overlapping calls %s", (backend) => {
  const { open } = bench(backend);
  const one = { dim: DIM, cold: { bytes: 4 } };

  it("keep every write of fifty upserts, queries, deletes and moves", async () => {
    const store = await open(one);
    const all = records(500, DIM);
    await store.upsert(all.slice(0, 10));
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 50; i++) {
      calls.push(store.upsert(all.slice(10 * i, 10 * i + 10)));
      calls.push(store.query({ vector: all[i]?.vector ?? [], k: 5 }));
      if (i % 5 === 4) calls.push(store.delete({ ids: [`r${10 * i}`] }));
      if (i % 10 === 9) calls.push(store.demote({ filter: { group: "g1" } }));
      if (i === 25) calls.push(store.calibrate());
    }
    await Promise.all(calls);
    expect(await store.count()).toBe(490);
    expect(store.stats().records).toBe(490);
    const hits = await store.query({ vector: all[0]?.vector ?? [], k: 500 });
    expect(new Set(hits.map(({ id }) => id)).size).toBe(490);
    for (const { id, tier } of hits) expect((await store.get([id]))[0]?.tier).toBe(tier);
  });

  it("write one after the other: of the same id the last call counts", async () => {
    const store = await open(one);
    const texts = Array.from({ length: 30 }, (_, i) => `${i}`);
    await Promise.all(texts.map((text) => store.upsert([{ id: "a", vector: vectors(1, DIM)[0] ?? [], text }])));
    expect(await store.count()).toBe(1);
    expect((await store.get(["a"]))[0]?.text).toBe("29");
  });

  it("write in the order of the calls, however long a batch takes to check", async () => {
    const store = await open(one);
    const long = store.upsert(records(5_000, DIM));
    const replaced = store.upsert([{ id: "r7", vector: vectors(1, DIM)[0] ?? [], text: "later" }]);
    const deleted = store.delete({ ids: ["r8"] });
    await Promise.all([long, replaced]);
    expect(await deleted).toBe(1);
    expect((await store.get(["r7"]))[0]?.text).toBe("later");
    expect(await store.count()).toBe(4_999);
  });

  it("see the last finished write while a long one is under way, and never a part of it", async () => {
    const store = await open(one);
    await store.upsert(records(100, DIM).map((record) => ({ ...record, text: "old" })));
    const writing = store.upsert(records(6_000, DIM, 2).map((record) => ({ ...record, text: "new" })));
    const ids = records(100, DIM).map(({ id }) => id);
    let done = false;
    const ended = writing.then(() => {
      done = true;
    });
    while (!done) {
      const hits = await store.query({ vector: [1, 0, 0, 0, 0, 0, 0, 0], k: 10_000 });
      expect([100, 6_000]).toContain(hits.length);
      expect(new Set(hits.map(({ text }) => text)).size).toBe(1);
      expect(new Set((await store.get(ids)).map((record) => record?.text)).size).toBe(1);
      expect([100, 6_000]).toContain(await store.count());
      expect(await store.count({ n: { $lt: 40 } })).toBe(40);
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
    }
    await ended;
    expect(await store.query({ vector: [1, 0, 0, 0, 0, 0, 0, 0], k: 10_000 })).toHaveLength(6_000);
  });

  it("see records that a write under way replaces until it has ended, even if it fails", async () => {
    const store = await open(one);
    const all = records(3_000, DIM);
    await store.upsert(all);
    const ids = all.map(({ id }) => id);
    const before = await contents(store, ids);
    const abort = new AbortController();
    const writing = refusal(
      store.upsert(records(3_000, DIM, 2), {
        signal: abort.signal,
        onProgress: ({ done }) => {
          if (done > 1_000) abort.abort();
        },
      }),
      "ABORTED",
      /nothing was changed/,
    );
    const seen = [];
    for (let i = 0; i < 20; i++) {
      seen.push(store.query({ vector: [1, 0, 0, 0, 0, 0, 0, 0], k: 5_000 }));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    for (const hits of await Promise.all(seen)) expect(hits).toHaveLength(3_000);
    await writing;
    expect(await contents(store, ids)).toStrictEqual(before);
  });

  it("answer from before or after a write that began after them, and not from between", async () => {
    // More than is searched at once, on the caller's thread.
    const store = await open({ dim: 64, originals: "none" });
    const all = records(5_000, 64);
    await store.upsert(all);
    for (let i = 0; i < 3; i++) {
      const asked = store.query({ vector: all[0]?.vector ?? [], k: 6_000 });
      const deleting = store.delete({ all: true });
      expect([0, 5_000]).toContain((await asked).length);
      await deleting;
      await store.upsert(records(5_000, 64, i + 2));
    }
  });

  it("let a row be deleted or replaced while it is moved down", async () => {
    const store = await open({ ...one, originals: "none" });
    await store.upsert(records(5_000, DIM));
    const moving = store.demote({ all: true });
    const deleting = store.delete({ filter: { group: "g2" } });
    const replacing = store.upsert(records(400, DIM, 9).filter(({ metadata }) => metadata.group === "g3"));
    const [moved, deleted] = await Promise.all([moving, deleting, replacing]);
    expect(deleted).toBe(1_000);
    expect(moved).toBeGreaterThan(0);
    expect(await store.count()).toBe(4_000);
    const { hot, cold } = store.stats();
    expect(hot.rows + cold.rows).toBe(4_000);
    const hits = await store.query({ vector: [1, 0, 0, 0, 0, 0, 0, 0], k: 6_000 });
    expect(new Set(hits.map(({ id }) => id)).size).toBe(4_000);
    expect(hits.filter(({ tier }) => tier === "cold")).toHaveLength(cold.rows);
  });

  it("end before the store is closed: what was called before it is done, and what comes after is refused", async () => {
    const store = await open({ ...one, hot: { capacity: 100 } });
    const writing = store.upsert(records(8_000, DIM));
    const later = [store.query({ vector: vectors(1, DIM)[0] ?? [] }), store.count(), store.demote({ ids: ["r1"] })];
    const closing = store.close();
    await refusal(store.query({ vector: [1] }), "CLOSED");
    await expect(writing).resolves.toBeUndefined();
    await Promise.all(later);
    await closing;
  });

  it("let timers fire during a long upsert, calibration and move", async () => {
    const store = await open({ dim: 32, hot: { capacity: Number.POSITIVE_INFINITY }, cold: { bytes: 8 } });
    const all = records(20_000, 32);
    expect(await turnsDuring(store.upsert(all))).toBeGreaterThan(20);
    expect(await turnsDuring(store.calibrate({ sampleSize: 5_000 }))).toBeGreaterThan(10);
    expect(await turnsDuring(store.demote({ all: true }))).toBeGreaterThan(20);
    expect(await turnsDuring(store.delete({ all: true }))).toBeGreaterThan(10);
  });

  it.each(["upsert", "delete", "query", "queryBatch", "demote", "calibrate", "get", "count"] as const)(
    "are refused by a signal that has fired, before they begin: %s",
    async (method) => {
      const store = await open(one);
      const all = records(50, DIM);
      await store.upsert(all);
      const before = await contents(
        store,
        all.map(({ id }) => id),
      );
      const options = { signal: AbortSignal.abort(new Error("enough")) };
      const error = await refusal(() => {
        if (method === "upsert") return store.upsert(records(60, DIM, 2), options);
        if (method === "query") return store.query({ vector: all[0]?.vector ?? [], ...options });
        if (method === "queryBatch") return store.queryBatch({ vectors: all.map(({ vector }) => vector), ...options });
        if (method === "calibrate") return store.calibrate(options);
        if (method === "get") return store.get(["r1"], options);
        if (method === "count") return store.count({}, options);
        return store[method]({ all: true }, options);
      }, "ABORTED");
      expect(error.name).toBe("AbortError");
      expect(error.cause).toBe(options.signal.reason);
      expect(
        await contents(
          store,
          all.map(({ id }) => id),
        ),
      ).toStrictEqual(before);
      expect(store.stats().codebook).toBeUndefined();
    },
  );

  it("change nothing when they are aborted on the way", async () => {
    const store = await open(one);
    const all = records(4_000, DIM);
    await store.upsert(all);
    const ids = all.map(({ id }) => id);
    const before = await contents(store, ids);
    const during = async (call: (signal: AbortSignal) => Promise<unknown>) => {
      const abort = new AbortController();
      const refused = refusal(call(abort.signal), "ABORTED", /nothing was changed/);
      setTimeout(() => abort.abort(), 6);
      await refused;
      expect(await contents(store, ids)).toStrictEqual(before);
    };
    await during((signal) => store.upsert(records(20_000, DIM, 4), { signal }));
    await during((signal) => store.delete({ all: true }, { signal }));
    await during((signal) => store.calibrate({ signal }));
    await during((signal) => store.demote({ all: true }, { signal }));
    expect(store.stats()).toMatchObject({ codebook: undefined, cold: { rows: 0 } });
  });

  it("keep the blocks that a move had finished when it was aborted, and say so", async () => {
    const store = await open(one);
    await store.upsert(records(10_000, DIM));
    const abort = new AbortController();
    const onProgress = ({ phase, done }: Progress) => {
      if (phase === "demote" && done > 0) abort.abort();
    };
    const moving = store.demote({ all: true }, { signal: abort.signal, onProgress });
    await refusal(moving, "ABORTED", /4096 of 10000 rows had moved/);
    expect(store.stats()).toMatchObject({ records: 10_000, cold: { rows: 4_096 } });
    expect(await store.query({ vector: [1, 0, 0, 0, 0, 0, 0, 0], k: 20_000 })).toHaveLength(10_000);
  });

  it("change nothing when a progress callback throws, even at the end", async () => {
    const store = await open(one);
    const mine = new Error("mine");
    const onProgress = ({ done, total }: Progress) => {
      if (done === total) throw mine;
    };
    await expect(store.upsert(records(10, DIM), { onProgress })).rejects.toBe(mine);
    expect(await store.count()).toBe(0);
    expect(store.stats()).toMatchObject({ records: 0 });
    await store.upsert(records(10, DIM));
    expect(await store.count()).toBe(10);
  });

  it("lets timers run while one query is awaited after the other", async () => {
    const store = await open({ dim: 2 });
    await store.upsert([{ id: "a", vector: [1, 0] }]);
    let rang = false;
    setTimeout(() => {
      rang = true;
    }, 1);
    for (let asked = 0; !rang && asked < 100_000; asked++) await store.query({ vector: [1, 0] });
    expect(rang).toBe(true);
  });
});
