import type { Hit, QueryPageOptions } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { type AnyStore, openWays, ways } from "./support/served-store.js";
import { refusal } from "./support/stores.js";
import { records, vectors } from "./support/synthetic.js";

const DIM = 8;

async function pages(store: AnyStore, options: QueryPageOptions, between = async (_: number) => {}): Promise<Hit[][]> {
  const found: Hit[][] = [];
  let cursor: string | undefined;
  do {
    const page = await store.queryPage({ ...options, cursor });
    found.push([...page.hits]);
    cursor = page.cursor;
    await between(found.length);
  } while (cursor !== undefined && found.length < 1_000);
  return found;
}

describe.each(ways)("the pages of a query of a store %s", (way) => {
  const open = openWays(way);
  const [vector = new Float32Array()] = vectors(1, DIM, 9);

  async function mixed(options: Parameters<typeof open>[0] = {}) {
    const store = await open({ dim: DIM, cold: { bytes: 4 }, ...options });
    await store.upsert(records(300, DIM));
    await store.demote({ filter: { even: true } });
    return store;
  }

  it.each(["float32", "none"] as const)("hold together what one query finds, with originals %s", async (originals) => {
    const store = await mixed({ originals });
    const rest = { vector, rerank: 300, includeVectors: true };
    for (const [filter, minScore] of [
      [{}, undefined],
      [{ group: "g1" }, undefined],
      [{ nowhere: 1 }, undefined],
      [{}, 0.2],
    ] as const) {
      const all = await store.query({ ...rest, k: 300, filter, minScore });
      for (const k of [7, 60, 299, 300, 1_000]) {
        const found = await pages(store, { ...rest, k, filter, minScore });
        expect(found.flat()).toEqual(all);
        expect(found).toHaveLength(Math.max(1, Math.ceil(all.length / k)));
      }
    }
    if (way === "in a worker") return;
    const filter = ({ id }: { id: string }) => id.endsWith("3");
    const passing = await store.query({ ...rest, k: 300, filter });
    expect(passing).toHaveLength(30);
    expect((await pages(store, { ...rest, k: 4, filter })).flat()).toEqual(passing);
  });

  it("give ties once each", async () => {
    const store = await open({ dim: 2 });
    await store.upsert(Array.from({ length: 10 }, (_, i) => ({ id: `${i}`, vector: [1, i % 2] })));
    const ids = (await pages(store, { vector: [1, 0], k: 3 })).flat().map(({ id }) => id);
    expect(ids).toEqual(["0", "2", "4", "6", "8", "1", "3", "5", "7", "9"]);
  });

  it("neither repeat nor lose a record when others are written and deleted in between", async () => {
    const store = await mixed({ originals: "float32" });
    const before = (await store.query({ vector, k: 300, rerank: 300 })).map(({ id }) => id);
    const deleted = before.slice(100, 110);
    const found = await pages(store, { vector, k: 20, rerank: 300 }, async (page) => {
      if (page !== 2) return;
      // Better than all that were seen: more than a page's search would look past.
      const better = Array.from({ length: 200 }, (_, i) => ({ id: `new${i}`, vector: vector.map((x) => x + i / 1e4) }));
      await store.upsert(better);
      await store.delete({ ids: deleted });
    });
    expect(found.flat().map(({ id }) => id)).toEqual(before.filter((id) => !deleted.includes(id)));
    for (const page of found.slice(0, -1)) expect(page).toHaveLength(20);
  });

  it("are refused with a cursor that is none, with mmr, and after close", async () => {
    const store = await mixed();
    for (const cursor of ["", "l1-2", "q1-2", "q1-2-x", "q1-2-1e999", 5, null])
      await refusal(
        () => store.queryPage({ vector, cursor: cursor as string }),
        "ARGUMENT",
        /cursor is .*give the cursor of a page of queryPage/,
      );
    await refusal(() => store.queryPage({ vector, mmr: {} }), "ARGUMENT", /mmr .* has no pages/);
    await refusal(() => store.queryPage({ vector: [1] }), "DIMENSION", /has 1 components/);
    await refusal(() => store.queryPage({} as never), "ARGUMENT", /vector is undefined; give an array/);
    await store.close();
    await refusal(() => store.queryPage({ vector }), "CLOSED");
  });
});
