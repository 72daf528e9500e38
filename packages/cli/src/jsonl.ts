import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { type Metadata, ThermoclineError } from "@thermocline/core";

/** One line of a JSONL file as a record to be; `vector` where the line has one. */
export interface Line {
  readonly id: string;
  readonly text: string | undefined;
  readonly metadata: Metadata;
  readonly vector: readonly number[] | undefined;
}

/** The lines of a JSONL file, gzipped or not, in order. Empty ones are passed over. */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  const file = createReadStream(path);
  // An error of the file does not reach who reads what is piped from it.
  const unzipped = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  if (unzipped !== file) file.on("error", (error) => unzipped.destroy(error));
  let number = 0;
  try {
    for await (const line of createInterface({ input: unzipped, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      if (line.trim() !== "") yield lineOf(path, number, line);
    }
  } finally {
    file.destroy();
  }
}

function lineOf(path: string, number: number, line: string): Line {
  const refuse = (why: string): never => {
    throw new ThermoclineError(
      "ARGUMENT",
      `${path}, line ${number}, ${why}; correct it and run the same command again.`,
    );
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    refuse("is no JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) refuse("is no JSON object");
  const { id, _id, text, title, vector, embedding, metadata, ...fields } = parsed as Record<string, unknown>;
  const name = id ?? _id ?? number;
  if (typeof name !== "string" && typeof name !== "number") refuse("has an id that is no string and no number");
  if (text !== undefined && text !== null && typeof text !== "string") refuse("has a text that is no string");
  const numbers = vector ?? embedding ?? undefined;
  if (numbers !== undefined && !Array.isArray(numbers)) refuse("has a vector that is no array of numbers");
  if (metadata !== undefined && (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))) {
    refuse("has metadata that are no object");
  }
  const extra = title === undefined ? fields : { title, ...fields };
  return {
    id: String(name),
    text: text === null ? undefined : (text as string | undefined),
    metadata: { ...extra, ...(metadata as Metadata | undefined) } as Metadata,
    vector: numbers as readonly number[] | undefined,
  };
}
