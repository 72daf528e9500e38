/// <reference lib="dom" />
import type { SAHPoolUtil } from "@sqlite.org/sqlite-wasm";
import { ThermoclineError } from "../errors.js";
import type { Connected, Sqlite } from "./wasm-sqlite.js";
import { connect } from "./wasm-sqlite.js";

/** The folder of the origin private file system that holds a folder for each store. */
const FOLDER = "thermocline";

/** The database's name in its folder; the pool keeps it and its journal under names of its own. */
const FILE = "/store.db";

/** Handles that a store holds: its database, its journal, and two to spare. */
const HANDLES = 4;

/** How long an opener waits for the one before it, such as the same page before it was loaded anew. */
const PATIENCE_MS = 3_000;

/** Pools of this worker by path. A paused one must be used again, since its name is taken for good. */
const pools = new Map<string, SAHPoolUtil>();

/** Whether the origin private file system has such a store, from any thread. */
export async function exists(path: string): Promise<boolean> {
  const folder = await storage(path);
  const inside = await folder.getDirectoryHandle(FOLDER).catch(() => undefined);
  return (await inside?.getDirectoryHandle(folderOf(path)).catch(() => undefined)) !== undefined;
}

/** Opens a store's database, which no other tab or worker can open until it is closed. */
export async function openFile(sqlite: Sqlite, path: string): Promise<Connected> {
  await storage(path);
  if (!("createSyncAccessHandle" in FileSystemFileHandle.prototype)) {
    const advice = "Files can be opened in a dedicated worker only; use openInWorker, or leave path out";
    throw new ThermoclineError("UNSUPPORTED", `${path} cannot be opened on this thread. ${advice}.`);
  }
  const unlock = await lock(path);
  try {
    const pool = await acquire(sqlite, path);
    try {
      const connected = connect(sqlite, () => new pool.OpfsSAHPoolDb(FILE));
      const close = connected.close.bind(connected);
      connected.close = () => {
        close();
        pool.pauseVfs();
        unlock();
      };
      return connected;
    } catch (error) {
      pool.pauseVfs();
      throw error;
    }
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Deletes a store; returns whether there was one. */
export async function removeFile(path: string): Promise<boolean> {
  if (!(await exists(path))) return false;
  const unlock = await lock(path);
  try {
    const pool = pools.get(path);
    if (pool) {
      pools.delete(path);
      await pool.removeVfs();
    }
    const folder = await (await storage(path)).getDirectoryHandle(FOLDER);
    await folder.removeEntry(folderOf(path), { recursive: true }).catch((cause: unknown) => {
      if (!isNamed(cause, "NotFoundError")) throw isNamed(cause, "NoModificationAllowedError") ? locked(path) : cause;
    });
    return true;
  } finally {
    unlock();
  }
}

/** Any name as one of a folder. */
function folderOf(path: string): string {
  return `${encodeURIComponent(path)}.store`;
}

async function storage(path: string): Promise<FileSystemDirectoryHandle> {
  try {
    return await navigator.storage.getDirectory();
  } catch (cause) {
    const needs = "A store with a path needs the origin private file system of a secure page (https or localhost)";
    throw new ThermoclineError("UNSUPPORTED", `${path} cannot be opened. ${needs}; without path it is in memory.`, {
      cause,
    });
  }
}

/** Takes a store for this realm until the function that is returned is called, or the realm ends. */
function lock(path: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const held = () =>
      new Promise<void>((release) => {
        resolve(release);
      });
    navigator.locks.request(`${FOLDER}/${path}`, { signal }, held).catch((cause: unknown) => {
      reject(signal.aborted ? locked(path, cause) : cause);
    });
  });
}

/** The pool of a store's files, all of its handles held. */
async function acquire(sqlite: Sqlite, path: string): Promise<SAHPoolUtil> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await open(sqlite, path);
    } catch (cause) {
      // The handles of a realm that has ended are freed a moment after its lock.
      if (!isNamed(cause, "NoModificationAllowedError")) throw unreadable(path, cause);
      if (performance.now() > deadline) throw locked(path, cause);
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
  }
}

async function open(sqlite: Sqlite, path: string): Promise<SAHPoolUtil> {
  const known = pools.get(path);
  if (known) {
    await known.unpauseVfs();
    return known;
  }
  const pool = await sqlite.installOpfsSAHPoolVfs({
    name: `${FOLDER}/${path}`,
    directory: `${FOLDER}/${folderOf(path)}`,
    initialCapacity: HANDLES,
    // Otherwise a failure deletes the store.
    preserveOnInitFailure: true,
    forceReinitIfPreviouslyFailed: true,
    verbosity: 0,
  } as Parameters<Sqlite["installOpfsSAHPoolVfs"]>[0]);
  pools.set(path, pool);
  return pool;
}

function isNamed(cause: unknown, name: string): boolean {
  return cause instanceof Error && cause.name === name;
}

function locked(path: string, cause?: unknown): ThermoclineError {
  const advice = "close it there and try again, or let one tab open it for all";
  return new ThermoclineError("LOCKED", `${path} is open in another tab or worker of this site; ${advice}.`, { cause });
}

function unreadable(path: string, cause: unknown): ThermoclineError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ThermoclineError("IO", `${path} could not be opened; is there space left for this site? (${reason})`, {
    cause,
  });
}
