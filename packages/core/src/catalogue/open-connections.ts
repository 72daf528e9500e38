import { ThermoclineError } from "../errors.js";
import type { Durability } from "../types.js";
import { Connection } from "./connection.js";
import { readHeader, refuseHeader } from "./header.js";
import { createSchema, damagedDefinitions } from "./schema.js";
import type { Access, DistantReader, Driver } from "./sqlite.js";
import { WriteAheadLog } from "./write-ahead-log.js";

/** How long a write waits for another process to finish its own. */
const LOCK_TIMEOUT_MS = 5_000;

/** How long a read may hold the event loop while another process opens or closes the file; it never waits for writes. */
const READ_TIMEOUT_MS = 1_000;

/** Pages that the reading connection keeps: those of the trees above all; the others are in the cache of the operating system. */
const CACHE_KIB = 4_096;

/** What a store in memory is called in messages. */
export const IN_MEMORY = "The store in memory";

/** What the reading connection is told. */
const READING = `PRAGMA busy_timeout = ${READ_TIMEOUT_MS}; PRAGMA cache_size = -${CACHE_KIB}`;

/** Where a store is: in a file, or in memory, empty or of a file's bytes. */
export type Place =
  | { readonly path: string | undefined; readonly durability: Durability; readonly readOnly: boolean }
  | { readonly bytes: Uint8Array };

/** A rollback journal that is not written through may leave the file damaged; a write-ahead log loses its end at most. */
function synchronous({ journal }: Driver, durability: Durability): "FULL" | "NORMAL" {
  return journal === "WAL" && durability === "normal" ? "NORMAL" : "FULL";
}

/** The connections of a store: one where a file, or memory, has only one. */
export interface Connections {
  readonly writer: Connection;
  readonly reading: Connection;
  readonly readOnly: boolean;
  /** One more, on a thread of its own, where a file has several. */
  readonly apart?: (() => Promise<DistantReader>) | undefined;
  /** Of the writer, where something has to be done for it. */
  readonly log?: WriteAheadLog | undefined;
}

/** Opens a store's database, or makes it unless `check` throws. Refuses a file that is not one, before changing anything in it. */
export async function openConnections(driver: Driver, place: Place, check: () => void): Promise<Connections> {
  if ("bytes" in place) {
    const what = "What was given";
    refuseHeader(what, readHeader(what, place.bytes), place.bytes.length, false);
    return alone(new Connection(IN_MEMORY, await driver.openMemory(IN_MEMORY, place.bytes)));
  }
  if (place.path === undefined) {
    check();
    return alone(new Connection(IN_MEMORY, await driver.openMemory(IN_MEMORY, undefined)));
  }
  const path = driver.locate(place.path);
  const there = await driver.inspect(path);
  if (place.readOnly) {
    if (there) return openToRead(driver, path);
    throw new ThermoclineError("IO", `There is no store at ${path} to read; open it without readOnly to make one.`);
  }
  if (!there) check();
  const writer = new Connection(path, await driver.open(path));
  try {
    // Others may be making the same file.
    await patiently(() => {
      createSchema(writer);
      refuseDamagedTables(writer);
      writer.exec(
        `PRAGMA journal_mode = ${driver.journal}; PRAGMA synchronous = ${synchronous(driver, place.durability)}`,
      );
    });
    if (driver.journal !== "WAL") return { writer, reading: writer, readOnly: false };
    const reading = new Connection(path, await driver.open(path));
    reading.exec(READING);
    const care = driver.careForLog?.(path);
    const log = care && new WriteAheadLog(writer, care, place.durability);
    return { writer, reading, readOnly: false, log, apart: driver.readApart?.bind(driver, path, "read") };
  } catch (error) {
    writer.close();
    throw error;
  }
}

/** A database in memory. */
function alone(connection: Connection): Connections {
  try {
    createSchema(connection);
    refuseDamagedTables(connection);
    return { writer: connection, reading: connection, readOnly: false };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Opens a file that is there and is only to be read. */
async function openToRead(driver: Driver, path: string): Promise<Connections> {
  const { connection: writer, access } = await connectToRead(driver, path);
  try {
    refuseDamagedTables(writer);
    if (driver.journal !== "WAL") return { writer, reading: writer, readOnly: true };
    const { connection: reading } = await connectToRead(driver, path);
    reading.exec(READING);
    return { writer, reading, readOnly: true, apart: driver.readApart?.bind(driver, path, access) };
  } catch (error) {
    writer.close();
    throw error;
  }
}

/** A connection that only reads. Where no log can be put beside the file, nobody must be about to write to it. */
async function connectToRead(driver: Driver, path: string): Promise<{ connection: Connection; access: Access }> {
  const connection = new Connection(path, await driver.open(path, "read"));
  try {
    connection.exec("PRAGMA query_only = ON");
    connection.get("SELECT count(*) FROM sqlite_schema");
    return { connection, access: "read" };
  } catch (cause) {
    connection.close();
    const unopened = cause instanceof ThermoclineError && cause.code === "IO";
    if (!unopened || (await driver.signature(path)) === undefined) throw cause;
    return { connection: new Connection(path, await driver.open(path, "still")), access: "still" };
  }
}

function refuseDamagedTables(connection: Connection): void {
  const [damaged] = damagedDefinitions(connection);
  if (damaged === undefined) return;
  const what = `the definition of ${damaged} is not as it was made`;
  throw new ThermoclineError("CORRUPT", `${connection.path}: ${what}. Restore a backup.`);
}

/** Repeats what another process locks out, for a while. */
export async function patiently(call: () => void): Promise<void> {
  const deadline = performance.now() + LOCK_TIMEOUT_MS;
  for (let wait = 1; ; wait = Math.min(2 * wait, 50)) {
    try {
      return call();
    } catch (error) {
      const locked = error instanceof ThermoclineError && error.code === "LOCKED";
      if (!locked || performance.now() > deadline) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, wait);
      });
    }
  }
}
