import { ThermoclineError } from "../errors.js";
import { abortable } from "../pace.js";
import type { TextIndexCheck } from "../types.js";
import type { Checksum } from "./blob.js";
import { Connection } from "./connection.js";
import { type Examination, type ExamineOptions, examine, INTEGRITY_CHECK } from "./examine.js";
import { Reader } from "./reader.js";
import { expectedBytes } from "./schema.js";
import type { Access, DistantReader, Driver } from "./sqlite.js";
import { compareTexts, comparison, type Tokenizer } from "./text-index.js";

/** Up to this size the index of words is compared with the texts where there is one connection only: in one call of some milliseconds a MiB. */
const COMPARED_BYTES = 8 * 2 ** 20;

/** How often a file is read again because another process changed it meanwhile, before it is read beside that process. */
const ATTEMPTS = 2;

export interface FileExamination extends Examination {
  readonly bytes: number;
}

/** Examines a file that need not be open, nor sound, as it is at one moment, and leaves it as it is. */
export async function examineFile(
  driver: Driver,
  given: string,
  checksum: Checksum,
  options: ExamineOptions,
): Promise<FileExamination> {
  const path = driver.locate(given);
  const cut = await inspected(driver, path);
  for (let attempt = 1; ; attempt++) {
    const before = await driver.signature(path);
    const access = before === undefined || attempt > ATTEMPTS ? "read" : "still";
    const found = await examined(driver, path, access, checksum, options);
    if (access === "still" && (await driver.signature(path)) !== before) continue;
    if (cut === undefined) return found;
    const problem = { what: "file", table: undefined, row: undefined, block: undefined, message: cut } as const;
    return { ...found, problems: [problem, ...found.problems], problemCount: found.problemCount + 1 };
  }
}

/** What is wrong with a file that can be read nevertheless. */
async function inspected(driver: Driver, path: string): Promise<string | undefined> {
  try {
    if (await driver.inspect(path)) return undefined;
  } catch (cause) {
    if (cause instanceof ThermoclineError && cause.code === "CORRUPT") return cause.message;
    throw cause;
  }
  throw new ThermoclineError("IO", `There is no store at ${path}; give the path of a store's file.`);
}

async function examined(
  driver: Driver,
  path: string,
  access: Access,
  checksum: Checksum,
  options: ExamineOptions,
): Promise<FileExamination> {
  const { signal } = options;
  const connection = new Connection(path, await driver.open(path, access));
  try {
    const apart = await driver.readApart?.(path, access);
    try {
      const reader = new Reader(connection, checksum);
      connection.exec("PRAGMA query_only = ON");
      connection.exec("BEGIN");
      const examination = await examine(connection, reader, {
        ...options,
        integrity: apart && (() => abortable(signal, integrity(apart))),
        texts: (tokenizer) => abortable(signal, compared(connection, apart, tokenizer)),
      });
      const { problems, problemCount, whole, textIndex } = examination;
      return { problems, problemCount, whole, textIndex, bytes: bytesOf(connection) };
    } finally {
      const closed = apart?.close();
      // A statement that goes on after an abort keeps the caller waiting for nothing.
      if (!signal?.aborted) await closed;
    }
  } finally {
    connection.close();
  }
}

/** What SQLite says of a file's structure. What it refuses to read is a finding, too. */
async function integrity(apart: DistantReader): Promise<readonly string[]> {
  try {
    const rows = await apart.all<{ readonly integrity_check: string }>(INTEGRITY_CHECK);
    return rows.map(({ integrity_check: message }) => message);
  } catch (cause) {
    const isFinding = cause instanceof ThermoclineError && (cause.code === "CORRUPT" || cause.code === "FORMAT");
    if (!isFinding) throw cause;
    return [cause.message];
  }
}

/** Rejects when the index of words does not say what the texts say; says why they could not be compared. */
async function compared(
  connection: Connection,
  apart: DistantReader | undefined,
  tokenizer: Tokenizer,
): Promise<TextIndexCheck> {
  try {
    if (apart) {
      // A large index is copied to a file, which SQLite deletes.
      for (const statement of ["PRAGMA temp_store = FILE", ...comparison(tokenizer)]) await apart.all(statement);
    } else if (bytesOf(connection) <= COMPARED_BYTES) {
      compareTexts(connection, tokenizer);
    } else {
      const reason = "a file of more than 8 MiB is compared in Node only, where it does not hold up others";
      return { compared: false, reason };
    }
    return { compared: true, reason: undefined };
  } catch (cause) {
    if (!(cause instanceof ThermoclineError) || cause.code !== "IO") throw cause;
    return { compared: false, reason: `the copy of the index that is compared could not be written: ${cause.message}` };
  }
}

function bytesOf({ database }: Connection): number {
  try {
    return expectedBytes(database);
  } catch {
    return 0; // The first page is damaged, and its problems are known.
  }
}
