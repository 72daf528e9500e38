import { Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { backends, bench, refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 16;
const small = { codec: "eigen", bytes: 8 } as const;
const all = records(60, DIM);
const ids = all.map(({ id }) => id);

async function tiers(store: Thermocline): Promise<string> {
  return (await store.get(ids)).map((record) => record?.tier[0]).join("");
}

describe.each(backends)("records that are moved up, in a store %s", (backend) => {
  const { open, path } = bench(backend);

  it.each([
    ["ids", { ids: ["r1", "r2", "r2", "nobody"] }, 2],
    ["filter", { filter: { group: "g1" } }, 12],
    ["all", { all: true } as const, 60],
  ] as const)("are counted by %s, and are hot", async (_, selection, count) => {
    const store = await open({ dim: DIM, cold: small });
    await store.upsert(all);
    await store.demote({ all: true });
    expect(await store.promote(selection)).toBe(count);
    expect(await store.promote(selection)).toBe(0);
    expect(store.stats()).toMatchObject({
      records: 60,
      hot: { rows: count },
      cold: { rows: 60 - count },
      promotions: count,
    });
    expect(
      (await store.query({ vector: all[2]?.vector ?? [], k: 100 })).filter(({ tier }) => tier === "hot"),
    ).toHaveLength(count);
  });

  it.each(["cosine", "dot", "euclidean"] as const)(
    "keep their scores and their vectors to the bit, up and down again, under %s",
    async (metric) => {
      for (const originals of ["float32", "float16"] as const) {
        const file = path(`${metric}-${originals}.db`);
        const options = { dim: DIM, metric, originals, cold: small, ...(backend === "on file" && { path: file }) };
        let store = await open(options);
        await store.upsert(all);
        await store.demote({ all: true });
        const seen = async () => ({
          scores: (await store.query({ vector: all[7]?.vector ?? [], k: 60 })).map(({ id, score }) => [id, score]),
          vectors: (await store.get(ids, { includeVectors: true })).map((record) => record?.vector),
        });
        const cold = await seen();
        for (let round = 0; round < 2; round++) {
          expect(await store.promote({ filter: { even: true } })).toBe(30);
          expect(await seen()).toStrictEqual(cold);
          if (backend === "on file") {
            await store.close();
            store = await open(options);
            expect(store.stats().hot).toMatchObject({ rows: 30 });
            expect(await seen()).toStrictEqual(cold);
          }
          expect(await store.demote({ all: true })).toBe(30);
          expect(await seen()).toStrictEqual(cold);
        }
      }
    },
  );

  it("are refused where their vectors are gone, and none of them moves", async () => {
    const store = await open({ dim: DIM, originals: "none", cold: small });
    await store.upsert(all);
    expect(await store.promote({ all: true })).toBe(0);
    await store.demote({ ids: ["r3", "r4"] });
    await refusal(store.promote({ all: true }), "UNSUPPORTED", /2 of these records are cold, .*write them anew/);
    await refusal(store.pin({ ids: ["r4", "r5"] }), "UNSUPPORTED", /1 of these records/);
    expect(await store.pin({ ids: ["r5"] })).toBe(1);
    expect(store.stats()).toMatchObject({ hot: { rows: 58, pinned: 1 }, cold: { rows: 2 }, promotions: 0 });
  });

  it("stay where they are when the call is aborted before", async () => {
    const store = await open({ dim: DIM, cold: small });
    await store.upsert(all);
    await store.demote({ all: true });
    await refusal(store.promote({ all: true }, { signal: AbortSignal.abort() }), "ABORTED", /nothing was changed/);
    await refusal(store.pin({ all: true }, { signal: AbortSignal.abort() }), "ABORTED");
    expect(store.stats()).toMatchObject({ hot: { rows: 0, pinned: 0 }, cold: { rows: 60 } });
  });

  it("say how far they are, and that those that moved stay", async () => {
    const store = await open({ dim: 4, cold: { bytes: 2 } });
    await store.upsert(records(700, 4));
    await store.demote({ all: true });
    const seen: unknown[] = [];
    const ending = new AbortController();
    const onProgress = (progress: unknown) => {
      seen.push(progress);
      if (seen.length === 2) ending.abort();
    };
    await refusal(
      store.promote({ all: true }, { onProgress, signal: ending.signal }),
      "ABORTED",
      /512 of 700 .* stay hot/,
    );
    expect(seen).toEqual([
      { phase: "promote", done: 256, total: 700 },
      { phase: "promote", done: 512, total: 700 },
    ]);
    expect(store.stats()).toMatchObject({ hot: { rows: 512 }, cold: { rows: 188 } });
    expect(await store.query({ vector: [1, 0, 0, 0], k: 1_000 })).toHaveLength(700);
  });

  it("are pinned: hot, whatever is moved down, until they are unpinned", async () => {
    const store = await open({ dim: DIM, cold: small });
    await store.upsert(all);
    await store.demote({ filter: { even: true } });
    expect(await store.pin({ ids: ["r0", "r1", "nobody"] })).toBe(2);
    expect(await store.pin({ ids: ["r0", "r1"] })).toBe(0);
    expect(await store.demote({ all: true })).toBe(29);
    expect(await tiers(store)).toBe(`hh${"c".repeat(58)}`);
    expect(await store.unpin({ all: true })).toBe(2);
    expect(await store.unpin({ all: true })).toBe(0);
    expect(await store.demote({ all: true })).toBe(2);
  });

  it("stay pinned when they are replaced and copied, and not when they are deleted and written again", async () => {
    const store = await open({ dim: DIM, cold: small });
    await store.upsert(all);
    await store.pin({ ids: ["r0", "r1"] });
    await store.upsert(all.slice(0, 1));
    await store.copyNamespace("default", "copy");
    await store.delete({ ids: ["r1"] });
    await store.upsert(all.slice(1, 2));
    expect(store.stats().hot.pinned).toBe(3);
    expect(await store.demote({ all: true })).toBe(59);
    expect((await store.get(["r0", "r1"])).map((record) => record?.tier)).toEqual(["hot", "cold"]);
    expect(await store.unpin({ all: true }, { namespace: "copy" })).toBe(2);
    expect(await store.dropNamespace("copy")).toBe(60);
    expect(store.stats().hot).toMatchObject({ rows: 1, pinned: 1 });
  });

  it("count in the capacity when they are pinned, and stay", async () => {
    const store = await open({ dim: 4, hot: { capacity: 50 }, cold: { bytes: 2 } });
    const many = records(1_200, 4);
    await store.upsert(many.slice(0, 1_000));
    await store.pin({ filter: { n: { $lt: 80 } } });
    await store.upsert(many.slice(1_000));
    await store.settled();
    expect(store.stats()).toMatchObject({ hot: { rows: 80, pinned: 80, capacity: 50 }, cold: { rows: 1_120 } });
    await store.unpin({ all: true });
    await store.settled();
    expect(store.stats().hot.rows).toBeLessThanOrEqual(50);
  });

  it("move down again when they are too many, but not what was asked for last", async () => {
    const store = await open({ dim: 4, hot: { capacity: 100 }, cold: { bytes: 2 } });
    await store.upsert(records(1_100, 4));
    await store.settled();
    await store.query({ vector: [1, 2, 3, 4], k: 1 });
    expect(await store.promote({ filter: { n: { $lt: 30 } } })).toBe(30);
    await store.settled();
    expect(store.stats().hot.rows).toBeLessThanOrEqual(100);
    const first = await store.get(records(30, 4).map(({ id }) => id));
    expect(first.every((record) => record?.tier === "hot")).toBe(true);
  });
});

describe("pins in a file", () => {
  const { open, path } = bench("on file");

  it("are there when it is opened again, for every process that has it open", async () => {
    const file = path("pins.db");
    const store = await open({ path: file, dim: DIM, cold: small });
    await store.upsert(all);
    const other = await Thermocline.open({ path: file });
    await store.pin({ ids: ["r2"] });
    expect(await other.demote({ ids: ["r1", "r2"] })).toBe(1);
    await other.upsert(all.slice(2, 3));
    await other.close();
    expect(store.stats().hot.pinned).toBe(1);
    await store.close();
    const again = await open({ path: file });
    expect(again.stats().hot.pinned).toBe(1);
    expect(await again.demote({ all: true })).toBe(58);
  });
});

describe("a query beside a move", () => {
  const { open } = bench("on file");

  it("scores exactly what moved up after it was found", async () => {
    const store = await open({ dim: DIM, cold: small, originals: "float32" });
    const many = records(3_000, DIM);
    await store.upsert(many);
    const vector = many[7]?.vector ?? [];
    const expected = (await store.query({ vector, k: 10 })).map(({ id, score }) => [id, score]);
    const best = expected.map(([id]) => String(id));
    for (let i = 0; i < 6; i++) {
      await store.demote({ all: true });
      // So many candidates are rescored in several turns, between which the best of them move.
      const asked = Array.from({ length: 4 }, () => store.query({ vector, k: 10, rerank: 3_000 }));
      const moved = store.promote({ ids: best });
      for (const hits of await Promise.all(asked)) expect(hits.map(({ id, score }) => [id, score])).toEqual(expected);
      await moved;
    }
  });
});
