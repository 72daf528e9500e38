import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { ThermoclineStore } from "@thermocline/langchain/langgraph";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const embeddings = new WordEmbeddings();
const long = (letter: string) => letter.repeat(300);

/** What fields hold, and what they are compared with: enough of everything to meet often. */
const scalars = [0, 1, -2.5, 10, "", " ", "1", "10", "-2.5", "a", "b", "0x10", "é", "🦑", true, false, null, long("x")];
const scalar = fc.constantFrom(...scalars, long("y"));
const field = fc.constantFrom("a", "b", "$c", "d e", "", "__proto__", "toString", "q\\r");
const nested = fc.oneof(
  fc.array(scalar, { maxLength: 2 }),
  fc.dictionary(field, scalar, { maxKeys: 2, noNullPrototype: true }),
);
const nestedField = fc.constantFrom("list", "object");
const value = fc
  .tuple(
    fc.dictionary(field, scalar, { maxKeys: 5, noNullPrototype: true }),
    fc.dictionary(nestedField, nested, { maxKeys: 2, noNullPrototype: true }),
  )
  .map(([scalars, others]): Record<string, unknown> => ({ ...scalars, ...others }));

const order = fc.constantFrom("$gt", "$gte", "$lt", "$lte");
// LangGraph's own store compares strings that are no numbers as if none were before another.
const bound = fc.constantFrom(0, 1, -2.5, 10, "1", "10", "", " ", true, null, Number.POSITIVE_INFINITY, Number.NaN);
const equality = fc.oneof(
  fc.tuple(fc.constantFrom("$eq", "$ne"), scalar),
  fc.tuple(fc.constantFrom("$in", "$nin"), fc.array(scalar, { maxLength: 3 })),
);
const conditionOf = (operators: fc.Arbitrary<[string, unknown]>) =>
  fc.oneof(
    scalar,
    fc.array(operators, { maxLength: 3 }).map((entries) => Object.fromEntries(entries)),
  );
const named = field.filter((name) => !name.startsWith("$"));
// That store makes numbers of lists of one, too, and fails at some objects.
const filter = fc
  .tuple(
    fc.dictionary(named, conditionOf(fc.oneof(equality, fc.tuple(order, bound))), { maxKeys: 3 }),
    fc.dictionary(nestedField, conditionOf(equality), { maxKeys: 1 }),
  )
  .map(([scalars, others]): Record<string, unknown> => ({ ...scalars, ...others }));

const keys = (items: readonly { readonly key: string }[]) => items.map(({ key }) => key).sort();

describe("filters", () => {
  const values = fc.sample(value, { numRuns: 400, seed: 11 });
  const memory = new ThermoclineStore({ index: { dims: 96, embeddings, fields: ["$"] } });
  const own = new InMemoryStore();
  beforeAll(async () => {
    const puts = values.map((one, i) => ({ namespace: ["f"], key: `${i}`, value: one }));
    await memory.batch(puts);
    await own.batch(puts);
  });
  afterAll(() => memory.stop());

  it("hold where they hold in InMemoryStore", async () => {
    let found = 0;
    await fc.assert(
      fc.asyncProperty(filter, async (given) => {
        const expected = await own.search(["f"], { filter: given, limit: 1_000 });
        found += expected.length > 0 && expected.length < values.length ? 1 : 0;
        expect(keys(await memory.search(["f"], { filter: given, limit: 1_000 }))).toEqual(keys(expected));
      }),
      { numRuns: 200 },
    );
    expect(found).toBeGreaterThan(30);
  });

  it("hold for queries where they hold for searches without one", async () => {
    await fc.assert(
      fc.asyncProperty(filter, async (given) => {
        const without = await memory.search(["f"], { filter: given, limit: 1_000 });
        const ranked = await memory.search(["f"], { filter: given, limit: 1_000, query: "a b 10" });
        expect(keys(ranked)).toEqual(keys(without));
      }),
      { numRuns: 40 },
    );
  });
});

describe("beyond InMemoryStore's, filters", () => {
  const memory = new ThermoclineStore();
  const found = async (filter: Record<string, unknown>) => keys(await memory.search(["g"], { filter }));
  beforeAll(async () => {
    await memory.put(["g"], "ada", { born: "1815-12-10", city: { name: "London", size: 8.9 }, tags: ["maths"] });
    await memory.put(["g"], "alan", { born: "1912-06-23", city: { name: "London", size: 8.9 }, died: null });
    await memory.put(["g"], "dot", { born: "1906-12-09", "city.name": "New York" });
    await memory.put(["g"], "long", { born: long("1"), city: { name: long("London") } });
  });
  afterAll(() => memory.stop());

  it("ask whether a field is there; a null is", async () => {
    expect(await found({ died: { $exists: true } })).toEqual(["alan"]);
    expect(await found({ died: { $exists: false } })).toEqual(["ada", "dot", "long"]);
    expect(await found({ tags: { $exists: true } })).toEqual(["ada"]);
    expect(await found({ died: undefined })).toEqual(["ada", "dot", "long"]);
    expect(await found({ born: { $exists: true }, "city.name": { $exists: true } })).toHaveLength(4);
  });

  it("go into objects by dots, or by objects", async () => {
    expect(await found({ "city.name": "London" })).toEqual(["ada", "alan"]);
    expect(await found({ city: { name: "London", size: { $gt: 8 } } })).toEqual(["ada", "alan"]);
    expect(await found({ "city.name": "New York" })).toEqual(["dot"]);
    expect(await found({ "city.name": { $nin: ["London"] } })).toEqual(["dot", "long"]);
    expect(await found({ "city.name": long("London") })).toEqual(["long"]);
    expect(await found({ "city.name": { $in: ["London", long("London")] } })).toEqual(["ada", "alan", "long"]);
  });

  it("order strings that are no numbers, and dates as their ISO strings", async () => {
    expect(await found({ born: { $lt: "1900-01-01" } })).toEqual(["ada"]);
    expect(await found({ born: { $gte: new Date("1906-12-09T00:00:00Z") } })).toEqual(["alan"]);
    expect(await found({ born: { $gt: "1900-01-01", $lt: "1910-01-01" } })).toEqual(["dot"]);
  });

  it("that mean nothing are refused", async () => {
    const bad = [
      { born: { $about: 1 } },
      { born: { $gt: 1, plain: 2 } },
      { born: { $in: "1815" } },
      { born: { $exists: 1 } },
      { born: { $gt: [] } },
      { tags: ["maths"] },
      { $or: [{ born: "x" }] },
      { born: new Date("never") },
    ];
    for (const filter of bad) {
      await expect(found(filter), JSON.stringify(filter)).rejects.toMatchObject({ code: "FILTER" });
    }
    await expect(memory.search(["g"], { filter: [] as never })).rejects.toMatchObject({ code: "FILTER" });
  });
});
