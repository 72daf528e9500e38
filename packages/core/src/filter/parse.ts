import { ThermoclineError } from "../errors.js";
import type { FilterNode, JsonScalar, Ordering } from "./filter-node.js";

/** What a filter may be at most; beyond it lies a mistake or an attack, and an error instead of a stack overflow. */
const LIMITS = { depth: 32, parts: 2_000, values: 100_000, keys: 64 } as const;

const ORDERINGS = new Map<string, Ordering>([
  ["$gt", ">"],
  ["$gte", ">="],
  ["$lt", "<"],
  ["$lte", "<="],
]);

const FIELD_OPERATORS = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $contains, $not";
const LOGICAL_OPERATORS = "$and, $or, $not";

/** What is left of the limits. A part is a condition or an object of them. */
interface Budget {
  parts: number;
  values: number;
}

/** The field under parse: its path, and how errors name it. */
interface Field {
  readonly path: readonly string[];
  readonly name: string;
}

/**
 * Parses a filter into a frozen tree; nothing of the given object is kept. Dates become ISO strings.
 *
 * @throws ThermoclineError `FILTER` for whatever is not a filter.
 * @example
 * parseFilter({ year: { $gte: 2015 } }); // { kind: "compare", path: ["year"], ordering: ">=", bound: 2015 }
 */
export function parseFilter(value: unknown): FilterNode {
  return parseObject(value, "the filter", { parts: LIMITS.parts, values: LIMITS.values }, LIMITS.depth);
}

function parseObject(value: unknown, where: string, budget: Budget, depth: number): FilterNode {
  if (!isPlainObject(value)) {
    fail(
      `${where} is ${describe(value)}`,
      "an object of conditions",
      'Write { year: { $gte: 2015 } }, or {} for "all"',
    );
  }
  checkDepth(depth);
  spendPart(budget);
  return join(
    "and",
    entries(value, where).map(([key, operand]) => {
      if (!key.startsWith("$")) return parseCondition(operand, parseField(key), budget, depth - 1);
      if (key === "$and") return parseList("and", operand, budget, depth - 1);
      if (key === "$or") return parseList("or", operand, budget, depth - 1);
      if (key === "$not") return not(parseObject(operand, "$not", budget, depth - 1));
      return fail(
        `${clip(key)} stands where a field's name or a logical operator is expected`,
        `one of ${LOGICAL_OPERATORS}`,
        'Put conditions under their field, as in { year: { $gt: 2015 } }; escape a name that starts with $ as "\\\\$name"',
      );
    }),
  );
}

function parseList(kind: "and" | "or", value: unknown, budget: Budget, depth: number): FilterNode {
  const where = `$${kind}`;
  if (!Array.isArray(value) || value.length === 0) {
    fail(
      `${where} is ${describe(value)}`,
      "a non-empty array of filters",
      `Leave ${where} out if there is nothing to join`,
    );
  }
  if (value.length > budget.parts)
    tooLarge(`${where} joins ${value.length} filters`, `at most ${LIMITS.parts} parts in all`);
  return join(
    kind,
    members(value).map((member, index) => parseObject(member, `${where}[${index}]`, budget, depth)),
  );
}

/** A bare value, or an object of operators, on one field. */
function parseCondition(value: unknown, on: Field, budget: Budget, depth: number): FilterNode {
  if (!isPlainObject(value))
    return leaf(budget, { kind: "in", path: on.path, values: [scalar(value, on.name, budget)] });
  checkDepth(depth);
  const operators = entries(value, on.name);
  if (operators.length === 0) {
    fail(
      `${on.name} has an object without operators`,
      `at least one of ${FIELD_OPERATORS}`,
      "Objects are not compared whole; name a nested path",
    );
  }
  return join(
    "and",
    operators.map(([operator, operand]) => parseOperator(operator, operand, on, budget, depth)),
  );
}

function parseOperator(operator: string, operand: unknown, on: Field, budget: Budget, depth: number): FilterNode {
  const { path } = on;
  const where = `${operator} on ${on.name}`;
  const ordering = ORDERINGS.get(operator);
  if (ordering !== undefined)
    return leaf(budget, { kind: "compare", path, ordering, bound: bound(operand, where, budget) });
  switch (operator) {
    case "$eq":
      return leaf(budget, { kind: "in", path, values: [scalar(operand, where, budget)] });
    case "$ne":
      return not(leaf(budget, { kind: "in", path, values: [scalar(operand, where, budget)] }));
    case "$in":
      return leaf(budget, { kind: "in", path, values: scalars(operand, where, budget) });
    case "$nin":
      return not(leaf(budget, { kind: "in", path, values: scalars(operand, where, budget) }));
    case "$contains":
      return leaf(budget, { kind: "contains", path, value: scalar(operand, where, budget) });
    case "$not":
      return not(parseCondition(operand, on, budget, depth - 1));
    case "$exists":
      if (typeof operand !== "boolean") fail(`${where} is ${describe(operand)}`, "true or false", "Give a boolean");
      return operand ? leaf(budget, { kind: "exists", path }) : not(leaf(budget, { kind: "exists", path }));
    default:
      return fail(
        `${on.name} has ${operator.startsWith("$") ? "the unknown operator" : "the key"} ${clip(operator)}`,
        `one of ${FIELD_OPERATORS}`,
        operator.startsWith("$") ? "Check its spelling" : 'Name a nested field by its path, as in { "a.b": 1 }',
      );
  }
}

/** Splits at dots; a backslash takes the next dot, dollar or backslash literally. */
function parseField(key: string): Field {
  const name = `the field ${clip(key)}`;
  const path: string[] = [];
  let part = "";
  for (let i = 0; i < key.length; i++) {
    if (key[i] === ".") {
      path.push(part);
      part = "";
      continue;
    }
    if (key[i] === "\\" && !/^[.$\\]$/.test(key[++i] ?? "")) {
      fail(
        `${name} has a stray backslash`,
        "a dot, a $ or a backslash after it",
        "Double a backslash that is in the name",
      );
    }
    part += key[i];
  }
  path.push(part);
  // SQLite ends a key at this character, and would take one key for another.
  if (key.includes("\0"))
    fail(`${name} holds the character U+0000`, "a key without it", "Rename the key in the metadata");
  if (path.length > LIMITS.keys) tooLarge(`${name} has ${path.length} keys`, `at most ${LIMITS.keys} in a path`);
  return { path: Object.freeze(path), name };
}

function scalars(value: unknown, where: string, budget: Budget): readonly JsonScalar[] {
  if (!Array.isArray(value)) {
    fail(`${where} is ${describe(value)}`, "an array of values", "Wrap a single value in an array, or use $eq");
  }
  if (value.length > budget.values) tooLarge(`${where} has ${value.length} values`, `at most ${LIMITS.values} in all`);
  return members(value).map((member, index) => scalar(member, `${where}[${index}]`, budget));
}

function scalar(value: unknown, where: string, budget: Budget): JsonScalar {
  const operand = toJson(value, budget);
  if (operand !== undefined) return operand;
  fail(`${where} is ${describe(value)}`, "a string, a finite number, a boolean, null or a valid Date", advice(value));
}

function bound(value: unknown, where: string, budget: Budget): string | number {
  const operand = toJson(value, budget);
  if (typeof operand === "string" || typeof operand === "number") return operand;
  fail(`${where} is ${describe(value)}`, "a finite number, a string or a valid Date", advice(value));
}

/** The scalar that JSON would hold; undefined when it would not hold exactly this one. */
function toJson(value: unknown, budget: Budget): JsonScalar | undefined {
  if (--budget.values < 0) tooLarge("the filter has too many values", `at most ${LIMITS.values} in all`);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  return value instanceof Date && Number.isFinite(value.getTime()) ? value.toISOString() : undefined;
}

/** What to do about an operand of the wrong type. */
function advice(value: unknown): string {
  if (value === null || typeof value === "boolean") return "Use $eq, $ne or $in, which take null and booleans";
  if (value === undefined) return "Leave the condition out, or use $exists: false to find records without the field";
  if (Array.isArray(value)) return "Use $in for any of several values, and $contains for an element of an array field";
  if (typeof value === "bigint") return "JSON has no bigint: convert it with Number() or String(), as the metadata was";
  if (typeof value === "object" && !(value instanceof Date))
    return 'Name nested fields by their path, as in { "a.b": 1 }';
  return "Convert it to what the metadata holds";
}

/** Counts a condition against the limit and freezes it. */
function leaf(budget: Budget, node: FilterNode): FilterNode {
  spendPart(budget);
  if (node.kind === "in") Object.freeze(node.values);
  return Object.freeze(node);
}

function spendPart(budget: Budget): void {
  if (--budget.parts < 0) tooLarge("the filter has too many conditions", `at most ${LIMITS.parts} parts in all`);
}

function not(child: FilterNode): FilterNode {
  return Object.freeze({ kind: "not", child });
}

function join(kind: "and" | "or", children: readonly FilterNode[]): FilterNode {
  const [only] = children;
  return only !== undefined && children.length === 1
    ? only
    : Object.freeze({ kind, children: Object.freeze(children) });
}

function checkDepth(depth: number): void {
  if (depth < 0) tooLarge("the filter is nested deeper", `at most ${LIMITS.depth} levels`);
}

/** Only what a literal or JSON.parse makes: a Map or a class instance has no own keys to filter by, and would match all. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The own entries. A symbol key would be a condition silently dropped. */
function entries(value: object, where: string): [string, unknown][] {
  const [symbol] = Object.getOwnPropertySymbols(value);
  if (symbol !== undefined)
    fail(`${where} has the key ${clip(String(symbol))}`, "string keys", "Write operators as strings, like $gt");
  return Object.entries(value);
}

/** The members, holes included, which `map` alone would skip. */
function members(value: readonly unknown[]): unknown[] {
  return Array.from(value);
}

function describe(value: unknown): string {
  if (typeof value === "string") return `the string ${clip(value)}`;
  if (typeof value === "function") return "a function";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date";
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value !== "object" || value === null) return String(value);
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return kind === "Object" ? "an object" : `an object (${clip(kind)})`;
}

function clip(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function tooLarge(given: string, expected: string): never {
  fail(given, expected, "Split the filter, or use a predicate function");
}

function fail(given: string, expected: string, todo: string): never {
  throw new ThermoclineError("FILTER", `Filter: ${given}; expected ${expected}. ${todo}.`);
}
