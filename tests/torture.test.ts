import type { ExplainedHits, QueryOptions, Thermocline } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { bench } from "./support/stores.js";
import { check } from "./torture/check.js";
import { recordOf } from "./torture/log.js";
import { after, type Model, outcomes } from "./torture/model.js";
import { torture } from "./torture/torture.js";

describe("a store whose writers are killed again and again", () => {
  // Many more of them: npm run --silent torture -- --seconds 600 --json
  it("has what was acknowledged, and ranks it rightly", { timeout: 120_000 }, async () => {
    const wrong: string[] = [];
    const report = await torture({ seconds: 60, kills: 6, seed: 3, onWrong: (what) => wrong.push(what) });
    expect(wrong).toEqual([]);
    expect(report).toMatchObject({ lost: 0, resurrected: 0, corrupt: 0, rankingsWrong: 0 });
    expect(report.kills).toBeGreaterThanOrEqual(6);
    expect(report.acknowledged).toBeGreaterThan(0);
    expect(report.rankingsChecked).toBeGreaterThan(0);
  });
});

describe("what compares a store with its log", () => {
  const { open } = bench("in memory");
  const options = { originals: "float32" } as const;
  const ids = Array.from({ length: 50 }, (_, id) => id);
  const model = after(new Map(), { call: "upsert", namespace: "a", ids, seed: 5 });

  async function stored(): Promise<Thermocline> {
    const store = await open(options);
    await store.upsert(
      ids.map((id) => recordOf(id, 5)),
      { namespace: "a" },
    );
    return store;
  }
  const findings = async (store: Thermocline, models: readonly Model[]) =>
    (await check(store, models, options, 1)).findings;

  it("finds nothing wrong where nothing is", async () => {
    expect(await findings(await stored(), [model])).toMatchObject({
      lost: 0,
      resurrected: 0,
      corrupt: 0,
      rankingsWrong: 0,
      recordsChecked: 50,
    });
  });

  it("counts what is lost, old, too much or false", async () => {
    const store = await stored();
    await store.delete({ ids: ["r1", "r2"] }, { namespace: "a" });
    await store.upsert([recordOf(3, 4), recordOf(60, 5)], { namespace: "a" });
    await store.upsert([{ ...recordOf(4, 5), text: "another" }], { namespace: "a" });
    await store.upsert([recordOf(4, 5)], { namespace: "b" });
    expect(await findings(store, [model])).toMatchObject({ lost: 3, resurrected: 2, corrupt: 1 });
  });

  it("finds a ranking wrong that is not that of the vectors", async () => {
    const store = await stored();
    const honest = store.query.bind(store);
    store.query = async (query: QueryOptions) => (await honest(query)).reverse() as ExplainedHits;
    const { rankingsChecked, rankingsWrong } = await findings(store, [model]);
    expect(rankingsWrong).toBe(rankingsChecked);
  });

  it("takes a call that was under way as done or as not done, and nothing between", async () => {
    const store = await stored();
    const open = outcomes([model], [{ call: "delete", namespace: "a", ids: [1, 2] }]);
    expect(await findings(store, open)).toMatchObject({ lost: 0, resurrected: 0 });
    await store.delete({ ids: ["r1"] }, { namespace: "a" });
    const { lost, resurrected } = await findings(store, open);
    expect(lost + resurrected).toBe(1);
    await store.delete({ ids: ["r2"] }, { namespace: "a" });
    expect(await findings(store, open)).toMatchObject({ lost: 0, resurrected: 0 });
  });
});
