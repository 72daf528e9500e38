import type { FilterNode, JsonScalar, Ordering } from "./filter-node.js";
import { allOf, anyOf, type SqlFragment, type SqlParameter, sql } from "./fragment.js";

/*
 * How the SQL keeps to the contract:
 *
 * - Never NULL. `json_extract` of a missing field is NULL and so is every comparison with it; each one is therefore
 *   ANDed with a test of the JSON type that is 0 for a missing field, and NULL AND 0 is 0.
 * - Types apart. `json_extract` makes 1 of true and text of an array; the type test tells them apart.
 * - Values exact. Both sides of a comparison go through SQLite's own reader of JSON where a driver could spoil the
 *   bound value (text with a NUL or a lone surrogate, numbers that are not safe integers), and from 2^53 on both are
 *   cast to doubles, because SQLite reads long integers as 64-bit ones and so tells apart what JSON.parse does not.
 * - Strings by code point. That is the order of UTF-8 bytes, hence of the collation BINARY in a UTF-8 database.
 *
 * One limit is SQLite's: 3.50 and older read decimals below 1e-80 or above 1e110 to the last unit or so, and may take
 * two neighbouring doubles out there for one. 3.53 reads them exactly.
 */

/** Where a scalar is found: a field of the metadata, or an element of an array. Both are SQL expressions. */
interface Place {
  readonly type: SqlFragment;
  readonly value: SqlFragment;
}

/** An element of an array under `json_each`; `atom` is its value, or NULL for an array or object. */
const ELEMENT: Place = { type: sql`element.type`, value: sql`element.atom` };

const ORDERINGS: Readonly<Record<Ordering, SqlFragment>> = { ">": sql`>`, ">=": sql`>=`, "<": sql`<`, "<=": sql`<=` };

/** Integers from here on are not all doubles. */
const WIDE = 2 ** 53;

/**
 * Compiles a parsed filter to a SQL expression that is 1 where `evaluateFilter` is true and 0 elsewhere, never NULL.
 * `column` is trusted SQL: the column of metadata, qualified, holding an object as JSON text, no key of it twice or
 * with U+0000 (a NULL counts as `{}`). Everything else is bound, in order, to positional `?`: at most 26,000 of the
 * 32,766 that SQLite takes.
 *
 * @example
 * const { sql, parameters } = compileFilter(parseFilter({ year: { $gte: 2015 } }), "records.metadata");
 * database.prepare(`SELECT row FROM records WHERE ${sql}`).all(...parameters);
 */
export function compileFilter(node: FilterNode, column: string): { sql: string; parameters: SqlParameter[] } {
  const { sql: text, parameters } = compile(node, { sql: column, parameters: [] });
  return { sql: text, parameters: [...parameters] };
}

/**
 * The fields that a filter looks at: their paths, by the same as JSON.
 *
 * @example
 * filterFields(parseFilter({ "author.name": "Ada" })).keys(); // '["author","name"]'
 */
export function filterFields(node: FilterNode): Map<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>();
  const visit = (part: FilterNode): void => {
    if ("path" in part) paths.set(JSON.stringify(part.path), part.path);
    else if (part.kind === "not") visit(part.child);
    else part.children.forEach(visit);
  };
  visit(node);
  return paths;
}

function compile(node: FilterNode, column: SqlFragment): SqlFragment {
  switch (node.kind) {
    case "and":
      return allOf(node.children.map((child) => compile(child, column)));
    case "or":
      return anyOf(node.children.map((child) => compile(child, column)));
    case "not":
      return sql`(NOT ${compile(node.child, column)})`;
    case "exists":
      return sql`(${fieldAt(column, node.path).type} IS NOT NULL)`;
    case "in":
      return anyOf([isOneOf(fieldAt(column, node.path), node.values), hasElement(column, node.path, node.values)]);
    case "contains": {
      const element = hasElement(column, node.path, [node.value]);
      if (typeof node.value !== "string") return element;
      const { type, value } = fieldAt(column, node.path);
      return anyOf([sql`(instr(${value}, ${operand(node.value)}) AND ${type} IS 'text')`, element]);
    }
    case "compare": {
      const place = fieldAt(column, node.path);
      const [value, bound] = comparable(place.value, node.bound);
      return sql`(${value} ${ORDERINGS[node.ordering]} ${bound} AND ${hasTypeOf(place, node.bound)})`;
    }
  }
}

function fieldAt(column: SqlFragment, path: readonly string[]): Place {
  const at = jsonPath(path);
  return { type: sql`json_type(${column}, ${at})`, value: sql`json_extract(${column}, ${at})` };
}

/** Keys in quotes, escaped as JSON escapes them: SQLite reads any key so, and nothing in a key is syntax. */
function jsonPath(path: readonly string[]): string {
  return `$${path.map((key) => `.${JSON.stringify(key)}`).join("")}`;
}

function hasElement(column: SqlFragment, path: readonly string[], values: readonly JsonScalar[]): SqlFragment {
  const elements = sql`json_each(${column}, ${jsonPath(path)}) AS element`;
  const match = sql`EXISTS (SELECT 1 FROM ${elements} WHERE ${isOneOf(ELEMENT, values)})`;
  return sql`(${fieldAt(column, path).type} IS 'array' AND ${match})`;
}

/** Equal to one of the values; types are tested apart, because SQLite's values do not tell them. */
function isOneOf(place: Place, values: readonly JsonScalar[]): SqlFragment {
  const tests: SqlFragment[] = [];
  if (values.includes(null)) tests.push(sql`(${place.type} IS 'null')`);
  if (values.includes(true)) tests.push(sql`(${place.type} IS 'true')`);
  if (values.includes(false)) tests.push(sql`(${place.type} IS 'false')`);
  const strings = values.filter((value) => typeof value === "string");
  const numbers = values.filter((value) => typeof value === "number");
  for (const alike of [strings, numbers]) {
    const [one] = alike;
    if (one !== undefined) tests.push(sql`(${isAmong(place.value, alike)} AND ${hasTypeOf(place, one)})`);
  }
  return anyOf(tests);
}

function isAmong(value: SqlFragment, values: readonly (string | number)[]): SqlFragment {
  const [only] = values;
  if (values.length === 1 && only !== undefined) {
    const [left, right] = comparable(value, only);
    return sql`${left} = ${right}`;
  }
  // One parameter, whatever the length; SQLite reads the list once per statement.
  const list = JSON.stringify(values);
  return values.some(isWide)
    ? sql`${asDouble(value)} IN (SELECT ${asDouble(sql`listed.value`)} FROM json_each(${list}) AS listed)`
    : sql`${value} IN (SELECT listed.value FROM json_each(${list}) AS listed)`;
}

/** Both sides of a comparison with one operand, cast to doubles where 64-bit integers would differ from them. */
function comparable(value: SqlFragment, other: string | number): readonly [SqlFragment, SqlFragment] {
  return isWide(other) ? [asDouble(value), asDouble(operand(other))] : [value, operand(other)];
}

function isWide(value: string | number): boolean {
  return typeof value === "number" && Math.abs(value) >= WIDE;
}

function asDouble(value: SqlFragment): SqlFragment {
  return sql`CAST(${value} AS REAL)`;
}

/** Bound as it is when every driver can be trusted with it; else as JSON, for SQLite to read as it reads the metadata. */
function operand(value: string | number): SqlFragment {
  const plain = typeof value === "string" ? !/[\0\p{Surrogate}]/u.test(value) : Number.isSafeInteger(value);
  return plain ? sql`${value}` : sql`json_extract(${JSON.stringify(value)}, '$')`;
}

/** Never NULL: this is what makes a comparison with a missing field false. */
function hasTypeOf(place: Place, value: string | number): SqlFragment {
  return typeof value === "string"
    ? sql`${place.type} IS 'text'`
    : sql`ifnull(${place.type}, '') IN ('integer', 'real')`;
}
