import { access, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Thermocline, ThermoclineError } from "@thermocline/core";

const FILE = "thermocline.db";

/** A file of another library, to be read in parts. */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
  /** That many bytes from a place on; fewer at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Opens a file of another library for as long as the work on it takes. */
export async function withFile<T>(path: string, work: (file: SourceFile) => Promise<T>): Promise<T> {
  const handle = await reading(path, () => open(path, "r"));
  try {
    const { size } = await reading(path, () => handle.stat());
    const read = async (offset: number, length: number) => {
      const bytes = new Uint8Array(length);
      const { bytesRead } = await reading(path, () => handle.read(bytes, 0, length, offset));
      return bytes.subarray(0, bytesRead);
    };
    return await work({ path, size, read });
  } finally {
    await handle.close();
  }
}

/** The path of a file in a directory. */
export function inDirectory(directory: string, name: string): string {
  return join(directory, name);
}

/** What is at a path. */
export async function kindOf(path: string): Promise<"directory" | "file" | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found && (found.isDirectory() ? "directory" : "file");
}

/**
 * Copies a store into a directory, made if need be; the store whose own file `own` lies there already is left alone. An
 * old copy may be open somewhere, so SQLite replaces what is in it, in one transaction: putting another file in its
 * place would leave its log to spoil the new one. A first copy is written beside and takes its name when it is whole.
 */
export async function saveInto(directory: string, store: Thermocline, own: string | undefined): Promise<void> {
  const target = join(directory, FILE);
  await writing(target, () => mkdir(directory, { recursive: true }));
  const old = await real(target);
  if (old !== undefined && own !== undefined && old === (await real(own))) return;
  if (old !== undefined) return store.backup(target);

  const copy = `${target}.${crypto.randomUUID()}.new`;
  try {
    await store.backup(copy);
    await writing(target, () => rename(copy, target));
  } finally {
    await rm(copy, { force: true });
  }
}

/** The file that `saveInto` wrote into a directory. */
export async function savedFile(directory: string): Promise<string> {
  const file = join(directory, FILE);
  try {
    await access(file);
    return file;
  } catch (cause) {
    throw new ThermoclineError("IO", `${file} cannot be opened; was a store saved in that directory?`, { cause });
  }
}

/** Where a path leads in the end; undefined when there is nothing. */
function real(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}

async function reading<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ThermoclineError("IO", `${path} could not be read (${reason}).`, { cause });
  }
}

async function writing<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ThermoclineError("IO", `${path} could not be written (${reason}).`, { cause });
  }
}
