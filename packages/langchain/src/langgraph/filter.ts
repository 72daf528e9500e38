import { type Filter, ThermoclineError } from "@thermocline/core";
import { fieldName, HASH, hashOf } from "./fields.js";

/** A path into a value: keys, outermost first. */
type Keys = readonly string[];

type Scalar = string | number | boolean | null;

const EVERYTHING: Filter = {};
const NOTHING: Filter = { $not: {} };
const OPERATORS = "$eq, $ne, $gt, $gte, $lt, $lte, $in, $nin and $exists";

/**
 * A filter of LangGraph as one of core, over what `filterableOf` makes of values. Its meaning is that of LangGraph's own store:
 * equality by type and value, with arrays equal to nothing; comparisons by `Number()`, and between strings that are no numbers
 * by code points; a field that is missing is unlike everything. Beyond that, a key may be a path with dots, an object without
 * operators is about the fields in it, and there is `$exists`.
 *
 * @throws ThermoclineError `FILTER` for what is no filter
 */
export function coreFilter(filter: unknown): Filter {
  if (!isObject(filter)) fail(`The filter is ${shown(filter)}`, 'give an object, as { status: "active" }');
  return every(
    Object.entries(filter).map(([key, operand]) => {
      if (key.startsWith("$")) fail(`${key} stands for a field`, `give a field, and under it ${OPERATORS}`);
      // A key of the value itself may have dots, too.
      const readings = key.includes(".") ? [[key], key.split(".")] : [[key]];
      return condition(readings, operand);
    }),
  );
}

function condition(readings: readonly Keys[], operand: unknown): Filter {
  if (!isObject(operand)) return equal(readings, operand);
  const entries = Object.entries(operand);
  if (!entries.some(([key]) => key.startsWith("$"))) {
    return every(
      entries.map(([key, inner]) =>
        condition(
          readings.map((keys) => [...keys, key]),
          inner,
        ),
      ),
    );
  }
  return every(entries.map(([operator, given]) => operation(readings, operator, given)));
}

function operation(readings: readonly Keys[], operator: string, operand: unknown): Filter {
  switch (operator) {
    case "$eq":
      return equal(readings, operand);
    case "$ne":
      return not(equal(readings, operand));
    case "$in":
      return oneOf(readings, operator, operand);
    case "$nin":
      return not(oneOf(readings, operator, operand));
    case "$exists":
      if (typeof operand !== "boolean") fail(`$exists is ${shown(operand)}`, "give true or false");
      return operand ? exists(readings) : not(exists(readings));
    case "$gt":
    case "$gte":
    case "$lt":
    case "$lte":
      return compare(readings, operator, operand);
    default:
      return fail(`${operator} is no operator`, `the operators are ${OPERATORS}`);
  }
}

function equal(readings: readonly Keys[], operand: unknown): Filter {
  if (operand === undefined) return not(exists(readings));
  return oneOf(readings, "An operand", [operand]);
}

function oneOf(readings: readonly Keys[], what: string, operands: unknown): Filter {
  if (!Array.isArray(operands)) fail(`${what} is ${shown(operands)}`, "give a list");
  const scalars = operands.map((operand) => scalar(what, operand)).filter((value) => !isNoJson(value));
  const hashes = scalars.flatMap((value) => (typeof value === "string" ? (hashOf(value) ?? []) : []));
  const others = scalars.filter((value) => typeof value !== "string" || hashOf(value) === undefined);
  return any(
    readings.flatMap((keys) => [
      ...(others.length > 0 ? [{ [path("fields", keys)]: { $in: others } }] : []),
      ...(hashes.length > 0 ? [{ [path("fields", keys, HASH)]: { $in: hashes } }] : []),
    ]),
  );
}

function exists(readings: readonly Keys[]): Filter {
  return any(readings.map((keys) => ({ [path("fields", keys)]: { $exists: true } })));
}

function compare(readings: readonly Keys[], operator: "$gt" | "$gte" | "$lt" | "$lte", operand: unknown): Filter {
  const bound = scalar(operator, operand);
  const number = Number(bound);
  if (Number.isNaN(number)) {
    if (typeof bound !== "string") return NOTHING;
    return any(readings.map((keys) => ({ [path("fields", keys)]: { [operator]: bound } })));
  }
  const finite = Math.min(Math.max(number, -Number.MAX_VALUE), Number.MAX_VALUE);
  return any(
    readings.flatMap((keys) =>
      ["fields", "numbers"].map((of) => ({ [path(of, keys)]: { [operator]: finite } }) satisfies Filter),
    ),
  );
}

function scalar(what: string, operand: unknown): Scalar {
  if (operand instanceof Date && !Number.isNaN(operand.getTime())) return operand.toISOString();
  if (operand === null || ["string", "number", "boolean"].includes(typeof operand)) return operand as Scalar;
  return fail(`${what} of the filter is ${shown(operand)}`, "give a string, a number, a boolean, null or a Date");
}

/** A number that no JSON value equals. */
function isNoJson(value: Scalar): boolean {
  return typeof value === "number" && !Number.isFinite(value);
}

/** A path of core to what is under some keys of a value. */
function path(of: string, keys: Keys, inner?: string): string {
  const names = [of, ...keys.map(fieldName), ...(inner === undefined ? [] : [inner])];
  return names.map((name) => name.replace(/[.$\\]/g, "\\$&")).join(".");
}

function every(filters: readonly Filter[]): Filter {
  const [first, ...others] = filters;
  return first === undefined ? EVERYTHING : others.length === 0 ? first : { $and: filters };
}

function any(filters: readonly Filter[]): Filter {
  const [first, ...others] = filters;
  return first === undefined ? NOTHING : others.length === 0 ? first : { $or: filters };
}

function not(filter: Filter): Filter {
  return { $not: filter };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function shown(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function fail(what: string, rule: string): never {
  throw new ThermoclineError("FILTER", `${what}; ${rule}.`);
}
