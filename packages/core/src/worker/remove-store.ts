import { removeFile } from "../catalogue/opfs.js";
import { validPath } from "../store/validate.js";

/**
 * Deletes the store of a path from the origin private file system, from any thread, and returns whether there was one.
 *
 * @throws `LOCKED` while a tab or worker has it open
 * @example
 * await removeStore("memory.db");
 */
export async function removeStore(path: string): Promise<boolean> {
  return removeFile(validPath(path));
}
