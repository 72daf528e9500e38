import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository, with a slash at the end. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const generated = new Set([".git", ".setup", "node_modules", "dist", "target", ".data"]);
const generatedFolders = new Set(["docs/api"]);

/**
 * Every file under `folder` that somebody wrote, as paths from the root with forward slashes, sorted.
 * `folder` is "" or ends in a slash.
 * @param {string} folder
 * @returns {string[]}
 */
export function files(folder = "") {
  return readdirSync(root + folder, { withFileTypes: true })
    .filter((entry) => !generated.has(entry.name) && !generatedFolders.has(folder + entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? files(`${folder}${entry.name}/`) : `${folder}${entry.name}`));
}
