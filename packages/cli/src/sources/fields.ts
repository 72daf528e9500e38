import { type JsonValue, type Metadata, ThermoclineError } from "@thermocline/core";
import type { SourceRecord } from "./source.js";

/** Which fields of a row are its id and its text; by default `id` or `_id`, and `text`. */
export interface FieldNames {
  readonly id?: string | undefined;
  readonly text?: string | undefined;
}

/** Where a row stands, for what is said of it. */
export interface Place {
  readonly path: string;
  /** What rows are called: `line`, `row`. */
  readonly unit: string;
  /** From 1. Rows without an id are known by it. */
  readonly number: number;
}

/** Refuses a row. */
export function refuse({ path, unit, number }: Place, why: string): never {
  throw new ThermoclineError(
    "ARGUMENT",
    `${path}, ${unit} ${number}, ${why}; correct it and run the same command again.`,
  );
}

/**
 * A row of named fields as a record: its id, its text, a `vector` or `embedding`, and all else as metadata, with what an object
 * `metadata` has.
 */
export function recordOf(row: Readonly<Record<string, unknown>>, place: Place, names: FieldNames): SourceRecord {
  const { vector, embedding, metadata, ...others } = row;
  const rest: Record<string, unknown> = others;
  const take = (given: string | undefined, usual: readonly string[]): unknown => {
    if (given !== undefined && !(given in row)) refuse(place, `has no field ${given}`);
    const name = given ?? usual.find((field) => (row[field] ?? undefined) !== undefined);
    for (const field of given === undefined ? usual : [given]) delete rest[field];
    return name === undefined ? undefined : (row[name] ?? undefined);
  };
  const id = take(names.id, ["id", "_id"]) ?? place.number;
  if (typeof id !== "string" && typeof id !== "number") refuse(place, "has an id that is no string and no number");
  const text = take(names.text, ["text"]);
  if (text !== undefined && typeof text !== "string") refuse(place, "has a text that is no string");
  const numbers = vector ?? embedding ?? undefined;
  if (numbers !== undefined && !Array.isArray(numbers)) refuse(place, "has a vector that is no array of numbers");
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))) {
    refuse(place, "has metadata that are no object");
  }
  return {
    id: String(id),
    text: text as string | undefined,
    metadata: { ...rest, ...(metadata as Metadata | undefined) } as { [key: string]: JsonValue },
    vector: numbers as readonly number[] | undefined,
  };
}
