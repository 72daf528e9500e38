import { access, mkdir, realpath, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Thermocline, ThermoclineError } from "@thermocline/core";

const FILE = "thermocline.db";

/**
 * Copies a store into a directory, made if need be. The copy is written beside the old file and takes its name when it is
 * whole. A store whose own file `path` already is that file is left alone.
 */
export async function saveInto(directory: string, store: Thermocline, path: string | undefined): Promise<void> {
  const target = join(directory, FILE);
  const copy = `${target}.${crypto.randomUUID()}.new`;
  await writing(target, () => mkdir(directory, { recursive: true }));
  if (path !== undefined && (await real(path)) === ((await real(target)) ?? target)) return;
  try {
    await store.backup(copy);
    await takeLogIn(target);
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
    throw new ThermoclineError("IO", `${file} cannot be read; was a store saved in that directory?`, { cause });
  }
}

/** A write-ahead log left beside the old file would be taken for the new file's, and spoil it. */
async function takeLogIn(file: string): Promise<void> {
  const log = `${file}-wal`;
  if ((await real(log)) === undefined) return;
  // Whoever closes a file last takes its log in.
  await (await Thermocline.open({ path: file })).close();
  if ((await real(log)) === undefined) return;
  throw new ThermoclineError("LOCKED", `${file} is open; close that store first, or save into another directory.`);
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
