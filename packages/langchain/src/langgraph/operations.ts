import type { MatchCondition, Operation } from "@langchain/langgraph-checkpoint";
import { type Filter, type Metadata, ThermoclineError } from "@thermocline/core";
import { coreFilter } from "./filter.js";
import { checkCondition, checkLabels, type Labels } from "./namespaces.js";
import { milliseconds, type PutOptions, pathsOf, type View } from "./options.js";
import { textsAt } from "./paths.js";

/** An item of a namespace. */
export interface Place {
  readonly labels: Labels;
  readonly key: string;
}

export interface Put extends Place {
  readonly kind: "put";
  /** What to store; undefined: the item is to go. */
  readonly content: Content | undefined;
}

/** What a put stores. */
export interface Content {
  readonly json: string;
  readonly value: Metadata;
  /** What is to be embedded of it. */
  readonly texts: readonly string[];
  /** In milliseconds; undefined: for ever. */
  readonly ttl: number | undefined;
}

export interface Search {
  readonly kind: "search";
  readonly prefix: Labels;
  readonly filter: Filter;
  readonly limit: number;
  readonly offset: number;
  /** What to rank by; undefined: nothing. */
  readonly query: string | undefined;
}

export interface Listing {
  readonly kind: "list";
  readonly conditions: readonly MatchCondition[];
  readonly maxDepth: number | undefined;
  readonly limit: number;
  readonly offset: number;
}

export type Checked = ({ readonly kind: "get" } & Place) | Put | Search | Listing;

/** Operations as LangGraph gives them, and what `put` here adds. */
type Given = Operation & { readonly options?: PutOptions | undefined };

/** An operation, told by what it has, and checked before anything is done. Nothing of the given objects is kept. */
export function checkedOperation(operation: Given, view: View): Checked {
  if ("namespacePrefix" in operation) {
    const { namespacePrefix, filter, limit = 10, offset = 0, query } = operation;
    return {
      kind: "search",
      prefix: checkLabels(namespacePrefix, { empty: true }),
      filter: filter === undefined || filter === null ? {} : coreFilter(filter),
      limit: count("limit", limit),
      offset: count("offset", offset),
      // As LangGraph's own store has it: an empty query is none, nor is there one where nothing is embedded.
      query: query && view.index ? query : undefined,
    };
  }
  if ("key" in operation && "namespace" in operation) {
    const place = { labels: checkLabels(operation.namespace, { empty: false }), key: checkKey(operation.key) };
    return "value" in operation
      ? { kind: "put", ...place, content: contentOf(operation, view) }
      : { kind: "get", ...place };
  }
  if ("matchConditions" in operation || "limit" in operation) {
    const { matchConditions = [], maxDepth, limit = 100, offset = 0 } = operation;
    return {
      kind: "list",
      conditions: matchConditions.map(checkCondition),
      maxDepth: maxDepth === undefined ? undefined : count("maxDepth", maxDepth, 1),
      limit: count("limit", limit),
      offset: count("offset", offset),
    };
  }
  const rule = "give one of LangGraph's get, put, search and list operations";
  throw new ThermoclineError("ARGUMENT", `An operation has the fields ${Object.keys(operation).join(", ")}; ${rule}.`);
}

function checkKey(key: unknown): string {
  if (typeof key === "string") return key;
  throw new ThermoclineError("ARGUMENT", `An item's key is ${JSON.stringify(key)}; give a string.`);
}

function count(name: string, value: number, least = 0): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new ThermoclineError("ARGUMENT", `${name} is ${String(value)}; give a whole number from ${least}.`);
}

function contentOf(operation: Extract<Given, { value: unknown }>, view: View): Content | undefined {
  const { key, value, index, options } = operation;
  const paths =
    index === false ? [] : index === undefined || index === null ? view.index?.paths : pathsOf("index", index);
  const ttl = milliseconds("ttl", options?.ttl) ?? view.ttl;
  if (value === null) return undefined;
  const json = jsonOf(key, value);
  const parsed = JSON.parse(json) as Metadata;
  const texts = view.index ? (paths ?? []).flatMap((path) => textsAt(parsed, path)) : [];
  return { json, value: parsed, texts: [...new Set(texts)], ttl };
}

/** A value as JSON. What JSON would lose in silence is an error; undefined members are left out, as JSON does. */
function jsonOf(key: string, value: unknown): string {
  if (typeof value !== "object" || Array.isArray(value)) refuse(key, `is ${JSON.stringify(value)}, not an object`);
  let json: string;
  try {
    json = JSON.stringify(value, (name, member: unknown) => {
      if (typeof member === "number" && !Number.isFinite(member))
        refuse(key, `has ${member} at ${JSON.stringify(name)}`);
      if (
        typeof member === "function" ||
        typeof member === "symbol" ||
        member instanceof Map ||
        member instanceof Set
      ) {
        refuse(key, `has a function, symbol, Map or Set at ${JSON.stringify(name)}`);
      }
      return member;
    });
  } catch (cause) {
    if (cause instanceof ThermoclineError) throw cause;
    throw new ThermoclineError("ARGUMENT", `The value of item ${JSON.stringify(key)} cannot be JSON.`, { cause });
  }
  return json.startsWith("{") ? json : refuse(key, "is no object as JSON");
}

function refuse(key: string, what: string): never {
  throw new ThermoclineError("ARGUMENT", `The value of item ${JSON.stringify(key)} ${what}; give plain JSON values.`);
}
