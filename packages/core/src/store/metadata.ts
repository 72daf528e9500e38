import { ThermoclineError } from "../errors.js";
import type { Metadata } from "../types.js";
import { shown } from "./settings.js";

function refuse(id: string, what: string): never {
  throw new ThermoclineError("ARGUMENT", `The metadata of record ${shown(id)} ${what}; give plain JSON values.`);
}

/** Metadata as JSON text. What JSON would lose in silence is an error; undefined members are left out, as JSON does. */
export function metadataJson(id: string, metadata: unknown): string {
  if (metadata === undefined || metadata === null) return "{}";
  if (typeof metadata !== "object" || Array.isArray(metadata)) refuse(id, `is ${shown(metadata)}, not an object`);
  try {
    return JSON.stringify(metadata, (key, value: unknown) => {
      // SQLite ends the keys of JSON paths there, and a filter would find the wrong key.
      if (key.includes("\0")) refuse(id, "has a key with U+0000");
      if (typeof value === "number" && !Number.isFinite(value)) refuse(id, `has ${value} at ${shown(key)}`);
      if (typeof value === "function" || typeof value === "symbol" || typeof value === "bigint") {
        refuse(id, `has a ${typeof value} at ${shown(key)}`);
      }
      return value;
    });
  } catch (cause) {
    if (cause instanceof ThermoclineError) throw cause;
    throw new ThermoclineError("ARGUMENT", `The metadata of record ${shown(id)} cannot be written as JSON.`, { cause });
  }
}

/** The metadata behind JSON text that `metadataJson` wrote. */
export function parseMetadata(json: string): Metadata {
  return JSON.parse(json) as Metadata;
}
