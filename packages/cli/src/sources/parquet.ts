import type { JsonValue } from "@thermocline/core";
import { optionalPackage } from "../optional-package.js";
import { type FieldNames, type Place, recordOf, refuse } from "./fields.js";
import type { Source } from "./source.js";

/** Rows decoded at a time. */
const BATCH = 1_024;

/** What is used of `hyparquet`. */
interface Hyparquet {
  asyncBufferFromFile(path: string): Promise<object>;
  parquetMetadataAsync(file: object): Promise<{ readonly num_rows: bigint }>;
  parquetReadObjects(options: {
    readonly file: object;
    readonly metadata: object;
    readonly compressors: object | undefined;
    readonly rowStart: number;
    readonly rowEnd: number;
  }): Promise<Record<string, unknown>[]>;
}

/** The rows of a Parquet file, read by `hyparquet` where that is installed; `hyparquet-compressors` reads what is not packed by Snappy. */
export async function parquetSource(path: string, names: FieldNames): Promise<Source> {
  const reader = await optionalPackage<Hyparquet>("hyparquet", "Reading Parquet");
  const compressors = await optionalPackage<{ compressors: object }>("hyparquet-compressors", "Unpacking Parquet").then(
    (found) => found.compressors,
    () => undefined,
  );
  // A file of another kind is refused before anything is made.
  const file = await reader.asyncBufferFromFile(path);
  const metadata = await reader.parquetMetadataAsync(file).catch((cause: unknown) => {
    return refuse(
      { path, unit: "byte", number: 1 },
      `is no Parquet (${cause instanceof Error ? cause.message : cause})`,
    );
  });
  const rows = Number(metadata.num_rows);
  let read = 0;
  return {
    share: () => (rows === 0 ? 1 : read / rows),
    async *records() {
      read = 0;
      for (let from = 0; from < rows; from += BATCH) {
        const to = Math.min(rows, from + BATCH);
        const options = { file, metadata, compressors, rowStart: from, rowEnd: to };
        for (const row of await reader.parquetReadObjects(options)) {
          read += 1;
          const place = { path, unit: "row", number: read };
          const values = Object.entries(row).map(([name, value]) => [name, jsonOf(value, name, place)] as const);
          yield recordOf(Object.fromEntries(values.filter(([, value]) => value !== null)), place, names);
        }
      }
    },
  };
}

/** A value as JSON has it: large integers as numbers where those are exact, times as ISO 8601. */
function jsonOf(value: unknown, name: string, place: Place): JsonValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return refuse(place, `has bytes in the field ${name}, which metadata cannot hold`);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return Array.from(value as ArrayLike<unknown>, (one) => jsonOf(one, name, place));
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, jsonOf(one, name, place)]));
}
