import { sha256 } from "@langchain/core/utils/hash";
import type { JsonValue, Metadata } from "@thermocline/core";

/**
 * What filters look at, beside every record of an item. `fields` is the value, but for arrays, which equal nothing that a filter
 * can ask for and are `{}`, and for long strings, which are `{ sha256 }`. `numbers` is what LangGraph's comparisons make of what
 * is no number: those compare by `Number()`.
 */
export interface Filterable {
  readonly fields: Metadata;
  readonly numbers: Metadata;
}

/** Longer strings, in UTF-16 units, are compared by their hashes: whole texts are not to be written several times. */
const LONGEST = 256;

/** Objects deeper in a value than that are `{}`. */
const DEEPEST = 16;

/** The key of a long string's hash. No key of a value is called so: see `fieldName`. */
export const HASH = "\u0001sha256";

/** A key as a path of core may have it: U+0000 cannot stand in one. */
export function fieldName(key: string): string {
  return key.replaceAll("\u0001", "\u00011").replaceAll("\0", "\u00010");
}

/** The hash of a string that is compared by it, undefined for one that is compared as it is. */
export function hashOf(text: string): string | undefined {
  return text.length > LONGEST ? sha256(text) : undefined;
}

/** What LangGraph compares a scalar as, if as a number. */
export function numberOf(value: string | number | boolean | null): number | undefined {
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}

export function filterableOf(value: Metadata, depth = 0): Filterable {
  const fields: [string, JsonValue][] = [];
  const numbers: [string, JsonValue][] = [];
  for (const [key, member] of Object.entries(value)) {
    const name = fieldName(key);
    if (typeof member === "object" && member !== null) {
      const inner = isList(member) || depth === DEEPEST ? { fields: {}, numbers: {} } : filterableOf(member, depth + 1);
      fields.push([name, inner.fields]);
      if (Object.keys(inner.numbers).length > 0) numbers.push([name, inner.numbers]);
      continue;
    }
    const hash = typeof member === "string" ? hashOf(member) : undefined;
    fields.push([name, hash === undefined ? member : { [HASH]: hash }]);
    const number = typeof member === "number" ? undefined : numberOf(member);
    if (number !== undefined) numbers.push([name, number]);
  }
  // Not by assignment, to which `__proto__` would mean something else.
  return { fields: Object.fromEntries(fields), numbers: Object.fromEntries(numbers) };
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
