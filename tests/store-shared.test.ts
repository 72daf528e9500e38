import { describe, expect, it } from "vitest";
import { Child } from "./support/child.js";
import { edit, holdLock } from "./support/database.js";
import { bench, contents, refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 8;
const ids = records(100, DIM).map(({ id }) => id);

describe("two stores on one file", () => {
  const { open, path } = bench("on file");

  async function pair() {
    const file = path("shared.db");
    const options = { path: file, dim: DIM, cold: { bytes: 4 }, originals: "none" } as const;
    return [await open(options), await open(options)] as const;
  }

  it("see each other's writes with the next call", async () => {
    const [one, two] = await pair();
    const all = records(100, DIM);
    await one.upsert(all);
    expect(await two.count()).toBe(100);
    await two.delete({ ids: ["r0"] });
    expect(await one.get(["r0"])).toEqual([undefined]);
    expect(await one.demote({ filter: { even: true } })).toBe(49);
    expect(await contents(two, ids)).toStrictEqual(await contents(one, ids));
    await two.upsert([{ id: "r2", vector: new Float32Array(DIM).fill(1) }]);
    expect((await one.query({ vector: new Float32Array(DIM).fill(1), k: 1 }))[0]).toMatchObject({
      id: "r2",
      tier: "hot",
    });
    await two.demote({ all: true });
    expect(await contents(one, ids)).toStrictEqual(await contents(two, ids));
    expect(one.stats()).toMatchObject({ records: 99, hot: { rows: 0 }, cold: { rows: 99 } });
  });

  it("replace and delete what the other has moved to the cold tier since", async () => {
    const [one, two] = await pair();
    await one.upsert(records(100, DIM));
    expect(await two.count()).toBe(100);
    // Asked for together: the second one's write begins when the first has committed, but was called before.
    await Promise.all([one.demote({ all: true }), two.upsert(records(50, DIM, 3)), two.delete({ ids: ["r60"] })]);
    expect(await one.count()).toBe(99);
    expect(await contents(two, ids)).toStrictEqual(await contents(one, ids));
    expect((await two.query({ vector: [1, 0, 0, 0, 0, 0, 0, 0], k: 200 })).length).toBe(99);
  });

  it("agree on a dimension that neither had", async () => {
    const file = path("dimension.db");
    const [one, two] = [await open({ path: file }), await open({ path: file })];
    const [first, second] = await Promise.allSettled([
      one.upsert([{ id: "a", vector: [1, 2, 3] }]),
      two.upsert([{ id: "b", vector: [1, 2, 3, 4] }]),
    ]);
    expect([first.status, second.status]).toEqual(["fulfilled", "rejected"]);
    expect(second).toMatchObject({ reason: { code: "DIMENSION" } });
    expect((await two.query({ vector: [1, 2, 3] })).map(({ id }) => id)).toEqual(["a"]);
    await refusal(two.query({ vector: [1, 2, 3, 4] }), "DIMENSION");
  });

  it("can be made at the same time", async () => {
    const file = path("new.db");
    const stores = await Promise.all(Array.from({ length: 6 }, () => open({ path: file, dim: DIM })));
    await Promise.all(stores.map((store, i) => store.upsert([{ id: `${i}`, vector: new Float32Array(DIM).fill(1) }])));
    for (const store of stores) expect(await store.count()).toBe(6);
  });

  it("can be opened while the last that has the file closes, which merges its log", async () => {
    for (let turns = 0; turns < 40; turns++) {
      const file = path(`closing-${turns}.db`);
      const one = await open({ path: file, dim: DIM });
      await one.upsert(records(200, DIM));
      const opening = open({ path: file });
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
      await one.close();
      expect(await (await opening).count()).toBe(200);
    }
  });

  it("refuse the options of the one that came second, if both make it", async () => {
    const file = path("rivals.db");
    const results = await Promise.allSettled([
      open({ path: file, metric: "dot" }),
      open({ path: file, metric: "cosine" }),
    ]);
    const made = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.stats().metric] : []));
    expect(made).toHaveLength(1);
    expect((await open({ path: file })).stats().metric).toBe(made[0]);
  });

  it("refuse every call while what the other left is damaged, and answer again when it is not", async () => {
    const [one] = await pair();
    await one.upsert(records(100, DIM));
    await one.demote({ filter: { even: true } });
    const before = await contents(one, ids);
    const block = "(SELECT max(block) FROM code_blocks)";
    edit(path("shared.db"), `UPDATE live_rows SET checksum = checksum + 1 WHERE block = ${block}`);
    for (let i = 0; i < 2; i++) {
      await refusal(one.count(), "CORRUPT", /live rows/);
      await refusal(one.query({ vector: Array(DIM).fill(1) }), "CORRUPT", /live rows/);
      await refusal(one.upsert(records(3, DIM)), "CORRUPT", /live rows/);
    }
    edit(path("shared.db"), `UPDATE live_rows SET checksum = checksum - 1 WHERE block = ${block}`);
    expect(await contents(one, ids)).toStrictEqual(before);
  });

  it("never answer wrongly while both write, move and search", async () => {
    const [one, two] = await pair();
    const all = records(100, DIM);
    await one.upsert(all);
    let turns = 0;
    const write = async (store: typeof one, seed: number) => {
      for (let i = 0; i < 6; i++) {
        await store.upsert(records(100, DIM, seed + i).filter((_, n) => n % 7 === i % 7));
        await store.demote({ ids: ids.filter((_, n) => n % 9 === i) });
      }
      turns += 1;
    };
    const search = async (store: typeof one) => {
      for (const vector of vectors(1_000, DIM, 4)) {
        if (turns === 2) return;
        const hits = await store.query({ vector, k: 200 });
        // Every record is there at every moment, and once.
        expect(hits.map(({ id }) => id).sort()).toEqual([...ids].sort());
        expect((await store.get(ids, { includeVectors: true })).every((record) => record?.vector?.length === DIM)).toBe(
          true,
        );
      }
    };
    await Promise.all([write(one, 10), write(two, 30), search(one), search(two)]);
    expect(await contents(two, ids)).toStrictEqual(await contents(one, ids));
  });
});

describe("a store that another process has open", () => {
  const { open, path } = bench("on file");

  it("shows what the other wrote with the next call, and the other what this one wrote", async () => {
    const file = path("processes.db");
    const store = await open({ path: file, dim: DIM });
    const child = new Child(file);
    expect(await child.answer()).toEqual({ result: "open" });
    try {
      await store.upsert(records(100, DIM));
      expect(await child.call("count")).toEqual({ result: 100 });
      expect(await child.call("demote", { filter: { even: true } })).toEqual({ result: 50 });
      expect((await store.get(["r2", "r3"])).map((record) => record?.tier)).toEqual(["cold", "hot"]);
      expect(await child.call("delete", { ids: ["r2", "r3"] })).toEqual({ result: 2 });
      const hits = await store.query({ vector: records(3, DIM)[2]?.vector ?? [], k: 200 });
      expect(hits).toHaveLength(98);
      expect(hits.map(({ id }) => id)).not.toContain("r2");
      await store.calibrate();
      expect(await child.call("count", { even: true })).toEqual({ result: 49 });

      // Both write at once: each waits for the other.
      for (let i = 0; i < 20; i++) child.send("upsert", [{ id: `child-${i}`, vector: Array(DIM).fill(i + 1) }]);
      for (let i = 0; i < 20; i++) await store.upsert([{ id: `own-${i}`, vector: Array(DIM).fill(i + 1) }]);
      for (let i = 0; i < 20; i++) expect(await child.answer()).toEqual({ result: null });
      expect(await store.count()).toBe(138);
      expect(store.stats().records).toBe(138);
      expect(await child.call("count")).toEqual({ result: 138 });
    } finally {
      await child.end();
    }
    expect(await store.count()).toBe(138);
  });

  it("shows every row that the other has acknowledged while it goes on writing, to a reader and to a writer", async () => {
    const file = path("beside.db");
    const store = await open({ path: file, dim: DIM });
    const reader = await open({ path: file, readOnly: true });
    const child = new Child(file);
    expect(await child.answer()).toEqual({ result: "open" });
    const count = 60;
    for (let i = 0; i < count; i++)
      child.send(
        "upsert",
        records(20, DIM, i).map((each) => ({ id: `${i}-${each.id}`, vector: Array.from(each.vector) })),
      );
    try {
      for (let i = 0; i < count; i++) {
        expect(await child.answer()).toEqual({ result: null });
        const query = { vector: Array(DIM).fill(1), k: 10_000 };
        for (const other of [reader, store]) {
          expect(await other.get([`${i}-r0`])).toMatchObject([{ id: `${i}-r0` }]);
          expect((await other.query(query)).length).toBeGreaterThanOrEqual(20 * (i + 1));
        }
      }
    } finally {
      await child.end();
    }
  });

  it("waits for the other's write, and says LOCKED if that takes too long", async () => {
    const file = path("locked.db");
    const store = await open({ path: file, dim: DIM });
    await store.upsert(records(10, DIM));
    const release = holdLock(file);
    try {
      // Reading goes on meanwhile.
      const writing = refusal(store.upsert(records(20, DIM)), "LOCKED", /another process/);
      expect(await store.query({ vector: records(1, DIM)[0]?.vector ?? [] })).toHaveLength(10);
      await writing;
    } finally {
      release();
    }
    expect(await store.count()).toBe(10);
    await store.upsert(records(20, DIM));
    expect(await store.count()).toBe(20);
  });
});
