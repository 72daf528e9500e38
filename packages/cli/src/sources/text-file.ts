import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** A file of text, gzipped or not, and how much of it has been read. */
export function openText(path: string): { readonly text: Readable; share(): number; close(): void } {
  const file = createReadStream(path);
  const { size } = statSync(path);
  // An error of the file does not reach who reads what is piped from it.
  const text = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  if (text !== file) file.on("error", (error) => text.destroy(error));
  return {
    text,
    share: () => (size === 0 ? 1 : Math.min(1, file.bytesRead / size)),
    close: () => {
      file.destroy();
      text.destroy();
    },
  };
}
