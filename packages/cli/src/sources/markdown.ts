import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { misuse } from "../failure.js";
import { passagesOf } from "./passages.js";
import { filesIn, type Source } from "./source.js";

/**
 * The passages of a Markdown file, or of all in a folder and the folders in it but hidden ones and `node_modules`. A file is named by its
 * path from the folder, with the folder's name before it: `docs/guide.md`.
 */
export async function markdownSource(path: string): Promise<Source> {
  const isFolder = (await stat(path)).isDirectory();
  const parent = dirname(resolve(path));
  const folder = basename(resolve(path));
  const files = isFolder ? (await filesIn(path, /\.(md|markdown)$/i)).map((file) => `${folder}/${file}`) : [folder];
  if (files.length === 0) misuse(`${path} has no .md or .markdown file; give a folder with one.`);
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(parent, file))).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let read = 0;
  return {
    passages: true,
    share: () => (total === 0 ? 1 : read / total),
    async *records() {
      read = 0;
      for (const [i, source] of files.entries()) {
        const markdown = await readFile(join(parent, source), "utf8");
        for (const { slug, heading, start, end } of passagesOf(markdown)) {
          const text = markdown.slice(start, end);
          const embedded = heading === "" ? text : `${heading}\n\n${text}`;
          yield {
            id: `${source}#${slug}`,
            text,
            embedded,
            metadata: { source, heading, start, end },
            vector: undefined,
          };
        }
        read += sizes[i] ?? 0;
      }
    },
  };
}
