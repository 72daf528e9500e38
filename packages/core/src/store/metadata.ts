import { ThermoclineError } from "../errors.js";
import type { Metadata } from "../types.js";
import { shown } from "./settings.js";

function refuse(id: string, what: string): never {
  throw new ThermoclineError("ARGUMENT", `The metadata of record ${shown(id)} ${what}; give plain JSON values.`);
}

/** SQLite reads JSON up to a depth of 1,000, and a filter would fail on what is deeper. */
const MAX_DEPTH = 500;

/** Whether metadata are a plain object of plain values, as most are: then JSON takes nothing of them that has to be looked at. */
function isFlat(metadata: object): boolean {
  const prototype = Object.getPrototypeOf(metadata);
  if (prototype !== Object.prototype && prototype !== null) return false;
  for (const [key, value] of Object.entries(metadata)) {
    const plain = typeof value === "string" || typeof value === "boolean" || value === null || Number.isFinite(value);
    if (!plain || key.includes("\0")) return false;
  }
  return true;
}

/** Metadata as JSON text. What JSON would lose in silence is an error; undefined members are left out, as JSON does. */
export function metadataJson(id: string, metadata: unknown): string {
  if (metadata === undefined || metadata === null) return "{}";
  if (typeof metadata !== "object" || Array.isArray(metadata)) refuse(id, `is ${shown(metadata)}, not an object`);
  if (isFlat(metadata)) return JSON.stringify(metadata);
  const depths = new Map<unknown, number>();
  // A function, because JSON.stringify tells it the object that holds the key.
  function check(this: unknown, key: string, value: unknown): unknown {
    const depth = (depths.get(this) ?? -1) + 1;
    if (depth > MAX_DEPTH) refuse(id, `is nested deeper than ${MAX_DEPTH} levels`);
    // SQLite ends the keys of JSON paths there, and a filter would find the wrong key.
    if (key.includes("\0")) refuse(id, "has a key with U+0000");
    if (typeof value === "number" && !Number.isFinite(value)) refuse(id, `has ${value} at ${shown(key)}`);
    if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
      refuse(id, `has a ${typeof value} at ${shown(key)}`);
    }
    if (value === undefined && Array.isArray(this)) refuse(id, "has undefined in an array");
    if (value instanceof Map || value instanceof Set) refuse(id, `has a Map or a Set at ${shown(key)}`);
    if (typeof value === "object") depths.set(value, depth);
    return value;
  }
  let json: string | undefined;
  try {
    json = JSON.stringify(metadata, check);
  } catch (cause) {
    if (cause instanceof ThermoclineError) throw cause;
    throw new ThermoclineError("ARGUMENT", `The metadata of record ${shown(id)} cannot be written as JSON.`, { cause });
  }
  if (!json?.startsWith("{")) refuse(id, "is no object as JSON");
  return json;
}

/** The metadata behind JSON text that `metadataJson` wrote. */
export function parseMetadata(json: string): Metadata {
  try {
    return JSON.parse(json) as Metadata;
  } catch (cause) {
    throw new ThermoclineError("CORRUPT", "A record's metadata are damaged. Restore a backup.", { cause });
  }
}
