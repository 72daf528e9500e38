import { access, mkdir, realpath, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Thermocline, ThermoclineError } from "@thermocline/core";

const FILE = "thermocline.db";

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

async function writing<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ThermoclineError("IO", `${path} could not be written (${reason}).`, { cause });
  }
}
