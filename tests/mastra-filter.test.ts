import type { Metadata } from "@thermocline/core";
import { ThermoclineVector, type ThermoclineVectorFilter } from "@thermocline/mastra";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterPredicate } from "../packages/core/src/filter/predicate.js";
import { filterOf, narrowing, predicateOf } from "../packages/mastra/src/condition.js";
import { ThermoclineFilterTranslator } from "../packages/mastra/src/filter-translator.js";
import { filter, metadata, satisfies } from "./support/mastra-language.js";

const translate = (given: unknown) => new ThermoclineFilterTranslator().translate(given as ThermoclineVectorFilter);

/** Whether the filter holds; what of it core's own language can say must say the same. */
function holds(given: unknown, document: Metadata): boolean {
  const condition = translate(given);
  if (!condition) return true;
  const answer = predicateOf(condition)(document);
  const asFilter = filterOf(condition);
  if (asFilter) expect(filterPredicate(asFilter)(document)).toBe(answer);
  if (answer) expect(filterPredicate(narrowing(condition))(document)).toBe(true);
  return answer;
}

it("random filters over random metadata mean what the language says", () => {
  let [yes, no, tests] = [0, 0, 0];
  fc.assert(
    fc.property(filter, fc.array(metadata, { minLength: 4, maxLength: 10 }), (random, documents) => {
      const condition = translate(random);
      if (condition && !filterOf(condition)) tests++;
      for (const document of documents) {
        const expected = satisfies(document, random);
        expect(holds(random, document as Metadata)).toBe(expected);
        expected ? yes++ : no++;
      }
    }),
    { numRuns: 2_000 },
  );
  expect(Math.min(yes, no)).toBeGreaterThan(1_000);
  expect(tests).toBeGreaterThan(200);
}, 120_000);

it("a store finds by random filters what the language says, with a vector and without, and deletes the same", async () => {
  await using vectors = new ThermoclineVector({ id: "random" });
  let found = 0;
  await fc.assert(
    fc.asyncProperty(filter, fc.array(metadata, { minLength: 6, maxLength: 12 }), async (random, documents) => {
      const indexName = "random";
      await vectors.deleteIndex({ indexName });
      await vectors.createIndex({ indexName, dimension: 2 });
      const ids = documents.map((_, i) => `${i}`);
      const rows = documents.map((_, i) => [1, i]);
      await vectors.upsert({ indexName, ids, vectors: rows, metadata: [...documents] });
      const expected = ids.filter((_, i) => satisfies(documents[i] ?? {}, random));
      found += expected.length;
      const given = random as ThermoclineVectorFilter;
      const hits = await vectors.query({ indexName, queryVector: [1, 0], topK: 20, filter: given });
      // The farther along, the less like the query.
      expect(hits.map(({ id }) => id)).toEqual(expected);
      const some = await vectors.query({ indexName, queryVector: [1, 0], topK: 2, filter: given });
      expect(some.map(({ id }) => id)).toEqual(expected.slice(0, 2));
      const condition = translate(random);
      if (!condition || (condition.kind === "all" && condition.of.length === 0)) return;
      expect((await vectors.query({ indexName, topK: 20, filter: given })).map(({ id }) => id)).toEqual(expected);
      await vectors.deleteVectors({ indexName, filter: given });
      const left = await vectors.query({ indexName, queryVector: [1, 0], topK: 20 });
      expect(left.map(({ id }) => id)).toEqual(ids.filter((id) => !expected.includes(id)));
    }),
    { numRuns: 150 },
  );
  expect(found).toBeGreaterThan(200);
}, 120_000);

describe("a filter", () => {
  const cases: [string, unknown, Metadata, boolean][] = [
    ["finds a missing field by null", { a: null }, {}, true],
    ["finds a null by null", { a: { $eq: null } }, { a: null }, true],
    ["does not find a value by null", { a: null }, { a: 0 }, false],
    ["finds what is neither null nor missing by $ne null", { a: { $ne: null } }, { a: 0 }, true],
    ["does not find what is missing by $ne null", { a: { $ne: null } }, {}, false],
    ["takes a null for there", { a: { $exists: true } }, { a: null }, true],
    ["looks into arrays for equality", { a: "x" }, { a: ["x", "y"] }, true],
    ["takes a list for $in", { a: ["x", "z"] }, { a: "x" }, true],
    ["takes a single value for a list of one", { a: { $in: "x" } }, { a: "x" }, true],
    ["compares lists whole by $eq", { a: { $eq: ["x", "y"] } }, { a: ["y", "x"] }, false],
    [
      "compares objects whole, whatever the order of their keys",
      { a: { $eq: { b: 1, c: 2 } } },
      { a: { c: 2, b: 1 } },
      true,
    ],
    ["takes an object for conditions on nested fields", { a: { b: { c: 1 } } }, { a: { b: { c: 1, d: 2 } } }, true],
    ["does not walk through arrays", { "a.b": 1 }, { a: [{ b: 1 }] }, false],
    ["does not order across types", { a: { $gt: 1 } }, { a: "2" }, false],
    ["does not take what is missing for the contrary of an order", { a: { $not: { $lt: 1 } } }, {}, false],
    ["does not take a null for the contrary of an order", { a: { $not: { $lt: 1 } } }, { a: null }, false],
    ["takes what is missing for the contrary of an order in a filter", { $not: { a: { $lt: 1 } } }, {}, true],
    ["takes what is missing for the contrary of any other condition", { a: { $not: { $in: [1] } } }, {}, true],
    ["orders dates as their ISO strings", { a: { $lt: new Date(1) } }, { a: new Date(0).toISOString() }, true],
    ["finds all of some elements", { a: { $all: ["x", "y"] } }, { a: ["y", "z", "x"] }, true],
    ["finds nothing by all of none", { a: { $all: [] } }, { a: [] }, false],
    [
      "finds objects in an array",
      { a: { $elemMatch: { b: { $gt: 1 }, c: "x" } } },
      { a: [{ b: 2 }, { b: 3, c: "x" }] },
      true,
    ],
    ["asks all of one element", { a: { $elemMatch: { b: 2, c: "x" } } }, { a: [{ b: 2 }, { b: 3, c: "x" }] }, false],
    ["finds values in an array", { a: { $elemMatch: { $gt: 1, $lt: 3 } } }, { a: [0, 2, 4] }, true],
    ["finds what an element is not", { a: { $elemMatch: { $not: { $gt: 1 } } } }, { a: [2, 3] }, false],
    [
      "joins conditions on an element's fields",
      { a: { $elemMatch: { $or: [{ b: 1 }, { b: 2 }] } } },
      { a: [{ b: 2 }] },
      true,
    ],
    ["finds no element of what is no array", { a: { $elemMatch: { $eq: 1 } } }, { a: 1 }, false],
    ["finds strings by a pattern", { a: { $regex: "^sea", $options: "i" } }, { a: "Seaside" }, true],
    ["takes options at the beginning of a pattern", { a: { $regex: "(?i)^sea" } }, { a: "Seaside" }, true],
    ["takes a RegExp as it is", { a: /^sea/i }, { a: "Seaside" }, true],
    ["takes a RegExp within $not", { a: { $not: /^sea/ } }, { a: "Seaside" }, true],
    ["looks into arrays for a pattern", { a: { $regex: "^s" } }, { a: ["x", "sea"] }, true],
    ["finds no pattern in numbers", { a: { $regex: "1" } }, { a: 1 }, false],
    ["finds a part of a string", { a: { $contains: "ea" } }, { a: "sea" }, true],
    ["finds several elements by $contains", { a: { $contains: ["x", "y"] } }, { a: ["y", "x"] }, true],
    ["counts elements", { a: { $size: 2 } }, { a: ["x", "y"] }, true],
    ["takes $nor of nothing for everything", { $nor: [] }, {}, true],
    ["takes $or of nothing for nothing", { $or: [], a: 1 }, { a: 1 }, false],
    ["takes a backslash for a letter", { "a\\": 1 }, { "a\\": 1 }, true],
  ];
  it.each(cases)("%s", (_, given, document, expected) => {
    expect(holds(given, document)).toBe(expected);
    expect(holds({ $not: given }, document)).toBe(!expected);
  });

  it("asks a pattern with a place to go on from the same each time", () => {
    const condition = translate({ a: /a/g });
    const asked = condition && predicateOf(condition);
    expect([1, 2, 3].map(() => asked?.({ a: "aa" }))).toEqual([true, true, true]);
  });

  it("may be joined many levels deep", () => {
    let deep: unknown = { a: 1 };
    for (let i = 0; i < 100; i++) deep = { $and: [deep, { b: { $gte: 0 } }] };
    const condition = translate(deep);
    expect(condition && filterOf(condition)).toMatchObject({ $and: { length: 101 } });
    expect(holds(deep, { a: 1, b: 0 })).toBe(true);
  });
});

describe("what is refused", () => {
  const self: Record<string, unknown> = {};
  self.$and = [self];
  const cases: [unknown, RegExp][] = [
    [{ a: { $about: 1 } }, /Unsupported operator: \$about/],
    [{ $about: 1 }, /Unsupported operator: \$about/],
    [{ $not: { a: { $about: 1 } } }, /Unsupported operator: \$about/],
    [{ $gt: 1 }, /Invalid top-level operator: \$gt/],
    [{ $and: "a" }, /\$and is no array/],
    [{ $or: {} }, /\$or is no array/],
    [{ $and: [null] }, /\$and\[0\] is no object/],
    [{ a: { $or: [{ b: 1 }] } }, /cannot be used at field level: a/],
    [{ a: { b: 1, $gt: 1 } }, /Unsupported operator: b/],
    [{ $not: {} }, /\$not operator cannot be empty/],
    [{ $not: [] }, /\$not operator requires an object/],
    [{ a: { $not: 1 } }, /\$not operator requires an object/],
    [{ a: {} }, /a has an object without conditions/],
    [{ a: undefined }, /a/],
    [{ a: { $gt: [10, 20] } }, /\$gt/],
    [{ a: { $gt: null } }, /\$gt/],
    [{ a: { $exists: 1 } }, /\$exists/],
    [{ a: { $in: [Number.NaN] } }, /\$in/],
    [{ a: { $size: -1 } }, /\$size on a is -1/],
    [{ a: { $elemMatch: 1 } }, /\$elemMatch on a is no object/],
    [{ a: { $elemMatch: {} } }, /\$elemMatch requires an object/],
    [{ a: { $regex: 1 } }, /\$regex on a is no pattern/],
    [{ a: { $regex: "(" } }, /\$regex on a is no pattern of JavaScript/],
    [{ a: { $regex: "a", $options: "x" } }, /\$options on a/],
    [{ a: { $options: "i" } }, /\$options on a has no \$regex/],
    [{ a: { $eq: [self] } }, /what JSON cannot say/],
    [self, /nested deeper than 256 levels/],
    ["a = 1", /The filter is no object/],
    [new Map(), /The filter is no object/],
  ];
  it.each(cases)("%o", async (given, message) => {
    await using vectors = new ThermoclineVector({ id: "refusing" });
    await vectors.createIndex({ indexName: "a", dimension: 2 });
    await vectors.upsert({ indexName: "a", vectors: [[1, 0]], metadata: [{ a: 1 }] });
    const refused = vectors.query({ indexName: "a", queryVector: [1, 0], filter: given as ThermoclineVectorFilter });
    await expect(refused).rejects.toMatchObject({ id: "MASTRA_VECTOR_THERMOCLINE_QUERY_FILTER", category: "USER" });
    await expect(refused).rejects.toThrow(message);
  });
});
