import { readdir, stat } from "node:fs/promises";
import { type Metadata, ThermoclineError } from "@thermocline/core";
import { misuse } from "../failure.js";
import type { FieldNames } from "./fields.js";

/** A record as a file has it. */
export interface SourceRecord {
  readonly id: string;
  readonly text: string | undefined;
  /** What is embedded in the place of the text. */
  readonly embedded?: string;
  readonly metadata: Metadata;
  /** Undefined where the file has none. */
  readonly vector: readonly number[] | undefined;
}

/** What an import reads. */
export interface Source {
  /** Its records, in order: the same ones each time. */
  records(): AsyncGenerator<SourceRecord>;
  /** How much of it the last `records` has read, 0 to 1. */
  share(): number;
  /** Of passages: all those of the files that were read, so that what has left a file can leave the store. */
  readonly passages?: true;
}

const TEXT = String.raw`\.(jsonl|ndjson|csv|tsv)(\.gz)?$`;

/** The source that a path is, by its ending. What a kind of file needs is not loaded for another. */
export async function openSource(path: string, names: FieldNames): Promise<Source> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ThermoclineError("IO", `There is no file ${path}; give the path of what is to be imported.`, { cause });
  });
  if (found.isDirectory() || /\.(md|markdown)$/i.test(path)) {
    const { markdownSource } = await import("./markdown.js");
    return markdownSource(path);
  }
  if (/\.parquet$/i.test(path)) {
    const { parquetSource } = await import("./parquet.js");
    return parquetSource(path, names);
  }
  const [, ending] = new RegExp(TEXT, "i").exec(path) ?? [];
  switch (ending?.toLowerCase()) {
    case "csv":
    case "tsv": {
      const { csvSource } = await import("./csv.js");
      return csvSource(path, names);
    }
    case "jsonl":
    case "ndjson": {
      const { jsonlSource } = await import("./jsonl.js");
      return jsonlSource(path, names);
    }
    default:
      return misuse(`${path} is no .jsonl, .csv, .tsv or .parquet file and no folder of Markdown; give one.`);
  }
}

/** The files in a folder and the folders in it whose names match, in the order of their paths, with slashes. */
export async function filesIn(folder: string, name: RegExp): Promise<string[]> {
  const files = (await readdir(folder, { recursive: true })).map((file) => file.replaceAll("\\", "/"));
  return files.filter((file) => name.test(file) && !/(^|\/)(node_modules|\.[^/]*)\//.test(file)).sort();
}
