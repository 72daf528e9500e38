import { type Metadata, Thermocline } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { Reader } from "../packages/core/src/catalogue/reader.js";
import { evaluateFilter } from "../packages/core/src/filter/evaluate.js";
import { parseFilter } from "../packages/core/src/filter/parse.js";
import { database, edit } from "./support/database.js";
import { document, filter } from "./support/random-filters.js";
import { backends, bench, refusal } from "./support/stores.js";

const ROWS = 5_000;
const VECTOR = [1, 0];

type Row = { id: string; vector: number[]; metadata: Metadata };

function rows(count: number, metadata: (n: number) => Metadata, from = 0): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `r${from + i}`,
    vector: VECTOR,
    metadata: metadata(from + i),
  }));
}

/** Ids that a query finds, in the order of the rows. */
async function found(store: Thermocline, wanted: object, options: object = {}): Promise<string[]> {
  return (await store.query({ vector: VECTOR, k: 20_000, filter: wanted as never, ...options })).map(({ id }) => id);
}

/** Waits until the indexes of a store hold all of its first rows, but for a few. */
async function indexed(store: Thermocline, fields: readonly string[], least = 4_608): Promise<void> {
  await vi.waitFor(
    () => {
      const { indexes } = store.stats();
      expect(indexes.map(({ field }) => field).sort()).toEqual([...fields].sort());
      for (const index of indexes) expect(index.rows).toBeGreaterThanOrEqual(least);
    },
    { timeout: 15_000 },
  );
}

const meta = (n: number): Metadata => ({
  n,
  even: n % 2 === 0,
  tags: [`t${n % 7}`, n % 3],
  "a.b": { 'q"': `v${n % 10}` },
});

describe.each(backends)("indexes of fields, %s", (backend) => {
  const { open, path } = bench(backend);

  it("lose with compact what they say of rows that are gone, and go on with those that come", async () => {
    const store = await open({ indexedFields: 1 });
    await store.upsert(rows(ROWS, meta));
    for (let i = 0; i < 3; i++) await found(store, { n: { $gte: 4_900 + i } });
    await indexed(store, ["n"]);
    const [before] = store.stats().indexes;
    await store.delete({ filter: { n: { $lt: 4_096 } } });
    expect(store.stats().indexes[0]?.bytes).toBe(before?.bytes);
    await store.compact();
    const [after] = store.stats().indexes;
    expect(after?.rows).toBe(before?.rows);
    expect(after?.bytes).toBeLessThan((before?.bytes ?? 0) / 4);
    expect(await found(store, { n: { $lt: 4_100 } })).toEqual(["r4096", "r4097", "r4098", "r4099"]);
    await store.upsert(rows(ROWS, meta, ROWS));
    await found(store, { n: { $gte: 4_900 } });
    await indexed(store, ["n"], 9_000);
    expect(await found(store, { n: { $gt: 4_998, $lt: 5_002 } })).toEqual(["r4999", "r5000", "r5001"]);
  });

  it("are made of the fields that filters use, and say what was said without them", async () => {
    const store = await open();
    await store.upsert(rows(ROWS, meta));
    expect(store.stats().indexes).toEqual([]);
    const filters = [
      { n: { $gte: 100, $lt: 140 } },
      { n: { $in: [3, 4_999, 7_000] }, even: false },
      { $or: [{ tags: "t3" }, { tags: 1 }], n: { $lt: 50 } },
      { 'a\\.b.q"': "v3", $not: { n: { $gt: 200 } } },
      { n: { $not: { $gte: 10 } } },
      { missing: { $exists: false }, n: 9 },
    ];
    const before = [];
    for (const each of filters) before.push(await found(store, each));
    expect(before.map(({ length }) => length)).toEqual([40, 2, 22, 20, 10, 1]);
    for (const n of [1, 2, 3]) for (const each of filters) await found(store, { $and: [each, { n: { $gte: -n } }] });
    await indexed(store, ["n", "even", "tags", 'a\\.b.q"', "missing"]);
    for (const [i, each] of filters.entries()) {
      expect(await found(store, { $and: [each, { n: { $gte: -9 } }] })).toEqual(before[i]);
      expect(await store.count({ $and: [each, { n: { $gte: -8 } }] } as never)).toBe(before[i]?.length);
    }
    const [index] = store.stats().indexes;
    expect(index?.bytes).toBeGreaterThan(0);
    expect(index?.uses).toBeGreaterThan(6);
  });

  it("tell a listing which rows to pass over, and it says what it said without them", async () => {
    const store = await open();
    await store.upsert(rows(ROWS, meta));
    await store.upsert([{ id: "r7", metadata: { n: 4_300, even: true } }], { namespace: "other" });
    await store.upsert(rows(ROWS, meta, ROWS));
    const listed = async (filter: object, limit: number) => {
      const ids: string[] = [];
      for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
        const page = await store.listPage({ filter: filter as never, limit, cursor });
        ids.push(...page.records.map(({ id }) => id));
        cursor = page.cursor;
      }
      return ids;
    };
    const filters = [
      { n: { $gte: 4_090, $lt: 4_100 } },
      { n: { $in: [0, 4_095, 4_096, 9_999, 20_000] } },
      { n: { $lt: 9_000 }, even: true },
      { n: { $gt: 8_500 }, $not: { tags: 1 } },
      { n: -1 },
      { n: 4_300 },
    ];
    const before = [];
    for (const each of filters) before.push(await listed(each, 700));
    expect(before.map(({ length }) => length)).toEqual([10, 4, 4_500, 1_000, 0, 1]);
    for (let i = 0; i < 3; i++) await listed({ n: 1, even: true, tags: 1 }, 9);
    await indexed(store, ["n", "even", "tags"], 8_192);
    const statements = vi.spyOn(Reader.prototype, "recordsBetween");
    expect(await listed({ n: -1 }, 700)).toEqual([]);
    // Only for the last rows, which no index holds yet.
    expect(statements.mock.calls.length).toBeLessThan(3);
    statements.mockRestore();
    for (const [i, each] of filters.entries()) expect(await listed(each, i % 2 === 0 ? 700 : 3)).toEqual(before[i]);
    await store.delete({ ids: ["r4095", "r9999"] });
    await store.upsert([{ id: "r0", vector: VECTOR, metadata: { n: 4_096 } }]);
    expect(await listed(filters[1] ?? {}, 10)).toEqual(["r4096", "r0"]);
  });

  it("find what was written after them, and not what was deleted or replaced since", async () => {
    const store = await open();
    await store.upsert(rows(ROWS, meta));
    for (const bound of [1, 2, 3]) await found(store, { n: { $lt: bound } });
    await indexed(store, ["n"]);
    await store.delete({ ids: ["r5"] });
    await store.upsert(rows(1, () => ({ n: 4_000 }), 6));
    await store.upsert(rows(700, (n) => ({ n: n - ROWS + 0.5 }), ROWS));
    expect(await found(store, { n: { $gte: 4, $lt: 8 } })).toEqual(["r4", "r7", "r5004", "r5005", "r5006", "r5007"]);
    expect(await store.count({ n: { $gte: 4, $lt: 8 } })).toBe(6);
    expect(await found(store, { n: 4_000 })).toEqual(["r4000", "r6"]);
    expect(await store.delete({ filter: { n: { $gte: 4, $lt: 8 } } })).toBe(6);
    expect(await found(store, { n: { $gte: 3, $lt: 9 } })).toEqual(["r3", "r8", "r5003", "r5008"]);
    expect(await store.demote({ filter: { n: { $gte: 3, $lt: 9 } } })).toBe(4);
  });

  it("see other namespaces' rows and give none of them", async () => {
    const store = await open();
    await store.upsert(rows(ROWS, meta));
    await store.upsert(rows(ROWS, meta), { namespace: "other" });
    await store.upsert(rows(20, meta), { namespace: "small" });
    for (const bound of [11, 12, 13]) await found(store, { n: { $lt: bound } });
    await indexed(store, ["n"], 9_000);
    for (const namespace of ["default", "other", "small"]) {
      expect(await found(store, { n: { $lt: 15 } }, { namespace })).toHaveLength(15);
      expect(await store.count({ n: { $lt: 16 } }, { namespace })).toBe(16);
      expect(await store.delete({ filter: { n: { $lt: 5 } } }, { namespace })).toBe(5);
      expect(await found(store, { $not: { n: { $gte: 17 } } }, { namespace })).toHaveLength(12);
    }
  });

  it("are no more than asked for: the field used least gives way", async () => {
    const store = await open({ indexedFields: 2 });
    await store.upsert(rows(ROWS, (n) => ({ a: n, b: n, c: n })));
    for (const bound of [1, 2, 3]) await found(store, { a: { $lt: bound } });
    for (const bound of [1, 2]) await found(store, { b: { $lt: bound } });
    await indexed(store, ["a", "b"]);
    for (const bound of [1, 2, 3, 4]) await found(store, { c: { $lt: bound } });
    expect(store.stats().indexes.map(({ field }) => field)).toEqual(["a", "b"]);
    await found(store, { c: { $lt: 5 } });
    await indexed(store, ["a", "c"]);
    expect(await found(store, { c: { $lt: 3 }, a: { $gte: 1 } })).toEqual(["r1", "r2"]);
    const none = await open({ indexedFields: 0 });
    await none.upsert(rows(ROWS, meta));
    for (const bound of [1, 2, 3, 4]) expect(await found(none, { n: { $lt: bound } })).toHaveLength(bound);
    expect(none.stats().indexes).toEqual([]);
    await refusal(open({ indexedFields: 65 }), "ARGUMENT", /indexedFields is 65/);
  });

  it("are not made of long texts", async () => {
    const store = await open();
    await store.upsert(rows(ROWS, (n) => ({ n, text: `${n} `.repeat(100) })));
    for (const n of [1, 2, 3])
      expect(await found(store, { text: { $contains: ` ${n} ` }, n: { $lt: 5 } })).toEqual([`r${n}`]);
    await indexed(store, ["n"]);
    expect(await found(store, { text: "4 ".repeat(100) })).toEqual(["r4"]);
  });

  it("agree with the evaluator on random filters over random metadata", { timeout: 60_000 }, async () => {
    const documents = fc
      .sample(document, { numRuns: 300, seed: 7 })
      .map((each) => JSON.parse(JSON.stringify(each)) as Metadata);
    const store = await open({ indexedFields: 64 });
    const at = (n: number) => documents[n % documents.length] ?? {};
    await store.upsert(rows(ROWS, at));
    const filters = fc.sample(filter, { numRuns: 15, seed: 8 });
    for (const round of [1, 2, 3]) {
      // No two filters are the same, so that no mask is.
      for (const each of filters.map((each) => ({ $and: [each, { none: { $ne: round } }] }))) {
        const node = parseFilter(each);
        const verdicts = documents.map((metadata) => evaluateFilter(node, metadata));
        const expected = rows(ROWS, at).filter((_, n) => verdicts[n % verdicts.length]);
        expect(await found(store, each, { k: ROWS })).toEqual(expected.map(({ id }) => id));
      }
      await vi.waitFor(() => expect(store.stats().indexes.length).toBeGreaterThan(round === 1 ? -1 : 15), {
        timeout: 15_000,
      });
    }
  });

  it("leave the event loop to others while rows are looked at, and a query to its signal", async () => {
    const store = await open({ indexedFields: 0 });
    await store.upsert(rows(15_000, meta));
    const aborting = new AbortController();
    setImmediate(() => aborting.abort());
    await refusal(found(store, { tags: { $contains: "t" }, n: { $gt: 5 } }, { signal: aborting.signal }), "ABORTED");
    const counting = new AbortController();
    setImmediate(() => counting.abort());
    await refusal(store.count({ tags: "t1", n: { $gt: 4 } }, { signal: counting.signal }), "ABORTED");
    expect(await store.count({ n: { $gte: 14_990 } })).toBe(10);
  });

  it("a record that is replaced while rows are looked at is found once", { timeout: 60_000 }, async () => {
    const store = await open({ indexedFields: 0 });
    await store.upsert(rows(6_000, meta));
    const moving = rows(3, () => ({ moving: true }), 20_000);
    await store.upsert(moving);
    let done = false;
    const writing = (async () => {
      for (; !done; await new Promise(setImmediate)) await store.upsert(moving);
    })();
    try {
      for (let round = 0; round < 3; round++) {
        const wanted = { moving: true, n: { $ne: round } };
        expect((await found(store, wanted)).sort()).toEqual(["r20000", "r20001", "r20002"]);
        expect(await store.count({ ...wanted, x: { $ne: 1 } })).toBe(3);
      }
    } finally {
      done = true;
      await writing;
    }
  });

  if (backend === "on file") {
    it("leave nothing behind of a field that is not indexed any more once compact was called", async () => {
      const file = path();
      await (await open({ path: file, dim: 2 })).close();
      edit(file, "INSERT INTO field_values VALUES (7, 0, 4096, zeroblob(10000), 1)");
      const store = await open({ path: file });
      await store.compact();
      await store.close();
      const opened = database(file);
      expect(opened.prepare("SELECT count(*) AS count FROM field_values").get()).toEqual({ count: 0 });
      opened.close();
    });

    it("outlive the store that made them, see other openings' writes, and are refused when damaged", async () => {
      const file = path();
      const first = await open({ path: file });
      await first.upsert(rows(ROWS, meta));
      for (const bound of [1, 2, 3]) await found(first, { n: { $lt: bound } });
      await indexed(first, ["n"]);
      const second = await Thermocline.open({ path: file });
      expect(second.stats().indexes).toMatchObject([{ field: "n", rows: first.stats().indexes[0]?.rows, uses: 0 }]);
      await first.upsert(rows(1, () => ({ n: -1 }), ROWS));
      expect(await found(second, { n: { $lt: 2 } })).toEqual(["r0", "r1", "r5000"]);
      await second.delete({ ids: ["r1"] });
      expect(await found(first, { n: { $lt: 2.5 } })).toEqual(["r0", "r2", "r5000"]);
      await first.close();
      await second.close();
      edit(file, "UPDATE field_values SET entries = zeroblob(length(entries)) WHERE first = 0");
      await refusal(open({ path: file }), "CORRUPT", /index of field 1 from row 0 on is damaged/);
    });
  }
});
