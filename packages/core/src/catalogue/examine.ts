import { ThermoclineError } from "../errors.js";
import { Pace } from "../pace.js";
import type { Connection } from "./connection.js";
import { isLive } from "./live.js";
import type { Reader } from "./reader.js";
import { damagedTables } from "./schema.js";

/** Rows looked at between two looks at the clock. */
const PAGE = 256;

/** Findings that SQLite is asked for at most. */
const FINDINGS = 100;

/** Something in a store's file that is not as it was written. */
export interface Problem {
  /**
   * What is damaged: `file` is SQLite's own structure, `placement` a row that is in no tier, in two, or in another block than
   * its record says.
   */
  readonly what:
    | "file"
    | "table"
    | "settings"
    | "namespaces"
    | "record"
    | "codebook"
    | "block"
    | "original"
    | "placement";
  /** Which one: `row 5`, `code block 1`, `table records`; empty where there is only one. */
  readonly where: string;
  /** What was found. */
  readonly message: string;
}

/** How much of each kind was found to be whole. */
export interface Whole {
  records: number;
  namespaces: number;
  codebooks: number;
  blocks: number;
  originals: number;
}

export interface Examination {
  readonly problems: readonly Problem[];
  readonly whole: Readonly<Whole>;
}

/**
 * Reads everything that a catalogue holds and says what is damaged; goes on after damage as far as it can. `originals`:
 * whether those of cold rows are read too, most of a file's bytes. The connection must see one moment all the while.
 */
export async function examine(connection: Connection, reader: Reader, originals: boolean): Promise<Examination> {
  const problems: Problem[] = [];
  const whole: Whole = { records: 0, namespaces: 0, codebooks: 0, blocks: 0, originals: 0 };
  const pace = new Pace();
  const found = (what: Problem["what"], where: string, message: string) => problems.push({ what, where, message });
  const attempt = <T>(what: Problem["what"], where: string, read: () => T): T | undefined => {
    try {
      return read();
    } catch (cause) {
      if (!(cause instanceof ThermoclineError) || cause.code !== "CORRUPT") throw cause;
      found(what, where, cause.message);
      return undefined;
    }
  };
  const numbers = (table: string, column: string, after: number): number[] =>
    attempt("table", `table ${table}`, () =>
      connection
        .all<{ number: number }>(
          `SELECT ${column} AS number FROM ${table} WHERE ${column} > ? ORDER BY ${column} LIMIT ${PAGE}`,
          after,
        )
        .map(({ number }) => number),
    ) ?? [];
  /** Visits a table's rows in the order of their keys. */
  const each = async (table: string, column: string, visit: (number: number) => void) => {
    for (let page = numbers(table, column, -1); page.length > 0; page = numbers(table, column, page.at(-1) ?? 0)) {
      for (const number of page) visit(number);
      if (pace.due) await pace.pause();
    }
  };

  attempt("file", "", () => {
    const rows = connection.all<{ integrity_check: string }>(`PRAGMA integrity_check(${FINDINGS})`);
    for (const { integrity_check: message } of rows) if (message !== "ok") found("file", "", message);
  });
  for (const table of attempt("file", "", () => damagedTables(connection)) ?? []) {
    found("table", `table ${table}`, `The definition of table ${table} is not as it was made.`);
  }
  attempt("settings", "", () => reader.settings());
  const namespaces = new Set(attempt("namespaces", "", () => reader.namespaces())?.map(({ number }) => number));
  whole.namespaces = namespaces.size;
  whole.codebooks = attempt("codebook", "", () => reader.codebooks())?.length ?? 0;

  /** Where a row should be: its block, or 0 in the hot tier. */
  const places = new Map<number, number>();
  const place = (row: number, block: number) => {
    if (places.has(row)) found("placement", `row ${row}`, `Row ${row} is in two places.`);
    places.set(row, block);
  };
  const namespaceOf = new Map<number, number>();
  await each("code_blocks", "block", (number) => {
    const block = attempt("block", `code block ${number}`, () => reader.block(number));
    if (!block) return;
    whole.blocks += 1;
    for (const [i, row] of block.rows.entries()) if (isLive(block.live, i)) place(row, number);
    namespaceOf.set(number, block.namespace);
  });
  const original = (row: number) => {
    if (attempt("original", `row ${row}`, () => reader.original(row))) whole.originals += 1;
  };
  await each("hot_rows", "row", (row) => {
    place(row, 0);
    original(row);
  });
  const cold = new Set<number>();
  await each("cold_rows", "row", (row) => {
    cold.add(row);
    const said = attempt("placement", `row ${row}`, () => reader.coldBlock(row));
    if (said !== places.get(row)) {
      found("placement", `row ${row}`, `Row ${row} should be in code block ${said}, and is not found there.`);
    }
    if (originals) original(row);
  });
  await each("records", "row", (row) => {
    const record = attempt("record", `row ${row}`, () => reader.records([row]).get(row));
    const at = places.get(row);
    if (at === undefined) found("placement", `row ${row}`, `The record of row ${row} is in neither tier.`);
    else if (at > 0 && !cold.has(row)) found("placement", `row ${row}`, `Row ${row} has a code and no place.`);
    places.delete(row);
    if (!record) return;
    whole.records += 1;
    const known = namespaces.has(record.namespace) && (at === 0 || namespaceOf.get(at ?? 0) === record.namespace);
    if (!known && at !== undefined) {
      found("placement", `row ${row}`, `The record of row ${row} is in a namespace that is not that of its code.`);
    }
  });
  for (const row of places.keys()) found("placement", `row ${row}`, `Row ${row} has a vector and no record.`);
  return { problems, whole };
}
