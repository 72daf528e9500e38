import { setTimeout as sleep } from "node:timers/promises";
import type { Thermocline } from "@thermocline/core";
import { describe, expect, it, vi } from "vitest";
import { Heat } from "../packages/core/src/tiers/heat.js";
import { Child } from "./support/child.js";
import { POLICIES, replayedDay } from "./support/policies.js";
import { openWays } from "./support/served-store.js";
import { backends, bench } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 8;
const CAPACITY = 100;
const cold = { bytes: 4 } as const;
const all = records(1_100, DIM);

/** Asks for records by their own vectors. */
async function ask(store: Pick<Thermocline, "query">, numbers: readonly number[]): Promise<void> {
  for (const n of numbers) await store.query({ vector: all[n]?.vector ?? [], k: 1 });
}

async function tierOf(store: Thermocline, n: number) {
  return (await store.get([`r${n}`]))[0]?.tier;
}

describe.each(backends)("the policy of a store %s", (backend) => {
  const { open } = bench(backend);

  async function full(options: object = {}) {
    const store = await open({ dim: DIM, cold, hot: { capacity: CAPACITY }, ...options });
    await store.upsert(all);
    await store.settled();
    expect(await tierOf(store, 5)).toBe("cold");
    return store;
  }

  it("moves up what queries keep returning, and down what they do not, within the capacity", async () => {
    const store = await full();
    const asked = [3, 5, 8, 13, 21];
    for (let round = 0; round < 4; round++) await ask(store, asked);
    await store.settled();
    for (const n of asked) expect(await tierOf(store, n)).toBe("hot");
    const { promotions, served } = store.stats();
    expect(promotions).toBe(asked.length);
    expect(served.hot + served.cold).toBe(4 * asked.length);
    expect(served.hot).toBeGreaterThan(0);
    // Enough to fill the tier several times over.
    for (let n = 100; n < 400; n++) {
      await ask(store, [n, n]);
      if (n % CAPACITY === CAPACITY - 1) await store.settled();
    }
    expect(store.stats().hot.rows).toBeLessThanOrEqual(CAPACITY);
    expect(store.stats().demotions).toBeGreaterThan(1_100 - CAPACITY);
    expect(await tierOf(store, 3)).toBe("cold");
    const hits = await store.query({ vector: all[0]?.vector ?? [], k: 2_000 });
    expect(new Set(hits.map(({ id }) => id)).size).toBe(1_100);
  });

  it("leaves most of the time between two moves to queries, and makes up for it when told to settle", async () => {
    const store = await full();
    let now = performance.now();
    let step = 1_000;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => {
      now += step;
      return now;
    });
    try {
      await ask(store, [3, 3]);
      await vi.waitFor(() => expect(store.stats().promotions).toBe(1));
      step = 0;
      for (let round = 0; round < 20; round++) await ask(store, [5, 8, 13]);
      await sleep(20);
      expect(store.stats().promotions).toBe(1);
      await store.settled();
      expect(store.stats().promotions).toBe(4);
    } finally {
      clock.mockRestore();
    }
  });

  it.each([
    ["it is told not to", { hot: { capacity: CAPACITY, promote: false } }],
    ["there are no originals", { originals: "none" }],
    ["nothing may be hot", { hot: { capacity: 0 } }],
  ])("moves nothing up where %s", async (_, options) => {
    const store = await full(options);
    for (let round = 0; round < 20; round++) await ask(store, [5]);
    await store.settled();
    expect(await tierOf(store, 5)).toBe("cold");
    expect(store.stats().promotions).toBe(0);
  });

  it("leaves cold what was moved down while there is much room", async () => {
    for (const capacity of [5_000, Number.POSITIVE_INFINITY]) {
      const store = await open({ dim: DIM, cold, hot: { capacity } });
      await store.upsert(all);
      await store.demote({ all: true });
      for (let round = 0; round < 20; round++) await ask(store, [5, 6, 7]);
      await store.settled();
      expect(store.stats()).toMatchObject({ promotions: 0, cold: { rows: 1_100 } });
    }
  });

  it("never moves a pinned record down for one that rises", async () => {
    const store = await full();
    const hot = await store.query({ vector: all[0]?.vector ?? [], k: 2_000, tiers: ["hot"] });
    const pinned = hot.slice(0, 40).map(({ id }) => id);
    await store.pin({ ids: pinned });
    for (let n = 0; n < 200; n++) await ask(store, [n, n]);
    await store.settled();
    expect((await store.get(pinned)).every((record) => record?.tier === "hot")).toBe(true);
    expect(store.stats().promotions).toBeGreaterThan(60);
  });

  it("takes a capacity in bytes, of which a row has four a component", async () => {
    const store = await open({ cold, hot: { bytes: CAPACITY * 4 * DIM + 31 } });
    expect(store.stats().hot.capacity).toBe(Number.POSITIVE_INFINITY);
    await store.upsert(all);
    await store.settled();
    const { hot, cold: below } = store.stats();
    expect(hot.capacity).toBe(CAPACITY);
    expect(hot.rows).toBe(90);
    expect(hot.diskBytes).toBe(90 * 4 * DIM);
    expect(below.diskBytes).toBe(1_010 * (4 + 4 + 4 + 2 * DIM));
    await store.promote({ ids: ["r1", "r2"] });
    expect(store.stats().hot.diskBytes).toBe(90 * 4 * DIM + 2 * (4 + 2 * DIM));
  });
});

describe("a process that is killed while rows change places", () => {
  const { open, path } = bench("on file");

  it.each([20, 90, 200])("leaves every row in exactly one tier (%d ms)", async (delay) => {
    const file = path("swaps.db");
    const child = new Child(file, { dim: DIM, cold, hot: { capacity: CAPACITY } });
    expect(await child.answer()).toEqual({ result: "open" });
    expect(
      await child.call(
        "upsert",
        all.map(({ id, vector }) => ({ id, vector: [...vector] })),
      ),
    ).toEqual({ result: null });
    expect(await child.call("settled")).toEqual({ result: null });
    for (let n = 0; n < 2_000; n++) child.send("query", { vector: [...(all[(n >> 1) % 900]?.vector ?? [])], k: 5 });
    await child.answer();
    await new Promise((resolve) => {
      setTimeout(resolve, delay);
    });
    await child.kill();
    const store = await open({ path: file });
    const { hot, cold: below } = store.stats();
    expect(hot.rows + below.rows).toBe(1_100);
    const hits = await store.query({ vector: all[0]?.vector ?? [], k: 2_000 });
    expect(new Set(hits.map(({ id }) => id)).size).toBe(1_100);
    expect(hits.filter(({ tier }) => tier === "hot")).toHaveLength(hot.rows);
  });
});

describe("a store in a worker", () => {
  const open = openWays("in a worker");

  it("promotes, pins and unpins as any other", async () => {
    const store = await open({ dim: DIM, cold });
    await store.upsert(all.slice(0, 20));
    await store.demote({ all: true });
    expect(await store.pin({ ids: ["r1"] })).toBe(1);
    expect(await store.promote({ filter: { even: true } })).toBe(10);
    expect(await store.demote({ all: true })).toBe(10);
    expect(await store.unpin({ all: true })).toBe(1);
    expect(await store.demote({ all: true })).toBe(1);
  });
});

describe("the value of rows", () => {
  const policy = { halfLife: 1, margin: 2, memory: 2 };

  it("does not let a row that was let go come back before it has been used again", () => {
    const heat = new Heat(() => 4, policy);
    for (const row of [1, 2, 3, 4]) heat.arrive(row);
    heat.release(1, true);
    expect(heat.risen).toBe(0);
    heat.use(1, true);
    expect(heat.takeRisen(9)).toEqual([1]);
    heat.arrive(1, false);
    heat.release(2, true);
    // Worth no more than what was let go by a use: not twice as much.
    heat.use(9, true);
    expect(heat.risen).toBe(0);
  });

  it("remembers the cold rows that were returned last, and no more than twice the capacity", () => {
    const heat = new Heat(() => 4, { ...policy, margin: 1 });
    heat.arrive(1);
    heat.release(1, false);
    for (let row = 10; row < 30; row++) {
      heat.use(row, true);
      heat.use(row, true);
    }
    expect(heat.takeRisen(99).sort((a, b) => a - b)).toEqual([22, 23, 24, 25, 26, 27, 28, 29]);
  });

  it("ages: what was used often long ago is worth less than what is used now", async () => {
    const heat = new Heat(() => 4, policy);
    for (const row of [1, 2]) heat.arrive(row);
    for (let use = 0; use < 4; use++) heat.use(1, true);
    for (let use = 0; use < 40; use++) heat.use(2, true);
    heat.arrive(3);
    expect([...(await heat.coldest(1))]).toEqual([1]);
  });
});

describe("a day of questions whose topic shifts, with the store's batches", () => {
  it.each([0.6, 0.8, 1, 1.2])("is served from the hot tier at least as well as by LRU at skew %d", async (skew) => {
    const shares = await replayedDay(skew);
    expect(Object.keys(shares)).toEqual([...POLICIES]);
    expect(shares.thermocline).toBeGreaterThan(shares.none);
    expect(shares.thermocline).toBeGreaterThanOrEqual(shares.lru);
  });
});
