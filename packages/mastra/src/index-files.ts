import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ThermoclineError } from "@thermocline/core";
import { refuse } from "./errors.js";

/** No file system takes names of more than 255 bytes, and SQLite puts up to eight more behind them. */
const LONGEST = 200;

/**
 * The name of an index's file. Small letters, digits, `-` and `_` stay; any other character is its bytes in UTF-8, as in a URL. So
 * two names never meet in one file where case does not count, no name leads out of the folder, and the prefix keeps off those
 * that Windows reserves.
 */
export function fileOf(indexName: unknown): string {
  const rule = "give a string that is not empty and has no lone surrogates";
  if (typeof indexName !== "string" || indexName === "" || /\p{Surrogate}/u.test(indexName)) {
    refuse(`indexName is ${typeof indexName === "string" ? JSON.stringify(indexName) : String(indexName)}; ${rule}.`);
  }
  const encoded = encodeURIComponent(indexName).replace(/%..|[^a-z0-9_-]/g, (part) =>
    part.length === 3 ? part.toLowerCase() : `%${part.charCodeAt(0).toString(16)}`,
  );
  if (encoded.length > LONGEST) {
    refuse(`indexName takes ${encoded.length} bytes in a file's name; give one that takes ${LONGEST} at most.`);
  }
  return `index-${encoded}.db`;
}

/** The index whose file has this name; undefined for any other file. */
function indexOf(file: string): string | undefined {
  const [, encoded] = /^index-(.+)\.db$/.exec(file) ?? [];
  try {
    const name = encoded === undefined ? undefined : decodeURIComponent(encoded);
    return name !== undefined && fileOf(name) === file ? name : undefined;
  } catch {
    return undefined;
  }
}

/** A folder with a file for each index. A file that is there is whole: it is made under another name and then linked. */
export class IndexFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  path(indexName: string): string {
    return join(this.#folder, fileOf(indexName));
  }

  async exists(indexName: string): Promise<boolean> {
    const path = this.path(indexName);
    return reading(path, async () => (await stat(path)).isFile(), false);
  }

  /** Indexes by name, in the order of their files'. */
  async names(): Promise<string[]> {
    const files = await reading(this.#folder, () => readdir(this.#folder), []);
    return files.sort().flatMap((file) => indexOf(file) ?? []);
  }

  /** Has `make` write an index's file; false when there is one by then, which stays as it is. */
  async make(indexName: string, make: (path: string) => Promise<void>): Promise<boolean> {
    const path = this.path(indexName);
    const beside = join(this.#folder, `${randomUUID()}.new`);
    await writing(path, () => mkdir(this.#folder, { recursive: true }));
    try {
      await make(beside);
      return await writing(path, () => linked(beside, path));
    } finally {
      await removeDatabase(beside);
    }
  }

  /** Deletes an index's file and what SQLite has put beside it, if they are there. */
  async remove(indexName: string): Promise<void> {
    const path = this.path(indexName);
    await writing(path, () => removeDatabase(path));
  }
}

/** The log goes last: without its database it is nothing. */
async function removeDatabase(path: string): Promise<void> {
  for (const suffix of ["", "-wal", "-shm"]) await rm(path + suffix, { force: true });
}

/**
 * Gives a file a second name; false when another has it. Where a file system knows no links the first name goes, and of two processes
 * that make an index at the same moment the first loses its own.
 */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(String(codeOf(error)))) throw error;
    await rename(file, name);
    return true;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

async function reading<T>(path: string, action: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return otherwise;
    throw failed(path, "read", cause);
  }
}

async function writing<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw failed(path, "written", cause);
  }
}

function failed(path: string, done: string, cause: unknown): ThermoclineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ThermoclineError("IO", `${path} could not be ${done} (${reason}).`, { cause });
}
