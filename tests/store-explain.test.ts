import type { ExplainedHits, Hit, QueryExplanation } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { type AnyStore, openWays, ways } from "./support/served-store.js";
import { refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 16;
const all = records(400, DIM);
const vector = all[3]?.vector ?? [];
const plain = (hits: readonly Hit[]) => [...hits].map(({ explanation: _, ...hit }) => hit);

function expectTimes({ ms }: QueryExplanation, spent: readonly (keyof QueryExplanation["ms"])[]) {
  for (const [part, time] of Object.entries(ms)) {
    if ((spent as readonly string[]).includes(part)) expect(time, part).toBeGreaterThan(0);
    else if (part !== "diversify") expect(time, part).toBe(0);
  }
}

describe.each(ways)("an explained query of a store %s", (way) => {
  const open = openWays(way);

  async function store(originals: "float16" | "none" = "float16"): Promise<AnyStore> {
    const made = await open({ dim: DIM, originals, cold: { bytes: 8 } });
    await made.upsert(all);
    await made.demote({ filter: { n: { $lt: 300 } } });
    return made;
  }

  it("finds what it finds without, and says of each hit where it stood and what it was worth", async () => {
    const made = await store();
    const asked = { vector, k: 20, rerank: 128 };
    const hits = await made.query({ ...asked, explain: true });
    expect(plain(hits)).toEqual(await made.query(asked));
    expect((await made.query(asked)).some((hit) => "explanation" in hit)).toBe(false);
    for (const { tier, score, explanation } of hits) {
      expect(explanation).toMatchObject({ tier, exact: score });
      expect(explanation.estimate === undefined).toBe(tier === "hot");
    }
    // Codes put at least one row elsewhere than its original does.
    expect(hits.some(({ explanation }, i) => explanation.rank !== i + 1)).toBe(true);
    expect(new Set(hits.map(({ explanation }) => explanation.rank)).size).toBe(20);
    const { explanation } = hits;
    expect(explanation).toMatchObject({
      scanned: { hot: 100, cold: 300 },
      filtered: undefined,
      reranked: 128,
      passes: 1,
    });
    expectTimes(explanation, ["filter", "scan", "rerank", "read"]);
  });

  it("rescores no candidates that cannot be among the best any more, unless it is told how many", async () => {
    const made = await store();
    const [thorough, hasty] = [
      await made.query({ vector, k: 5, rerank: 128, explain: true }),
      await made.query({ vector, k: 5, explain: true }),
    ];
    expect(thorough.explanation.reranked).toBe(128);
    expect(hasty.explanation.reranked).toBeGreaterThanOrEqual(32);
    expect(hasty.explanation.reranked).toBeLessThan(128);
    expect([...hasty]).toEqual([...thorough]);
    // Whatever comes back is exact, and places are those among all candidates.
    const all = await made.query({ vector, k: 228, rerank: 128, explain: true });
    expect([...hasty]).toEqual(all.slice(0, 5));
    // No score reaches the threshold, so the first look is the last.
    const none = await made.query({ vector, k: 100, minScore: 2, tiers: ["cold"], explain: true });
    expect([...none]).toEqual([]);
    expect(none.explanation.reranked).toBe(32);
  });

  it("ranks by estimates where there are no originals", async () => {
    const made = await store("none");
    const hits = await made.query({ vector, k: 20, explain: true, tiers: ["cold"] });
    for (const [i, { score, explanation }] of hits.entries()) {
      expect(explanation).toEqual({ tier: "cold", estimate: score, exact: undefined, rank: i + 1 });
    }
    expect(hits.explanation).toMatchObject({ scanned: { hot: 0, cold: 300 }, reranked: 0, ms: { rerank: 0 } });
  });

  it("says what a filter allowed", async () => {
    const made = await store();
    const hits = await made.query({ vector, k: 200, explain: true, filter: { even: true } });
    expect(hits.explanation).toMatchObject({ scanned: { hot: 50, cold: 150 }, filtered: 200, passes: 1 });
  });

  it.skipIf(way === "in a worker")("says what a function allowed, and shows it records only", async () => {
    const made = await store();
    const seen: unknown[] = [];
    const by = (record: { metadata: object }) => {
      seen.push(record);
      return (record.metadata as { n: number }).n % 7 === 0;
    };
    const asked = await made.query({ vector, k: 50, explain: true, filter: by });
    expect(plain(asked)).toEqual(await made.query({ vector, k: 50, filter: by }));
    expect(seen.some((record) => "explanation" in (record as object))).toBe(false);
    expect(asked.explanation).toMatchObject({ scanned: { hot: 100, cold: 300 }, filtered: 50 });
    expect(asked.explanation.passes).toBeGreaterThan(1);
    expect(asked.explanation.ms.read).toBeGreaterThan(0);
  });

  it("explains diverse hits, pages, and each query of a batch", async () => {
    const made = await store();
    const diverse = await made.query({ vector, k: 5, explain: true, mmr: { lambda: 0.3 } });
    expect(plain(diverse)).toEqual(await made.query({ vector, k: 5, mmr: { lambda: 0.3 } }));
    expect(diverse.every(({ explanation }) => explanation.rank > 0)).toBe(true);
    expect(diverse.explanation.ms.diversify).toBeGreaterThan(0);

    const { hits } = await made.queryPage({ vector, k: 5, rerank: 128, explain: true });
    expect(hits).toHaveLength(5);
    expect((hits as ExplainedHits).explanation).toMatchObject({ passes: 1, reranked: 128 });

    const vectors = all.slice(0, 3).map((record) => record.vector);
    const batch = await made.queryBatch({ vectors, k: 5, rerank: 128, explain: true });
    expect(batch.map(plain)).toEqual(await made.queryBatch({ vectors, k: 5, rerank: 128 }));
    for (const { explanation } of batch) {
      expect(explanation).toMatchObject({ scanned: { hot: 100, cold: 300 }, reranked: 128, passes: 1 });
      expectTimes(explanation, ["filter", "scan", "rerank", "read"]);
    }
    expect(batch[1]?.explanation.ms.scan).toBe(batch[0]?.explanation.ms.scan);
  });

  it("explains that nothing was there to search, and refuses what is neither true nor false", async () => {
    const made = await store();
    const hits = await made.query({ vector, explain: true, namespace: "empty" });
    expect([...hits]).toEqual([]);
    expect(hits.explanation).toMatchObject({ scanned: { hot: 0, cold: 0 }, reranked: 0, passes: 0 });
    await refusal(made.query({ vector, explain: 1 } as never), "ARGUMENT", /explain is 1; give true or false/);
  });
});
