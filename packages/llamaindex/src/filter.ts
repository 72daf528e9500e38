import { type Filter, type FilterScalar, ThermoclineError } from "@thermocline/core";
import { EMPTY_FIELDS, REF_DOC_ID } from "./node-record.js";

/** A condition on one field of the metadata, as both frameworks write it. */
export interface MetadataFilterLike {
  readonly key: string;
  readonly value?: unknown;
  readonly operator: string;
}

/** Conditions joined by `and` (default) or `or`. Types of the frameworks know no nesting; Python's do, and so does this. */
export interface MetadataFiltersLike {
  readonly filters: readonly (MetadataFilterLike | MetadataFiltersLike)[];
  readonly condition?: string | undefined;
}

/** Scalars of one kind that an ordering bounds from below: what tells them from arrays that hold them. */
const LOWEST = { string: "", number: -Number.MAX_VALUE } as const;

const NOTHING: Filter = { $not: {} };

/** The names under which the frameworks' stores find the document that a node is of. */
const OF_DOCUMENT = ["ref_doc_id", "doc_id", "document_id"];

/** What a query is narrowed by, in core's words; `docIds` are of documents. */
export function filterOf(
  filters: MetadataFiltersLike | undefined | null,
  docIds: readonly string[] | undefined | null,
): Filter | undefined {
  const parts: Filter[] = [];
  if (filters) parts.push(joined(filters));
  if (docIds) parts.push({ [REF_DOC_ID]: { $in: docIds } });
  return parts.length > 1 ? { $and: parts } : parts[0];
}

function joined({ filters, condition = "and" }: MetadataFiltersLike): Filter {
  if (!Array.isArray(filters)) fail(`filters is ${shown(filters)}`, "an array of conditions");
  const parts = filters.map((filter: MetadataFilterLike | MetadataFiltersLike) => {
    if (typeof filter !== "object" || filter === null) fail(`a condition is ${shown(filter)}`, "an object");
    return "filters" in filter ? joined(filter) : conditionOf(filter);
  });
  if (condition === "and") return parts.length > 0 ? { $and: parts } : {};
  if (condition === "or") return parts.length > 0 ? { $or: parts } : NOTHING;
  return fail(`condition is ${shown(condition)}`, "and or or");
}

function conditionOf(filter: MetadataFilterLike): Filter {
  const { key } = filter;
  if (typeof key !== "string") fail(`key is ${shown(key)}`, "the name of a field of the metadata");
  const path = key.replace(/[\\.$]/g, "\\$&");
  if (!OF_DOCUMENT.includes(key)) return holds(filter, path);
  // Metadata of that name come first, as they do in the node.
  const own: Filter = { $and: [{ [path]: { $exists: true } }, holds(filter, path)] };
  return { $or: [own, { $and: [{ [path]: { $exists: false } }, holds(filter, REF_DOC_ID)] }] };
}

/** A missing field meets `is_empty` and nothing else. */
function holds({ key, value, operator = "==" }: MetadataFilterLike, path: string): Filter {
  switch (operator) {
    case "==":
      return isOneOf(path, [value], `== on ${key}`);
    case "!=":
      return thereAndNot(path, isOneOf(path, [value], `!= on ${key}`));
    case "in":
      return isOneOf(path, list(value, `in on ${key}`), `in on ${key}`);
    case "nin":
      return thereAndNot(path, isOneOf(path, list(value, `nin on ${key}`), `nin on ${key}`));
    case ">":
      return { [path]: { $gt: bound(value, `> on ${key}`) } };
    case ">=":
      return { [path]: { $gte: bound(value, `>= on ${key}`) } };
    case "<":
      return { [path]: { $lt: bound(value, `< on ${key}`) } };
    case "<=":
      return { [path]: { $lte: bound(value, `<= on ${key}`) } };
    case "any":
      return hasOneOf(path, list(value, `any on ${key}`), `any on ${key}`);
    case "all": {
      const values = list(value, `all on ${key}`);
      if (values.length === 0) fail(`all on ${key} is an empty array`, "at least one value");
      return { $and: values.map((one) => hasOneOf(path, [one], `all on ${key}`)) };
    }
    case "contains":
      return hasOneOf(path, [value], `contains on ${key}`);
    case "text_match": {
      const text = bound(value, `text_match on ${key}`);
      if (typeof text === "string") return { [path]: { $contains: text } };
      return { $or: [{ [path]: { $contains: text } }, { [path]: { $contains: String(text), $gte: LOWEST.string } }] };
    }
    case "is_empty": {
      const missing: Filter = { [path]: { $exists: false } };
      return { $or: [missing, isOneOf(path, [null, ""], operator), { [EMPTY_FIELDS]: key }] };
    }
    default:
      return fail(
        `${shown(operator)} on ${key} is no operator`,
        "one of ==, !=, in, nin, <, <=, >, >=, any, all, contains, text_match, is_empty",
      );
  }
}

function thereAndNot(path: string, filter: Filter): Filter {
  return { $and: [{ [path]: { $exists: true } }, { $not: filter }] };
}

/** The field itself equals one of the values; an array that holds one does not, though core's `$in` looks into arrays. */
function isOneOf(path: string, values: readonly unknown[], where: string): Filter {
  const { string, number, others } = byKind(values, where);
  return anyOf([
    string.length > 0 && { [path]: { $in: string, $gte: LOWEST.string } },
    number.length > 0 && { [path]: { $in: number, $gte: LOWEST.number } },
    ...others.map((value) => ({ [path]: { $eq: value, $not: { $contains: value } } })),
  ]);
}

/** The field is an array that holds one of the values. */
function hasOneOf(path: string, values: readonly unknown[], where: string): Filter {
  const { string, number, others } = byKind(values, where);
  return anyOf([
    string.length > 0 && { [path]: { $in: string, $not: { $gte: LOWEST.string } } },
    number.length > 0 && { [path]: { $in: number, $not: { $gte: LOWEST.number } } },
    ...others.map((value) => ({ [path]: { $contains: value } })),
  ]);
}

function anyOf(parts: readonly (Filter | false)[]): Filter {
  const filters = parts.filter((part) => part !== false);
  return filters.length > 0 ? { $or: filters } : NOTHING;
}

interface Kinds {
  readonly string: (string | Date)[];
  readonly number: number[];
  readonly others: (boolean | null)[];
}

function byKind(values: readonly unknown[], where: string): Kinds {
  const kinds: Kinds = { string: [], number: [], others: [] };
  for (const value of values) {
    if (typeof value === "string" || value instanceof Date) kinds.string.push(value);
    else if (typeof value === "number") kinds.number.push(value);
    else if (typeof value === "boolean" || value === null) kinds.others.push(value);
    else fail(`${where} is ${shown(value)}`, "a string, a number, a boolean or null");
  }
  // Each value once, and no more conditions than there are values of so few kinds.
  return { ...kinds, others: [...new Set(kinds.others)] };
}

function list(value: unknown, where: string): readonly unknown[] {
  return Array.isArray(value)
    ? Array.from(value as readonly unknown[])
    : fail(`${where} is ${shown(value)}`, "an array");
}

function bound(value: unknown, where: string): Exclude<FilterScalar, boolean | null> {
  if (typeof value === "string" || typeof value === "number" || value instanceof Date) return value;
  return fail(`${where} is ${shown(value)}`, "a string or a number");
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function fail(given: string, expected: string): never {
  throw new ThermoclineError("FILTER", `Filter: ${given}; give ${expected}.`);
}
