import { type Filter, filterPredicate, type JsonValue, type Metadata } from "@thermocline/core";

/** What a Mastra filter says, in parts: what core's language has a word for, and tests of one field for what it has none for. */
export type Condition =
  | { readonly kind: "filter"; readonly filter: Filter }
  | { readonly kind: "test"; readonly path: string; readonly holds: (value: JsonValue | undefined) => boolean }
  | { readonly kind: "all" | "any"; readonly of: readonly Condition[] }
  | { readonly kind: "not"; readonly of: Condition };

/** Joins conditions. One within another of the same kind dissolves in it, so that long chains do not become deep. */
export function join(kind: "all" | "any", conditions: readonly Condition[]): Condition {
  const of = conditions.flatMap((condition) => (condition.kind === kind ? condition.of : [condition]));
  const [only] = of;
  return only && of.length === 1 ? only : { kind, of };
}

/** The condition in core's language; undefined where a part of it is a test. */
export function filterOf(condition: Condition): Filter | undefined {
  switch (condition.kind) {
    case "filter":
      return condition.filter;
    case "test":
      return undefined;
    case "not": {
      const of = filterOf(condition.of);
      return of && { $not: of };
    }
    default: {
      const of = condition.of.flatMap<Filter>((part) => filterOf(part) ?? []);
      if (of.length < condition.of.length) return undefined;
      if (of.length > 0) return condition.kind === "all" ? { $and: of } : { $or: of };
      return condition.kind === "all" ? {} : { $not: {} };
    }
  }
}

/** What of a condition core's language can say: a filter that holds wherever the condition does. */
export function narrowing(condition: Condition): Filter {
  const parts = condition.kind === "all" ? condition.of : [condition];
  const filters = parts.flatMap<Filter>((part) => filterOf(part) ?? []);
  return filters.length > 0 ? { $and: filters } : {};
}

/** The condition as a function of metadata. */
export function predicateOf(condition: Condition): (metadata: Metadata) => boolean {
  switch (condition.kind) {
    case "filter":
      return filterPredicate(condition.filter);
    case "test": {
      const keys = condition.path.split(".");
      return (metadata) => condition.holds(lookUp(metadata, keys));
    }
    case "not": {
      const holds = predicateOf(condition.of);
      return (metadata) => !holds(metadata);
    }
    default: {
      const parts = condition.of.map(predicateOf);
      return condition.kind === "all"
        ? (metadata) => parts.every((holds) => holds(metadata))
        : (metadata) => parts.some((holds) => holds(metadata));
    }
  }
}

/** The value at a path, as core finds it: through own keys of objects, never through arrays. */
function lookUp(metadata: Metadata, keys: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = metadata;
  for (const key of keys) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

export function isObject(value: JsonValue | undefined): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
