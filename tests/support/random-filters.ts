import fc from "fast-check";
import type { JsonValue, Metadata } from "../../packages/core/src/types.js";

const strings = [
  "",
  "a",
  "b",
  "ab",
  "1",
  "true",
  "null",
  "[]",
  "é",
  "\uff01",
  "😀",
  "😁",
  "\ud83d",
  "\0",
  "a\0b",
  '"',
  "\\",
  "'",
];
const keys = [
  ...strings.filter((text) => !text.includes("\0")),
  "a.b",
  "$",
  "$gt",
  "[0]",
  "0",
  "#-1",
  "*",
  "a b",
  "\n",
  "\u2028",
  "__proto__",
  "constructor",
];
const numbers = [
  0,
  -0,
  1,
  -1,
  2.5,
  1e-20,
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 60,
  -(2 ** 63),
  1e20,
  1e300,
];
const text = fc.array(fc.constantFrom("a", "b", "\uff01", "😀", "\ud83d", "\ude00", "\0", '"', "\\", "%"), {
  maxLength: 4,
});
const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "c") },
  { weight: 2, arbitrary: fc.constantFrom(...keys) },
  { weight: 1, arbitrary: text.map((units) => units.join("").replaceAll("\0", "")) },
);
// Within what every supported SQLite reads exactly.
const real = fc.double({ min: -1e100, max: 1e100, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-80);
const number = fc.oneof(fc.constantFrom(...numbers), fc.integer({ min: -3, max: 3 }), real);
const string = fc.oneof(
  fc.constantFrom(...strings),
  text.map((units) => units.join("")),
);
export const scalar = fc.oneof(number, string, fc.boolean(), fc.constant(null));
const bound = fc.oneof(number, string, fc.date({ noInvalidDate: true }));

export const { document } = fc.letrec<{ document: Metadata; value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: scalar },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    { weight: 3, arbitrary: tie("document") },
  ),
  document: fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
}));

const path = fc
  .array(key, { minLength: 1, maxLength: 2 })
  .map((parts) => parts.map((part) => part.replace(/[.$\\]/g, "\\$&")).join("."));
const list = fc.array(scalar, { maxLength: 4 });
const operator = fc.oneof(
  fc.tuple(fc.constantFrom("$eq", "$ne", "$contains"), scalar),
  fc.tuple(fc.constantFrom("$gt", "$gte", "$lt", "$lte"), bound),
  fc.tuple(fc.constantFrom("$in", "$nin"), list),
  fc.tuple(fc.constant("$exists"), fc.boolean()),
);
const operators = fc.array(operator, { minLength: 1, maxLength: 2 }).map((pairs) => Object.fromEntries(pairs));
export const condition = fc.oneof(
  scalar,
  operators,
  operators.map(($not) => ({ $not })),
);
export const { filter } = fc.letrec<{ filter: unknown; list: unknown[] }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.array(fc.tuple(path, condition), { maxLength: 2 }).map((pairs) => Object.fromEntries(pairs)),
    },
    { weight: 1, arbitrary: tie("list").map(($and) => ({ $and })) },
    { weight: 1, arbitrary: tie("list").map(($or) => ({ $or })) },
    { weight: 1, arbitrary: tie("filter").map(($not) => ({ $not })) },
  ),
  list: fc.array(tie("filter"), { minLength: 1, maxLength: 3 }),
}));
