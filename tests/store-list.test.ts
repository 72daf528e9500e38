import type { StoredRecord } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { openWays, ways } from "./support/served-store.js";
import { refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 8;

async function all<T>(from: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of from) found.push(one);
  return found;
}

const idsOf = (found: readonly StoredRecord[]) => found.map(({ id }) => id);

describe.each(ways)("a listing of a store %s", (way) => {
  const open = openWays(way);

  /** 600 records, the first 100 of them cold and r7 written last, beside 50 of another namespace. */
  async function filled() {
    const store = await open({ dim: DIM, cold: { bytes: 4 }, originals: "float32" });
    const given = records(600, DIM);
    await store.upsert(given.slice(0, 300));
    await store.upsert(records(50, DIM, 2), { namespace: "other" });
    await store.upsert(given.slice(300));
    await store.demote({ filter: { n: { $lt: 100 } } });
    await store.upsert(given.slice(7, 8));
    return { store, given: [...given.slice(0, 7), ...given.slice(8), ...given.slice(7, 8)] };
  }

  it("gives every record once, whole, in the order in which they were written", async () => {
    const { store, given } = await filled();
    const listed = await all(store.list({ includeVectors: true }));
    expect(listed).toEqual(
      given.map(({ id, text, metadata, vector }) => {
        const tier = metadata.n < 100 && metadata.n !== 7 ? "cold" : "hot";
        return { id, namespace: "default", text, metadata, tier, vector };
      }),
    );
    expect(Object.keys((await all(store.list({ limit: 1 })))[0] ?? {})).not.toContain("vector");
    expect(await all(store.list({ namespace: "other" }))).toHaveLength(50);
    expect(await all(store.list({ namespace: "none" }))).toEqual([]);
    expect(await all((await open()).list())).toEqual([]);
  });

  it("gives what a filter matches, in pages of any size, and no cursor after the last record", async () => {
    const { store, given } = await filled();
    const filter = { group: "g1", n: { $gte: 50 } };
    const expected = idsOf(given.filter(({ metadata }) => metadata.group === "g1" && metadata.n >= 50) as never);
    expect(idsOf(await all(store.list({ filter })))).toEqual(expected);
    expect(idsOf(await all(store.list({ filter, limit: 30 })))).toEqual(expected.slice(0, 30));
    for (const limit of [1, 7, expected.length - 1, expected.length, 10_000]) {
      const found: string[] = [];
      let pages = 0;
      let cursor: string | undefined;
      do {
        const page = await store.listPage({ filter, limit, cursor });
        found.push(...idsOf(page.records));
        cursor = page.cursor;
        pages += 1;
      } while (cursor !== undefined);
      expect(found).toEqual(expected);
      expect(pages).toBe(Math.ceil(expected.length / limit));
    }
    const { cursor } = await store.listPage({ filter, limit: 5 });
    expect(idsOf(await all(store.list({ filter, cursor, limit: 3 })))).toEqual(expected.slice(5, 8));
  });

  it("passes over as many records as it is told, from the beginning or a cursor on", async () => {
    const { store, given } = await filled();
    const even = given.filter(({ metadata }) => metadata.n % 2 === 0);
    for (const [options, expected] of [
      [{}, given],
      [{ filter: { even: true } }, even],
    ] as const) {
      for (const offset of [0, 1, 299, expected.length - 1, expected.length, 5_000]) {
        const { records: found, cursor } = await store.listPage({ ...options, offset, limit: 3 });
        expect(idsOf(found)).toEqual(expected.slice(offset, offset + 3).map(({ id }) => id));
        expect(cursor !== undefined).toBe(offset + 3 < expected.length);
        if (cursor === undefined) continue;
        const next = await store.listPage({ ...options, cursor, offset: 10, limit: 1 });
        expect(idsOf(next.records)).toEqual(expected.slice(offset + 13, offset + 14).map(({ id }) => id));
      }
    }
    const few = await store.listPage({ namespace: "other", offset: 48 });
    expect(few.records).toHaveLength(2);
    await refusal(store.listPage({ offset: -1 }), "ARGUMENT");
  });

  it("gives the few records of a namespace among many of others in the order in which they were written", async () => {
    const { store } = await filled();
    const few = records(8, DIM, 3).reverse();
    for (const [i, record] of few.entries()) {
      await store.upsert([record], { namespace: "few" });
      await store.upsert(
        records(300, DIM, i).map((other) => ({ ...other, id: `${i} ${other.id}` })),
        { namespace: "many" },
      );
    }
    const filter = { n: { $gt: 1 } };
    for (const limit of [1, 2, 5, 6, 7]) {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.listPage({ namespace: "few", filter, limit, cursor, includeVectors: true });
        expect(page.records.map(({ vector }) => vector)).toEqual(
          few
            .slice(found.length, found.length + limit)
            .flatMap(({ metadata, vector }) => (metadata.n > 1 ? [vector] : [])),
        );
        found.push(...idsOf(page.records));
        cursor = page.cursor;
      } while (cursor !== undefined);
      expect(found).toEqual(["r7", "r6", "r5", "r4", "r3", "r2"]);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.listPage({ namespace: "few", limit: 3, cursor });
      seen.push(...idsOf(page.records));
      cursor = page.cursor;
      await store.upsert([{ id: `new ${seen.length}`, vector: new Float32Array(DIM).fill(2) }], { namespace: "few" });
    } while (cursor !== undefined);
    expect(seen).toHaveLength(8);
  });

  it("ends when its loop writes, and passes over what the loop deletes", async () => {
    const { store, given } = await filled();
    const seen: string[] = [];
    for await (const { id, text, metadata } of store.list({ includeVectors: true })) {
      seen.push(id);
      if (seen.length % 100 === 1) await store.upsert([{ id, vector: new Float32Array(DIM).fill(1), text, metadata }]);
      if (seen.length === 10) await store.delete({ filter: { n: { $gte: 550 } } });
      if (seen.length === 20) await store.upsert([{ id: "new", vector: new Float32Array(DIM).fill(2) }]);
    }
    // The page that was read before the deletion still has its records.
    expect(seen).toEqual(idsOf(given.filter(({ metadata }) => metadata.n < 550) as never));
    expect(idsOf(await all(store.list()))).toContain("new");
  });

  it("finds its few records among many deleted ones", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(records(6_000, DIM));
    await store.delete({ filter: { n: { $gt: 0, $lt: 5_999 } } });
    expect(idsOf(await all(store.list()))).toEqual(["r0", "r5999"]);
  });

  it("is refused with bad options, when aborted and after close", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(records(5, DIM));
    const next = (options: object) => () => store.list(options).next();
    for (const limit of [0, -1, 1.5, "5", null, Number.NaN])
      await refusal(next({ limit }), "ARGUMENT", /limit is .*whole number from 1/);
    await refusal(() => store.listPage({ limit: 10_001 }), "ARGUMENT", /limit is 10001.*from 1 to 10000/);
    for (const cursor of ["", "x", "l1", "l1-", "q1-2", 5, null, {}])
      await refusal(next({ cursor }), "ARGUMENT", /cursor is .*give the cursor of a page of listPage/);
    await refusal(next({ filter: { n: { $near: 1 } } }), "FILTER", /unknown operator/);
    await refusal(next({ nameSpace: "x" }), "ARGUMENT", /Unknown option "nameSpace" of listPage/);
    await refusal(next({ namespace: "" }), "ARGUMENT", /namespace is ""/);
    await refusal(next({ signal: AbortSignal.abort() }), "ABORTED");
    await store.close();
    await refusal(next({}), "CLOSED");
  });
});
