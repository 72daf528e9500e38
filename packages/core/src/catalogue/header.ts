import { ThermoclineError } from "../errors.js";

/** "THMC": marks an SQLite file as a Thermocline store. */
export const APPLICATION_ID = 0x54484d43;

/** Version of the tables in `schema.ts`. A file with a higher one was written by a newer Thermocline. */
export const FORMAT_VERSION = 1;

/** Bytes of an SQLite file's header (https://sqlite.org/fileformat.html, section 1.3). */
export const HEADER_BYTES = 100;

const MAGIC = new TextEncoder().encode("SQLite format 3\0");

/** Where the header says by which journal the file was written and may be read: 2 is a write-ahead log, 1 a rollback journal. */
const JOURNAL_BYTES = [18, 19] as const;

/** What the header of an SQLite file says. */
export interface Header {
  readonly application: number;
  readonly version: number;
  /** Bytes of all pages that the file should have, in itself or in a log beside it. */
  readonly bytes: number;
}

/** Reads a header; refuses the first bytes of anything but an SQLite file. */
export function readHeader(path: string, header: Uint8Array): Header {
  if (header.length < HEADER_BYTES || MAGIC.some((byte, i) => header[i] !== byte)) {
    throw new ThermoclineError(
      "FORMAT",
      `${path} is not an SQLite database, so not a Thermocline store; choose another file.`,
    );
  }
  const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
  // The value 1 stands for 65,536.
  const pageBytes = view.getUint16(16) === 1 ? 65_536 : view.getUint16(16);
  return { application: view.getUint32(68), version: view.getUint32(60), bytes: view.getUint32(28) * pageBytes };
}

/**
 * Refuses a file of `size` bytes that is not a whole store of ours, by its header. Pages that are not in the file yet may be in
 * the write-ahead log beside it, when there is one.
 */
export function refuseHeader(path: string, header: Header, size: number, hasLog: boolean): void {
  refuseForeign(path, header.application, header.version);
  if (size < header.bytes && !hasLog) {
    throw new ThermoclineError(
      "CORRUPT",
      `${path} was cut off: it has ${size} bytes of ${header.bytes}. Restore a backup.`,
    );
  }
}

/** A copy of a whole database that any SQLite can open by itself, also one that keeps no write-ahead log. */
export function withoutLog(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  for (const at of JOURNAL_BYTES) copy[at] = 1;
  return copy;
}

/** Refuses a database by the two numbers in its header that say whose it is. */
export function refuseForeign(path: string, application: number, version: number): void {
  if (application !== APPLICATION_ID) {
    throw new ThermoclineError(
      "FORMAT",
      `${path} is an SQLite database of another application, not a Thermocline store; choose another file.`,
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
