import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { evaluateFilter } from "../packages/core/src/filter/evaluate.js";
import type { Filter } from "../packages/core/src/filter/filter.js";
import { parseFilter } from "../packages/core/src/filter/parse.js";
import { compileFilter, filterFields } from "../packages/core/src/filter/sql.js";
import type { JsonValue, Metadata } from "../packages/core/src/types.js";

interface Database {
  prepare(sql: string): { get(...parameters: unknown[]): unknown };
}

// The SQLite that core opens on this Node.
const requireFromCore = createRequire(new URL("../packages/core/package.json", import.meta.url));
const { DatabaseSync } = (process.getBuiltinModule?.("node:sqlite") ?? requireFromCore("@photostructure/sqlite")) as {
  DatabaseSync: new (path: string) => Database;
};
const database = new DatabaseSync(":memory:");

/** What SQLite says of a document, given as JSON: 1 or 0. */
function verdict(filter: unknown, json: string | null): unknown {
  const { sql, parameters } = compileFilter(parseFilter(filter), "records.metadata");
  const statement = database.prepare(`SELECT ${sql} AS verdict FROM (SELECT ? AS metadata) AS records`);
  return (statement.get(...parameters, json) as { verdict: unknown }).verdict;
}

/** Whether the filter matches; JavaScript and SQL must say the same, and `$not` the opposite. */
function matches(filter: Filter, document: Metadata): boolean {
  const answer = evaluateFilter(parseFilter(filter), document);
  expect(verdict(filter, JSON.stringify(document))).toBe(Number(answer));
  expect(verdict({ $not: filter }, JSON.stringify(document))).toBe(Number(!answer));
  return answer;
}

/** Which of the values, put under `x`, a condition on `x` picks. */
function picked(condition: unknown, values: readonly JsonValue[]): JsonValue[] {
  return values.filter((x) => matches({ x: condition } as Filter, { x }));
}

const ASSORTED: readonly JsonValue[] = [
  0,
  1,
  -1,
  2.5,
  "",
  "0",
  "1",
  "a",
  true,
  false,
  null,
  [],
  {},
  [1],
  ["1"],
  [null],
];

describe("equality", () => {
  it("is by type and value, in the field or in one element of it", () => {
    expect(picked(1, ASSORTED)).toEqual([1, [1]]);
    expect(picked("1", ASSORTED)).toEqual(["1", ["1"]]);
    expect(picked(true, ASSORTED)).toEqual([true]);
    expect(picked(false, ASSORTED)).toEqual([false]);
    expect(picked(0, ASSORTED)).toEqual([0]);
    expect(picked("", ASSORTED)).toEqual([""]);
    expect(picked(null, ASSORTED)).toEqual([null, [null]]);
  });

  it("does not take a string for the array or object that it spells", () => {
    expect(picked("[1]", [[1], "[1]"])).toEqual(["[1]"]);
    expect(picked("{}", [{}, "{}"])).toEqual(["{}"]);
  });

  it("takes -0 for 0 and 1.0 for 1", () => {
    expect(picked(-0, [0, 1])).toEqual([0]);
    expect(picked(1.0, [0, 1])).toEqual([1]);
    expect(verdict({ x: 1 }, '{"x": 1.0}')).toBe(1);
    expect(verdict({ x: { $in: [0, 5] } }, '{"x": -0.0}')).toBe(1);
  });

  it("is exact for every double, however long its decimals", () => {
    for (const x of [
      0.1 + 0.2,
      1e-20,
      5e-324,
      2 ** 53,
      2 ** 60,
      -(2 ** 62),
      2 ** 63,
      2 ** 64,
      1e21,
      1.7976931348623157e308,
    ]) {
      expect(picked(x, [x, x + 1e-300, 0.3, 0, -x])).toContain(x);
      expect(picked({ $in: [x, "a"] }, [x, -x])).toEqual([x]);
      expect(picked({ $gt: x }, [x])).toEqual([]);
      expect(picked({ $gte: x }, [x])).toEqual([x]);
    }
    expect(picked(2 ** 53, [2 ** 53, 2 ** 53 + 2, 2 ** 53 - 1])).toEqual([2 ** 53]);
  });

  it("is between doubles, whatever digits the JSON spells them with", () => {
    for (const x of [2 ** 53, -(2 ** 53), 2 ** 60]) {
      const json = `{"x": ${BigInt(x) + (x < 0 ? -1n : 1n)}}`;
      expect(JSON.parse(json)).toEqual({ x });
      for (const condition of [x, { $in: [x, 1] }, { $gte: x, $lte: x }])
        expect(verdict({ x: condition }, json)).toBe(1);
      expect(verdict({ x: { $gt: x } }, json)).toBe(0);
    }
  });

  it("compares a Date as its ISO string", () => {
    const date = new Date(0);
    expect(picked(date, ["1970-01-01T00:00:00.000Z", 0])).toEqual(["1970-01-01T00:00:00.000Z"]);
    expect(picked({ $gt: date }, ["1970-01-01T00:00:00.001Z", "1969", 5])).toEqual(["1970-01-01T00:00:00.001Z"]);
    expect(picked({ $in: [date] }, [JSON.parse(JSON.stringify([date]))])).toHaveLength(1);
  });

  it("does not open arrays inside arrays, nor objects", () => {
    expect(picked(1, [[[1]], { a: 1 }, [{ a: 1 }]])).toEqual([]);
    expect(picked("[1]", [[[1]]])).toEqual([]);
  });
});

describe("complements", () => {
  it("$ne and $nin hold wherever $eq and $in do not, missing fields included", () => {
    expect(picked({ $ne: 1 }, ASSORTED)).toEqual(ASSORTED.filter((x) => x !== 1 && !(Array.isArray(x) && x[0] === 1)));
    expect(matches({ x: { $ne: 1 } }, {})).toBe(true);
    expect(matches({ x: { $ne: null } }, {})).toBe(true);
    expect(matches({ x: { $nin: [1, 2] } }, {})).toBe(true);
    expect(picked({ $nin: [1, "a"] }, [1, 2, "a", ["a", "b"], [3]])).toEqual([2, [3]]);
  });

  it("$in of nothing matches nothing and $nin of nothing everything", () => {
    expect(picked({ $in: [] }, ASSORTED)).toEqual([]);
    expect(picked({ $nin: [] }, ASSORTED)).toEqual(ASSORTED);
  });

  it("$not complements a filter, and a condition under its field", () => {
    expect(picked({ $not: { $gt: 0 } }, [-1, 1, "a", null])).toEqual([-1, "a", null]);
    expect(matches({ $not: { x: 1, y: 1 } }, { x: 1, y: 2 })).toBe(true);
    expect(matches({ x: { $not: { $exists: true } } }, {})).toBe(true);
  });
});

describe("missing and null", () => {
  it("are told apart", () => {
    expect(matches({ x: null }, { x: null })).toBe(true);
    expect(matches({ x: null }, {})).toBe(false);
    expect(matches({ x: { $exists: true } }, { x: null })).toBe(true);
    expect(matches({ x: { $exists: false } }, {})).toBe(true);
    expect(matches({ x: { $exists: false } }, { x: null })).toBe(false);
  });

  it("a record without metadata is a record with none of the fields", () => {
    expect(verdict({}, null)).toBe(1);
    expect(verdict({ x: 1 }, null)).toBe(0);
    expect(verdict({ x: { $not: { $gt: 1 } } }, null)).toBe(1);
    expect(verdict({ x: { $exists: false } }, null)).toBe(1);
  });
});

describe("ordering", () => {
  it("compares only within a type", () => {
    expect(picked({ $gte: 0 }, ASSORTED)).toEqual([0, 1, 2.5]);
    expect(picked({ $lt: 1 }, ASSORTED)).toEqual([0, -1]);
    expect(picked({ $gte: "" }, ASSORTED)).toEqual(["", "0", "1", "a"]);
    expect(picked({ $lte: "0" }, ASSORTED)).toEqual(["", "0"]);
    expect(matches({ x: { $lt: 5 } }, {})).toBe(false);
  });

  it("orders strings by code point, not by UTF-16 unit", () => {
    const ascending = [
      "",
      "a",
      "a\0",
      "a\u0001",
      "aa",
      "é",
      "\ud7ff",
      "\ud800",
      "\ud83d\uff01",
      "\udfff",
      "\uff01",
      "😀",
      "😀a",
      "😁",
    ];
    for (const [index, bound] of ascending.entries()) {
      expect(picked({ $lt: bound }, ascending)).toEqual(ascending.slice(0, index));
      expect(picked({ $gt: bound }, ascending)).toEqual(ascending.slice(index + 1));
      expect(picked(bound, ascending)).toEqual([bound]);
    }
  });

  it("joins several operators on one field by AND", () => {
    expect(picked({ $gte: 1, $lt: 3, $ne: 2 }, [0, 1, 2, 2.5, 3])).toEqual([1, 2.5]);
  });
});

describe("$contains", () => {
  it("finds an element of an array, by type and value", () => {
    expect(picked({ $contains: 1 }, [[1, 2], ["1"], [true], [[1]], 1, "1", { a: 1 }, []])).toEqual([[1, 2]]);
    expect(picked({ $contains: null }, [[null], [], null])).toEqual([[null]]);
  });

  it("finds a substring of a string, the empty one in every string", () => {
    expect(picked({ $contains: "b" }, ["abc", "ABC", ["b"], ["abc"], { b: 1 }])).toEqual(["abc", ["b"]]);
    expect(picked({ $contains: "" }, ["", "a", [""], ["a"], 1])).toEqual(["", "a", [""]]);
    expect(picked({ $contains: "%_*" }, ["x%_*", "xyz"])).toEqual(["x%_*"]);
  });

  it("does not find half of a surrogate pair", () => {
    expect(picked({ $contains: "\ude00" }, ["😀", "\ude00", "\ude00😀"])).toEqual(["\ude00", "\ude00😀"]);
    expect(picked({ $contains: "\ud83d" }, ["😀", "😀\ud83d"])).toEqual(["😀\ud83d"]);
    expect(picked({ $contains: "\ude00\ude00" }, ["😀\ude00", "😀\ude00\ude00"])).toEqual(["😀\ude00\ude00"]);
  });
});

describe("paths", () => {
  it("dots walk into objects, and a backslash makes one part of a key", () => {
    expect(matches({ "a.b": 1 }, { a: { b: 1 } })).toBe(true);
    expect(matches({ "a.b": 1 }, { "a.b": 1 })).toBe(false);
    expect(matches({ "a\\.b": 1 }, { "a.b": 1 })).toBe(true);
    expect(matches({ "a\\\\.b": 1 }, { "a\\": { b: 1 } })).toBe(true);
    expect(matches({ "\\$and": 1 }, { $and: 1 })).toBe(true);
    expect(matches({ "a.$gt": 1 }, { a: { $gt: 1 } })).toBe(true);
  });

  it("never walk into arrays or strings", () => {
    expect(matches({ "a.0": 1 }, { a: [1] })).toBe(false);
    expect(matches({ "a.0": 1 }, { a: { 0: 1 } })).toBe(true);
    expect(matches({ "a.b": 1 }, { a: [{ b: 1 }] })).toBe(false);
    expect(matches({ "a.length": { $exists: true } }, { a: "abc" })).toBe(false);
    expect(matches({ "a[0]": { $exists: true } }, { a: [1] })).toBe(false);
  });

  it("may hold empty keys", () => {
    expect(matches({ "": 1 }, { "": 1 })).toBe(true);
    expect(matches({ ".a.": 1 }, { "": { a: { "": 1 } } })).toBe(true);
  });

  it("see own keys only", () => {
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(matches({ [key]: { $exists: true } }, {})).toBe(false);
      expect(matches({ [`${key}.${key}`]: { $exists: true } }, {})).toBe(false);
      const own = JSON.parse(`{"${key}": {"${key}": 1}}`) as Metadata;
      expect(matches(JSON.parse(`{"${key}.${key}": 1}`) as Filter, own)).toBe(true);
    }
  });

  it("are listed once each", () => {
    const node = parseFilter({ year: 1, $or: [{ "a.b": 1 }, { $not: { year: { $gt: 1 } } }, { 'q"\\.': 1 }] });
    expect([...filterFields(node).values()]).toEqual([["year"], ["a", "b"], ['q".']]);
    expect(filterFields(parseFilter({})).size).toBe(0);
  });
});

describe("joining", () => {
  it("is AND for fields, logical operators and both together", () => {
    const filter: Filter = { a: 1, $or: [{ b: 1 }, { c: 1 }], $not: { d: 1 } };
    expect(matches(filter, { a: 1, c: 1 })).toBe(true);
    expect(matches(filter, { a: 1 })).toBe(false);
    expect(matches(filter, { a: 1, b: 1, d: 1 })).toBe(false);
    expect(matches({ $and: [{ a: 1 }, { a: 2 }] }, { a: [1, 2] })).toBe(true);
  });

  it("an empty filter matches everything, and its complement nothing", () => {
    expect(matches({}, {})).toBe(true);
    expect(matches({ $or: [{}, { a: 1 }] }, {})).toBe(true);
    expect(matches({ $not: {} }, { a: 1 })).toBe(false);
  });
});

describe("SQL", () => {
  it("binds paths and values, and holds none of them", () => {
    const { sql, parameters } = compileFilter(parseFilter({ "x'; DROP": "'; DROP TABLE records" }), "records.metadata");
    expect(sql).not.toContain("DROP");
    expect(parameters).toContain("'; DROP TABLE records");
    expect(sql.split("?")).toHaveLength(parameters.length + 1);
  });

  it("takes the largest filter that parses", () => {
    const mixed = { $in: [null, true, false, "a", "b", 1, 2] };
    const wide = Object.fromEntries(Array.from({ length: 1_998 }, (_, i) => [`f${i}`, mixed]));
    expect(matches(wide, { f0: "a" })).toBe(false);
    const many: Filter = { x: { $in: Array.from({ length: 100_000 }, (_, i) => `id-${i}`) } };
    expect(matches(many, { x: "id-99999" })).toBe(true);
    expect(matches(many, { x: "id-100000" })).toBe(false);
  });
});
