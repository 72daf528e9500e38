import { ThermoclineError } from "../errors.js";
import { abortable } from "../pace.js";
import type { Checksum } from "./blob.js";
import { Connection } from "./connection.js";
import { type Examination, type ExamineOptions, examine } from "./examine.js";
import { Reader } from "./reader.js";
import { expectedBytes } from "./schema.js";
import type { Access, Driver } from "./sqlite.js";

/** Up to this size the index of words is compared with the texts: in a copy in memory, in one call of some milliseconds a MiB. */
const COPIED_BYTES = 8 * 2 ** 20;

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
  const connection = new Connection(path, await driver.open(path, access));
  try {
    const { signal } = options;
    const integrity = driver.integrity?.bind(driver, path, access, signal);
    const reader = new Reader(connection, checksum);
    connection.exec("PRAGMA query_only = ON");
    connection.exec("BEGIN");
    const examination = await examine(connection, reader, {
      ...options,
      integrity: integrity && (() => abortable(signal, integrity())),
      texts: () => checkTexts(driver, connection, checksum),
    });
    const { problems, problemCount, whole } = examination;
    return { problems, problemCount, whole, bytes: bytesOf(connection) };
  } finally {
    connection.close();
  }
}

/** Rejects when the index of words of a small file, if it has one, does not say what its texts say. The file is not written to. */
export async function checkTexts(driver: Driver, connection: Connection, checksum: Checksum): Promise<void> {
  if (bytesOf(connection) > COPIED_BYTES || new Reader(connection, checksum).tokenizer() === undefined) return;
  const bytes = await driver.toBytes(connection.database);
  const copy = new Connection(connection.path, await driver.openMemory(connection.path, bytes));
  try {
    new Reader(copy, checksum).texts.check();
  } finally {
    copy.close();
  }
}

function bytesOf({ database }: Connection): number {
  try {
    return expectedBytes(database);
  } catch {
    return 0; // The first page is damaged, and its problems are known.
  }
}
