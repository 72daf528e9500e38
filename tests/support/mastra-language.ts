// Mastra's filter language once more, read from MongoDB's manual and Mastra's own tests, and as plainly as can be, to hold the translator against; and
// random filters to ask both.
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";

type Json = unknown;
type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof RegExp || value instanceof Date);

/** Whether metadata satisfy a filter. */
export function satisfies(metadata: Fields, filter: Fields): boolean {
  const all = (filters: unknown) => (filters as Fields[]).map((each) => satisfies(metadata, each));
  return Object.entries(filter).every(([key, operand]) => {
    if (key === "$and") return all(operand).every(Boolean);
    if (key === "$or") return all(operand).some(Boolean);
    if (key === "$nor") return !all(operand).some(Boolean);
    if (key === "$not") return !satisfies(metadata, operand as Fields);
    return meets(
      key.split(".").reduce<Json>((value, part) => child(value, part), metadata),
      operand,
    );
  });
}

function child(value: Json, key: string): Json {
  return isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function meets(value: Json, condition: unknown): boolean {
  if (Array.isArray(condition)) return condition.some((each) => equals(value, each));
  if (condition instanceof RegExp) return equals(value, condition);
  if (!isFields(condition)) return equals(value, condition);
  return Object.entries(condition).every(([key, operand]) =>
    key.startsWith("$") ? operator(value, key, operand, condition) : meets(child(value, key), operand),
  );
}

function operator(value: Json, name: string, operand: unknown, beside: Fields): boolean {
  const list = Array.isArray(operand) ? operand : [operand];
  switch (name) {
    case "$eq":
      return equals(value, operand);
    case "$ne":
      return !equals(value, operand);
    case "$in":
      return list.some((each) => equals(value, each));
    case "$nin":
      return !list.some((each) => equals(value, each));
    case "$all":
      return list.length > 0 && list.every((each) => equals(value, each));
    case "$gt":
      return order(value, operand) > 0;
    case "$gte":
      return order(value, operand) >= 0;
    case "$lt":
      return order(value, operand) < 0;
    case "$lte":
      return order(value, operand) <= 0;
    case "$exists":
      return (value !== undefined) === operand;
    case "$size":
      return Array.isArray(value) && value.length === operand;
    case "$regex": {
      const flags = (beside.$options as string | undefined) ?? (operand instanceof RegExp ? operand.flags : "");
      return equals(value, new RegExp(operand instanceof RegExp ? operand.source : (operand as string), flags));
    }
    case "$options":
      return true;
    case "$not":
      return !meets(value, operand) && !(equals(value, null) && orders(operand as Fields));
    case "$elemMatch":
      return Array.isArray(value) && value.some((element) => fits(element, operand as Fields));
    default:
      throw new Error(`The test knows no ${name}.`);
  }
}

/** Conditions on an element itself, or on the fields of one that is an object. */
function fits(element: Json, conditions: Fields): boolean {
  return areOnElement(conditions) ? meets(element, conditions) : isFields(element) && satisfies(element, conditions);
}

function areOnElement(conditions: Fields): boolean {
  return Object.entries(conditions).some(([key, operand]) =>
    key === "$not" ? areOnElement(operand as Fields) : key.startsWith("$") && !/^\$(and|or|nor)$/.test(key),
  );
}

function orders(operators: Fields): boolean {
  return Object.entries(operators).some(([key, operand]) =>
    key === "$not" ? orders(operand as Fields) : /^\$[gl]te?$/.test(key),
  );
}

function equals(value: Json, operand: unknown): boolean {
  const same = (one: Json): boolean => {
    if (operand instanceof RegExp) return typeof one === "string" && new RegExp(operand).test(one);
    if (operand instanceof Date) return one === operand.toISOString();
    return typeof operand === "object" && operand !== null ? isDeepStrictEqual(one, operand) : one === operand;
  };
  if (operand === null && value === undefined) return true;
  return same(value) || (Array.isArray(value) && value.some(same));
}

/** NaN, which no comparison holds for, across types. */
function order(value: Json, operand: unknown): number {
  const bound = operand instanceof Date ? operand.toISOString() : operand;
  if (typeof value === "number" && typeof bound === "number") return value - bound;
  if (typeof value === "string" && typeof bound === "string")
    return Buffer.compare(Buffer.from(value), Buffer.from(bound));
  return Number.NaN;
}

const DATE = new Date("2024-05-01T00:00:00.000Z");
const key = fc.constantFrom("a", "b", "c", "\\", "d e");
const text = fc.constantFrom("", "a", "ab", "Ab", "b\na", "😀", "\uff01", DATE.toISOString());
const number = fc.constantFrom(-1, 0, 1, 2.5);
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const bound = fc.oneof(text, number, fc.constant(DATE));
const pattern = fc.constantFrom("^a", "a$", "A", "b.a", "^$", "😀");
const flags = fc.constantFrom("", "i", "m", "s", "is");
const regex = fc.tuple(pattern, flags).map(([source, letters]) => new RegExp(source, letters));

/** Metadata whose values the filters' operands often meet. */
export const { metadata } = fc.letrec<{ metadata: Fields; value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: scalar },
    { weight: 3, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    { weight: 2, arbitrary: tie("metadata") },
  ),
  metadata: fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
}));

const path = fc.array(key, { minLength: 1, maxLength: 2 }).map((keys) => keys.join("."));
const whole = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 1, arbitrary: fc.constant(DATE) },
  { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) },
  { weight: 1, arbitrary: fc.dictionary(key, scalar, { minKeys: 1, maxKeys: 2, noNullPrototype: true }) },
);
const list = fc.array(fc.oneof({ weight: 6, arbitrary: whole }, { weight: 1, arbitrary: regex }), { maxLength: 3 });

const simple = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("$eq", "$ne"), whole) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("$gt", "$gte", "$lt", "$lte"), bound) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom("$in", "$nin", "$all"), list) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom("$in", "$nin", "$all"), scalar) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("$exists"), fc.boolean()) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("$size"), fc.nat({ max: 3 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("$regex"), regex) },
);
const matching = fc.record({ $regex: pattern, $options: flags });

const tied = fc.letrec<{ filter: Fields; filters: Fields[]; operators: Fields; condition: unknown }>((tie) => ({
  operators: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.array(simple, { minLength: 1, maxLength: 2 }).map((pairs) => Object.fromEntries(pairs)),
    },
    { weight: 1, arbitrary: matching },
    { weight: 2, arbitrary: tie("operators").map(($not) => ({ $not })) },
    {
      weight: 1,
      arbitrary: fc.oneof(tie("operators"), tie("filter").filter(says)).map(($elemMatch) => ({ $elemMatch })),
    },
  ),
  condition: fc.oneof(
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(scalar, { maxLength: 2 }) },
    { weight: 1, arbitrary: regex },
    { weight: 1, arbitrary: fc.dictionary(key, scalar, { minKeys: 1, maxKeys: 2, noNullPrototype: true }) },
    { weight: 6, arbitrary: tie("operators") },
  ),
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.array(fc.tuple(path, tie("condition")), { maxLength: 2 }).map((pairs) => Object.fromEntries(pairs)),
    },
    { weight: 1, arbitrary: tie("filters").map(($and) => ({ $and })) },
    { weight: 1, arbitrary: tie("filters").map(($or) => ({ $or })) },
    { weight: 1, arbitrary: tie("filters").map(($nor) => ({ $nor })) },
    {
      weight: 1,
      arbitrary: tie("filter")
        .filter(says)
        .map(($not) => ({ $not })),
    },
  ),
  filters: fc.array(tie("filter"), { maxLength: 3 }),
}));

function says(filter: Fields): boolean {
  return Object.keys(filter).length > 0;
}

/** Any filter of the language. */
export const { filter } = tied;
