import type { JsonValue, Metadata } from "../types.js";
import type { FilterNode, JsonScalar, Ordering } from "./filter-node.js";

/**
 * Whether metadata satisfy a parsed filter: the meaning of the language, which the SQL repeats.
 *
 * @example
 * evaluateFilter(parseFilter({ tags: "sea" }), { tags: ["sea", "salt"] }); // true
 */
export function evaluateFilter(node: FilterNode, metadata: Metadata): boolean {
  switch (node.kind) {
    case "and":
      return node.children.every((child) => evaluateFilter(child, metadata));
    case "or":
      return node.children.some((child) => evaluateFilter(child, metadata));
    case "not":
      return !evaluateFilter(node.child, metadata);
    case "exists":
      return lookUp(metadata, node.path) !== undefined;
    case "in": {
      const value = lookUp(metadata, node.path);
      return isOneOf(value, node.values) || (isArray(value) && value.some((element) => isOneOf(element, node.values)));
    }
    case "contains": {
      const value = lookUp(metadata, node.path);
      if (isArray(value)) return value.some((element) => isOneOf(element, [node.value]));
      return typeof value === "string" && typeof node.value === "string" && hasSubstring(value, node.value);
    }
    case "compare": {
      const value = lookUp(metadata, node.path);
      const difference =
        typeof value === "string" && typeof node.bound === "string"
          ? compareCodePoints(value, node.bound)
          : typeof value === "number" && typeof node.bound === "number"
            ? value - node.bound
            : Number.NaN;
      return holds(node.ordering, difference);
    }
  }
}

/** The value at a path; undefined when it is missing. Only own keys count, whatever they are called. */
export function lookUp(metadata: Metadata, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = metadata;
  for (const key of path) {
    if (typeof value !== "object" || value === null || isArray(value) || !Object.hasOwn(value, key)) return undefined;
    value = (value as Metadata)[key];
  }
  return value;
}

/** Equality of scalars is `includes`: by type and value, and -0 is 0. */
function isOneOf(value: JsonValue | undefined, values: readonly JsonScalar[]): boolean {
  return (values as readonly unknown[]).includes(value);
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Never true for NaN, which stands for "not comparable". */
function holds(ordering: Ordering, difference: number): boolean {
  if (ordering === ">") return difference > 0;
  if (ordering === ">=") return difference >= 0;
  if (ordering === "<") return difference < 0;
  return difference <= 0;
}

/**
 * By code point, which is also the order of UTF-8 bytes. JavaScript's `<` goes by UTF-16 units and puts U+1F600 before
 * U+FF01. The step back decodes a surrogate pair that differs only in its second half.
 */
function compareCodePoints(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return codePoint(a, i - 1) - codePoint(b, i - 1) || codePoint(a, i) - codePoint(b, i);
}

/** The code point at a unit; -1 past either end, so that a prefix comes first. */
function codePoint(text: string, index: number): number {
  return text.codePointAt(index) ?? -1;
}

/** Like `includes`, but by code point: half of a surrogate pair is no substring. */
function hasSubstring(text: string, part: string): boolean {
  for (let i = text.indexOf(part); i >= 0; i = text.indexOf(part, i + 1)) {
    if (!splitsPair(text, i) && !splitsPair(text, i + part.length)) return true;
  }
  return false;
}

/** Whether a cut before this unit would go through a surrogate pair. */
function splitsPair(text: string, index: number): boolean {
  return index > 0 && codePoint(text, index - 1) > 0xffff;
}
