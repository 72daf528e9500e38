import { open, stat } from "node:fs/promises";
import { ThermoclineError } from "../errors.js";

/** "THMC": marks an SQLite file as a Thermocline store. */
export const APPLICATION_ID = 0x54484d43;

/** Version of the tables in `schema.ts`. A file with a higher one was written by a newer Thermocline. */
export const FORMAT_VERSION = 1;

/** Bytes of an SQLite file's header (https://sqlite.org/fileformat.html, section 1.3). */
const HEADER_BYTES = 100;

const MAGIC = "SQLite format 3\0";

/**
 * Refuses a file that is not a whole store of ours, by its first bytes. SQLite is not asked, because it would write to
 * the file that it opens: it rolls back, or merges, what a crash of its owner left beside it. Returns whether there is a
 * file with something in it.
 */
export async function inspectHeader(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (!found || (found.isFile() && found.size === 0)) return false;
  if (!found.isFile()) throw new ThermoclineError("IO", `${path} is not a file; give the path of a file.`);
  const header = await readHeader(path);
  if (header.toString("latin1", 0, MAGIC.length) !== MAGIC || header.length < HEADER_BYTES) {
    throw new ThermoclineError(
      "FORMAT",
      `${path} is not an SQLite database, so not a Thermocline store; choose another path.`,
    );
  }
  refuseForeign(path, header.readUInt32BE(68), header.readUInt32BE(60));
  // The value 1 stands for 65,536.
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const expected = header.readUInt32BE(28) * pageBytes;
  // Pages that are not in the file yet may be in the write-ahead log beside it.
  const log = await stat(`${path}-wal`).catch(() => undefined);
  if (found.size < expected && !log?.size) {
    throw new ThermoclineError(
      "CORRUPT",
      `${path} was cut off: it has ${found.size} bytes of ${expected}. Restore a backup.`,
    );
  }
  return true;
}

/** Refuses a database by the two numbers in its header that say whose it is. */
export function refuseForeign(path: string, application: number, version: number): void {
  if (application !== APPLICATION_ID) {
    throw new ThermoclineError(
      "FORMAT",
      `${path} is an SQLite database of another application, not a Thermocline store; choose another path.`,
    );
  }
  if (version > FORMAT_VERSION) {
    throw new ThermoclineError(
      "VERSION",
      `${path} has format version ${version}, and this Thermocline reads up to ${FORMAT_VERSION}; update @thermocline/core.`,
    );
  }
  if (version < 1) {
    throw new ThermoclineError("CORRUPT", `${path} has format version ${version}, which never was; restore a backup.`);
  }
}

async function readHeader(path: string): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ThermoclineError("IO", `${path} could not be read; may this process read it? (${reason})`, { cause });
  }
}
