import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { UsageError } from "./options.js";

/** A folder for the databases of one run. */
export interface Workspace {
  /** The path of the database of the row called `name`. */
  file(name: string): string;
  /** Removes the folder, unless the caller asked to keep it. */
  dispose(): Promise<void>;
}

/** Makes a temporary workspace, or takes `keep`, which must be new or empty. */
export async function openWorkspace(keep?: string): Promise<Workspace> {
  const folder = keep === undefined ? await mkdtemp(path.join(os.tmpdir(), "scifact-")) : await emptyFolder(keep);
  return {
    file: (name) => path.join(folder, `${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.db`),
    dispose: async () => {
      if (keep === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

async function emptyFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new UsageError(`--keep ${folder}: not empty; name a new or an empty folder`);
  return folder;
}
