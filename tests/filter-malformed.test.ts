import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ThermoclineError } from "../packages/core/src/errors.js";
import { evaluateFilter } from "../packages/core/src/filter/evaluate.js";
import { parseFilter } from "../packages/core/src/filter/parse.js";
import { compileFilter, filterFields } from "../packages/core/src/filter/sql.js";

/** The message of the FILTER error that a value is refused with. */
function refusal(value: unknown): string {
  try {
    parseFilter(value);
  } catch (error) {
    if (error instanceof ThermoclineError && error.code === "FILTER") return error.message;
    throw error;
  }
  throw new Error("the filter was accepted");
}

class Conditions {
  year = 2015;
}

const HOLE = new Array<unknown>(1);

const cyclic: { $not?: unknown } = {};
cyclic.$not = cyclic;

function nested(levels: number): unknown {
  let filter: unknown = { a: 1 };
  for (let i = 0; i < levels; i++) filter = i % 2 === 0 ? { $and: [filter, {}] } : { $not: filter };
  return filter;
}

function nestedUnderField(levels: number): unknown {
  let condition: unknown = 1;
  for (let i = 0; i < levels; i++) condition = { $not: condition };
  return condition;
}

function fields(count: number): unknown {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, i]));
}

const MALFORMED: readonly [name: string, filter: unknown, message: RegExp][] = [
  ["undefined for a filter", undefined, /the filter is undefined; expected an object of conditions/],
  ["null for a filter", null, /the filter is null/],
  ["a string for a filter", "year > 2015", /the filter is the string "year > 2015"/],
  ["a function for a filter", () => true, /the filter is a function/],
  ["an array for a filter", [{ a: 1 }], /the filter is an array/],
  ["a Map for a filter", new Map([["a", 1]]), /the filter is an object \("Map"\)/],
  ["a class instance for a filter", new Conditions(), /the filter is an object; expected an object of conditions/],
  ["a Date for a filter", new Date(0), /the filter is a Date/],
  ["inherited conditions", Object.create({ a: 1 }), /expected an object of conditions/],
  ["conditions under the key __proto__", JSON.parse('{"__proto__": {"a": 1}}'), /"__proto__" has the key "a"/],
  ["a symbol key", { [Symbol("$or")]: [{ a: 1 }] }, /the key "Symbol\(\$or\)"; expected string keys/],

  [
    "an unknown operator",
    { year: { $gtt: 1 } },
    /the field "year" has the unknown operator "\$gtt"; expected one of \$eq, \$ne, \$gt, .*\$contains/,
  ],
  ["an unknown operator among known ones", { year: { $gt: 1, $regex: "x" } }, /unknown operator "\$regex"/],
  ["an inherited name as an operator", { a: { $constructor: 1 } }, /unknown operator "\$constructor"/],
  ["a logical operator on a field", { a: { $or: [{ $gt: 1 }] } }, /unknown operator "\$or"/],
  ["an unknown logical operator", { $nor: [{ a: 1 }] }, /"\$nor" stands where .* expected one of \$and, \$or, \$not/],
  ["a field operator without its field", { $gt: 5 }, /"\$gt" stands where .*Put conditions under their field/],
  ["an object operand", { a: { b: 1 } }, /the field "a" has the key "b".*\{ "a\.b": 1 \}/],
  [
    "an object operand of $eq",
    { a: { $eq: { b: 1 } } },
    /\$eq on the field "a" is an object; .*Name nested fields by their path/,
  ],
  ["an object without operators", { a: {} }, /the field "a" has an object without operators/],
  ["operators mixed with keys", { a: { $gt: 1, b: 2 } }, /the field "a" has the key "b"/],
  ["an array operand", { tags: ["a", "b"] }, /the field "tags" is an array; .*Use \$in .* and \$contains/],
  ["an array operand of $contains", { tags: { $contains: ["a"] } }, /\$contains on the field "tags" is an array/],

  ["an undefined operand", { tenant: undefined }, /the field "tenant" is undefined; .*\$exists: false/],
  ["an undefined operand of $eq", { tenant: { $eq: undefined } }, /\$eq on the field "tenant" is undefined/],
  ["an undefined operand of $and", { $and: undefined }, /\$and is undefined; expected a non-empty array/],
  ["NaN", { a: Number.NaN }, /the field "a" is NaN; expected a string, a finite number/],
  ["infinity", { a: { $lt: Number.POSITIVE_INFINITY } }, /\$lt on the field "a" is Infinity; expected a finite number/],
  ["an invalid Date", { a: { $gt: new Date("?") } }, /\$gt on the field "a" is an invalid Date/],
  ["a bigint", { a: 1n }, /the field "a" is 1; .*bigint/],
  ["a function as operand", { a: () => 1 }, /the field "a" is a function/],
  ["a symbol as operand", { a: Symbol("x") }, /the field "a" is Symbol\(x\)/],
  ["a regular expression", { a: /x/ }, /the field "a" is an object \("RegExp"\)/],
  ["a boxed string", { a: new String("x") }, /the field "a" is an object \("String"\)/],

  [
    "$gt with null",
    { a: { $gt: null } },
    /\$gt on the field "a" is null; expected a finite number, a string or a valid Date. Use \$eq/,
  ],
  ["$lte with a boolean", { a: { $lte: true } }, /\$lte on the field "a" is true/],
  ["$in with a scalar", { a: { $in: "x" } }, /\$in on the field "a" is the string "x"; expected an array of values/],
  ["$nin with an object", { a: { $nin: { 0: 1 } } }, /\$nin on the field "a" is an object; expected an array/],
  ["$in with an array inside", { a: { $in: [1, [2]] } }, /\$in on the field "a"\[1\] is an array/],
  ["$in with a hole", { a: { $in: HOLE } }, /\$in on the field "a"\[0\] is undefined/],
  ["$exists with a number", { a: { $exists: 1 } }, /\$exists on the field "a" is 1; expected true or false/],
  ["$and with an object", { $and: { a: 1 } }, /\$and is an object; expected a non-empty array/],
  ["$and of nothing", { $and: [] }, /\$and is an empty array; expected a non-empty array/],
  ["$or of nothing", { $or: [] }, /\$or is an empty array/],
  ["$or with a scalar inside", { $or: [{ a: 1 }, 5] }, /\$or\[1\] is 5; expected an object of conditions/],
  ["$or with a hole", { $or: HOLE }, /\$or\[0\] is undefined/],
  ["$not with an array", { $not: [{ a: 1 }] }, /\$not is an array; expected an object of conditions/],

  ["a stray backslash", { "a\\b": 1 }, /the field "a\\\\b" has a stray backslash/],
  ["a trailing backslash", { "a\\": 1 }, /stray backslash/],
  ["U+0000 in a path", { "a\0b": 1 }, /holds the character U\+0000/],
  ["a path of 65 keys", { [Array(65).fill("a").join(".")]: 1 }, /has 65 keys; expected at most 64 in a path/],
  ["a cycle", cyclic, /nested deeper; expected at most 32 levels/],
  ["33 levels", nested(33), /nested deeper/],
  ["100,000 levels", nested(100_000), /nested deeper/],
  ["33 levels under a field", { a: nestedUnderField(33) }, /nested deeper/],
  ["100,000 levels under a field", { a: nestedUnderField(100_000) }, /nested deeper/],
  ["2,000 fields", fields(2_000), /too many conditions; expected at most 2000 parts/],
  ["100,000 fields", fields(100_000), /at most 2000 parts/],
  ["an $or of 5,000", { $or: Array(5_000).fill({}) }, /\$or joins 5000 filters; expected at most 2000 parts/],
  ["an $and of length 4 billion", { $and: new Array(4_000_000_000) }, /\$and joins 4000000000 filters/],
  ["an $in of length 4 billion", { a: { $in: new Array(4_000_000_000) } }, /at most 100000 in all/],
  [
    "many long lists",
    { a: { $in: Array(60_000).fill(1) }, b: { $in: Array(60_000).fill(1) } },
    /at most 100000 in all/,
  ],
];

describe("a malformed filter is refused", () => {
  it.each(MALFORMED)("%s", (_name, filter, message) => {
    expect(refusal(filter)).toMatch(message);
  });

  it("in messages that stay short, whatever was given", () => {
    const long = "x".repeat(100_000);
    for (const filter of [
      { [`$${long}`]: 1 },
      { [long]: undefined },
      { a: { [long]: 1 } },
      { a: { $in: long } },
      long,
    ]) {
      expect(refusal(filter).length).toBeLessThan(400);
    }
  });

  it("or parsed, never anything else, for any value at all", () => {
    const operator = fc.constantFrom(
      "$eq",
      "$in",
      "$gt",
      "$and",
      "$or",
      "$not",
      "$exists",
      "$contains",
      "a",
      "a.b",
      "\\",
    );
    const { hostile } = fc.letrec<{ hostile: unknown }>((tie) => ({
      hostile: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.anything({ withDate: true, withBigInt: true, withMap: true, withSparseArray: true, withTypedArray: true }),
        fc.array(tie("hostile"), { maxLength: 3 }),
        fc.dictionary(operator, tie("hostile"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(fc.oneof(hostile, fc.dictionary(operator, hostile)), (value) => {
        try {
          const node = parseFilter(value);
          expect(compileFilter(node, "m").sql.length).toBeGreaterThan(0);
          expect(typeof evaluateFilter(node, {})).toBe("boolean");
        } catch (error) {
          expect(error).toMatchObject({ name: "ThermoclineError", code: "FILTER" });
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe("a well-formed filter", () => {
  it("of the greatest depth, breadth and path is accepted", () => {
    expect(evaluateFilter(parseFilter(nested(32)), {})).toBe(false);
    expect(parseFilter({ a: nestedUnderField(32) })).toMatchObject({ kind: "not" });
    expect(parseFilter(fields(1_999))).toMatchObject({ kind: "and" });
    expect(parseFilter({ $or: Array(1_999).fill({}) })).toMatchObject({ kind: "or" });
    expect(filterFields(parseFilter({ [Array(64).fill("a").join(".")]: 1 })).size).toBe(1);
  });

  it("becomes frozen plain data that keeps nothing of what was given", () => {
    const list = ["a", new Date(0)];
    const node = parseFilter({ x: { $in: list }, "a.b\\.c": { $not: { $gte: 5 } } });
    list.push("b");
    expect(node).toEqual({
      kind: "and",
      children: [
        { kind: "in", path: ["x"], values: ["a", "1970-01-01T00:00:00.000Z"] },
        { kind: "not", child: { kind: "compare", path: ["a", "b.c"], ordering: ">=", bound: 5 } },
      ],
    });
    expect(JSON.parse(JSON.stringify(node))).toEqual(node);
    const frozen = (part: unknown): boolean =>
      typeof part !== "object" || part === null || (Object.isFrozen(part) && Object.values(part).every(frozen));
    expect(frozen(node)).toBe(true);
  });

  it("may come from another realm or without a prototype", () => {
    expect(parseFilter(Object.assign(Object.create(null), { a: 1 }))).toEqual(parseFilter({ a: 1 }));
    expect(parseFilter(runInNewContext("({ a: { $in: [1] } })"))).toEqual(parseFilter({ a: { $in: [1] } }));
  });
});
