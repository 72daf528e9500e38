import { ThermoclineError } from "../errors.js";
import { Pace } from "../pace.js";
import type { TextIndexCheck, VerifyProblem } from "../types.js";
import type { BlockRow } from "./code-blocks.js";
import type { Connection } from "./connection.js";
import { isLive, liveBytes } from "./live.js";
import type { Reader } from "./reader.js";
import { damagedDefinitions } from "./schema.js";
import { isAboutTexts, TOKENIZER_SETTING, type Tokenizer } from "./text-index.js";

/** Rows looked at between two looks at the clock. */
const PAGE = 256;

/** Findings that are kept at most: a file may be damaged all over. */
const KEPT = 1_000;

/** Findings that SQLite is asked for at most. */
const FINDINGS = 100;

export const INTEGRITY_CHECK = `PRAGMA integrity_check(${FINDINGS})`;

/** How much of each kind was found to be whole. */
export interface Whole {
  records: number;
  namespaces: number;
  codebooks: number;
  blocks: number;
  originals: number;
}

export interface Examination {
  /** The first of them, in the order in which they were found. */
  readonly problems: readonly VerifyProblem[];
  readonly problemCount: number;
  readonly whole: Readonly<Whole>;
  /** Undefined where there is no index of words, or nothing to compare it by. */
  readonly textIndex: TextIndexCheck | undefined;
}

/** What only those can tell who know what blobs and settings mean. All of it throws at what no store writes. */
export interface Judge {
  settings(settings: ReadonlyMap<string, string>): void;
  /** How many bytes a row's code has. */
  codeBytes(codebook: Uint8Array): number;
  /** How many bytes a vector of the store has in so many bits a component. */
  vectorBytes(bits: number, settings: ReadonlyMap<string, string>): number;
}

export interface ExamineOptions {
  /** Whether cold rows' originals are read, too: most of a file's bytes. */
  readonly originals: boolean;
  /** Without it, what blobs mean is not looked at. */
  readonly judge?: Judge | undefined;
  /** What SQLite says of its own structure, if not asked on this connection, which takes as long as reading the file. */
  readonly integrity?: (() => Promise<readonly string[]>) | undefined;
  /** Rejects when the index of words does not say what the texts say. */
  readonly texts?: ((tokenizer: Tokenizer) => Promise<TextIndexCheck>) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called every few milliseconds with how many of how many row numbers have been looked at. */
  readonly onRows?: ((done: number, total: number) => void) | undefined;
}

type Kind = VerifyProblem["what"];
type Place = Pick<VerifyProblem, "table" | "row" | "block">;

/** Tables whose rows are visited by number. */
const KEYS = {
  namespaces: "number",
  codebooks: "number",
  fits: "codebook",
  code_blocks: "block",
  live_rows: "block",
  hot_rows: "row",
  cold_rows: "row",
  records: "row",
} as const;
type Table = keyof typeof KEYS;

/**
 * Reads everything that a catalogue holds and says what is damaged; goes on after damage as far as it can. The connection
 * must see one moment all the while.
 */
export async function examine(connection: Connection, reader: Reader, options: ExamineOptions): Promise<Examination> {
  const examiner = new Examiner(connection, reader, options);
  await examiner.run();
  return examiner;
}

class Examiner implements Examination {
  readonly problems: VerifyProblem[] = [];
  problemCount = 0;
  readonly whole: Whole = { records: 0, namespaces: 0, codebooks: 0, blocks: 0, originals: 0 };
  textIndex: TextIndexCheck | undefined;
  readonly #connection: Connection;
  readonly #reader: Reader;
  readonly #options: ExamineOptions;
  readonly #pace: Pace;
  #settings: ReadonlyMap<string, string> = new Map();
  readonly #namespaces = new Set<number>();
  /** Bytes a row of the codes of each codebook; undefined when nobody can tell. */
  readonly #codebooks = new Map<number, number | undefined>();
  readonly #namespaceOf = new Map<number, number>();
  /** Where a row should be: its block, or 0 in the hot tier. */
  readonly #places = new Map<number, number>();
  /** How many row numbers have been looked at, and how many there are in all tables. */
  #done = 0;
  #total = 0;

  constructor(connection: Connection, reader: Reader, options: ExamineOptions) {
    this.#connection = connection;
    this.#reader = reader;
    this.#options = options;
    this.#pace = new Pace(options.signal);
  }

  async run(): Promise<void> {
    await this.#structure();
    for (const table of Object.keys(KEYS) as Table[]) this.#total += this.#highest(table);
    const reader = this.#reader;
    await this.#each("namespaces", (number) => {
      if (!this.#attempt("namespace", { table: "namespaces" }, () => reader.namespaces.get(number))) return;
      this.#namespaces.add(number);
      this.whole.namespaces += 1;
    });
    await this.#each("codebooks", (number) => this.#codebook(number));
    await this.#each("fits", (number) => {
      const what = `The fit of codebook ${number} has no codebook.`;
      if (!this.#codebooks.has(number)) this.#found("codebook", { table: "fits" }, what);
    });
    await this.#each("code_blocks", (number) => this.#block(number));
    await this.#each("live_rows", (block) => {
      const what = `The live rows of code block ${block} have no block.`;
      if (!this.#namespaceOf.has(block)) this.#found("block", { table: "live_rows", block }, what);
    });
    const hot = new Set<number>();
    await this.#each("hot_rows", (row) => {
      this.#put(row, 0);
      this.#original("hot_rows", row);
      hot.add(row);
    });
    for (const row of this.#attempt("pin", { table: "pins" }, () => reader.pins()) ?? []) {
      if (!hot.has(row)) this.#found("pin", { table: "pins", row }, `Row ${row} is pinned and not hot.`);
    }
    const cold = new Set<number>();
    await this.#each("cold_rows", (row) => {
      cold.add(row);
      this.#cold(row);
    });
    await this.#each("records", (row) => this.#record(row, cold));
    for (const row of this.#places.keys()) {
      this.#found("placement", { table: "records", row }, `Row ${row} has a vector and no record.`);
    }
    await this.#fields();
    await this.#texts();
  }

  /** The index of words, if there is one, unless it is known to be damaged. */
  async #texts(): Promise<void> {
    const { texts } = this.#options;
    const tokenizer = this.#settings.get(TOKENIZER_SETTING);
    if (!texts || tokenizer === undefined) return;
    if (this.problems.some(({ table }) => table === "text_index")) {
      this.textIndex = { compared: false, reason: "it is damaged" };
      return;
    }
    try {
      this.textIndex = await texts(tokenizer as Tokenizer);
    } catch (cause) {
      if (!(cause instanceof ThermoclineError) || cause.code !== "CORRUPT") throw cause;
      this.textIndex = { compared: true, reason: undefined };
      this.#found("texts", { table: "text_index" }, cause.message);
    }
  }

  /** The values of indexed fields. */
  async #fields(): Promise<void> {
    const { fields } = this.#reader;
    for (const { field } of this.#attempt("index", { table: "indexed_fields" }, () => fields.fields()) ?? []) {
      const at = { table: "field_values" };
      for (const { first, rows } of this.#attempt("index", at, () => fields.stretches(field)) ?? []) {
        this.#attempt("index", at, () => fields.values(field, first, rows));
        if (this.#pace.due) await this.#pace.pause();
      }
    }
  }

  async #structure(): Promise<void> {
    const { integrity, judge } = this.#options;
    const said = await (integrity
      ? integrity()
      : this.#attempt("file", {}, () =>
          this.#connection
            .all<{ integrity_check: string }>(INTEGRITY_CHECK)
            .map(({ integrity_check: message }) => message),
        ));
    for (const message of said ?? []) {
      if (isAboutTexts(message)) this.#found("texts", { table: "text_index" }, message);
      else if (message !== "ok") this.#found("file", {}, message);
    }
    for (const damaged of this.#attempt("file", {}, () => damagedDefinitions(this.#connection)) ?? []) {
      const [, table] = damaged.split(" ");
      this.#found("table", { table }, `The definition of ${damaged} is not as it was made.`);
    }
    this.#attempt("settings", { table: "settings" }, () => {
      this.#settings = this.#reader.settings();
      judge?.settings(this.#settings);
    });
  }

  #codebook(number: number): void {
    this.#codebooks.set(number, undefined);
    const found = this.#attempt("codebook", { table: "codebooks" }, () => this.#reader.codebooks.get(number));
    if (!found) return;
    const { judge } = this.#options;
    const bytes = judge && this.#attempt("codebook", { table: "codebooks" }, () => judge.codeBytes(found.codebook));
    if (judge && bytes === undefined) return;
    this.#codebooks.set(number, bytes);
    this.whole.codebooks += 1;
  }

  #block(number: number): void {
    const at = { table: "code_blocks", block: number };
    // Known by its number, whatever else of it is damaged.
    this.#namespaceOf.set(number, Number.NaN);
    const block = this.#attempt("block", at, () => this.#reader.blocks.get(number));
    if (!block) return;
    this.#namespaceOf.set(number, block.namespace);
    for (const [i, row] of block.rows.entries()) if (isLive(block.live, i)) this.#put(row, number);
    const wrong = this.#contradiction(block);
    if (wrong === undefined) this.whole.blocks += 1;
    else this.#found("block", at, `Code block ${number} ${wrong}.`);
  }

  /** What of a block, sound in itself, does not fit the rest. */
  #contradiction({ namespace, codebook, rows, codes, live }: BlockRow): string | undefined {
    if (!this.#namespaces.has(namespace)) return `is in namespace ${namespace}, which is missing`;
    if (!this.#codebooks.has(codebook)) return `needs codebook ${codebook}, which is missing`;
    if (rows.some((row, i) => i > 0 && row <= (rows[i - 1] ?? 0))) return "has rows out of order";
    const bytes = this.#codebooks.get(codebook);
    if (bytes !== undefined && codes.length !== bytes * rows.length) {
      return `has ${codes.length} bytes of codes for ${rows.length} rows of ${bytes} bytes`;
    }
    return liveBytes(rows.length) === live.length ? undefined : `has ${live.length} bytes of live rows`;
  }

  #put(row: number, block: number): void {
    const table = block === 0 ? "hot_rows" : "code_blocks";
    if (this.#places.has(row)) this.#found("placement", { table, row }, `Row ${row} is in two places.`);
    this.#places.set(row, block);
  }

  #cold(row: number): void {
    const at = { table: "cold_rows", row };
    const found = this.#attempt("placement", at, () => this.#reader.coldRow(row));
    if (found && found.block !== this.#places.get(row)) {
      const what = `Row ${row} should be in code block ${found.block}, and is not found there.`;
      this.#found("placement", { ...at, block: found.block }, what);
    }
    if (found && !found.kept) {
      if (this.#settings.get("originals") !== "none") {
        this.#found("original", at, `The original of row ${row} is missing.`);
      }
    } else if (this.#options.originals) this.#original("cold_rows", row);
  }

  #original(table: Table, row: number): void {
    const { judge } = this.#options;
    const whole = this.#attempt("original", { table, row }, () => {
      const found = this.#reader.original(row);
      const expected = found && judge?.vectorBytes(found.bits, this.#settings);
      if (found && expected !== undefined && found.vector.length !== expected) {
        const what = `The original of row ${row} has ${found.vector.length} bytes, and should have ${expected}`;
        throw new ThermoclineError("CORRUPT", `${what}.`);
      }
      return found;
    });
    if (whole) this.whole.originals += 1;
  }

  #record(row: number, cold: ReadonlySet<number>): void {
    const at = { table: "records", row };
    const record = this.#attempt("record", at, () => this.#reader.records([row]).get(row));
    const block = this.#places.get(row);
    if (block !== undefined && block > 0 && !cold.has(row)) {
      this.#found("placement", { ...at, block }, `Row ${row} has a code and no place.`);
    }
    this.#places.delete(row);
    // Of a damaged one nobody knows whether it has a vector.
    if (!record) return;
    this.whole.records += 1;
    const { namespace, plain } = record;
    if (plain === null && block === undefined) {
      this.#found("placement", at, `The record of row ${row} is in neither tier.`);
    } else if (plain !== null && block !== undefined) {
      this.#found("placement", at, `The record of row ${row} says that it has no vector, and is in a tier.`);
    } else if (!this.#namespaces.has(namespace) || (block && this.#namespaceOf.get(block) !== namespace)) {
      const what = `The record of row ${row} is in a namespace that is missing, or not that of its code.`;
      this.#found("placement", at, what);
    }
  }

  #found(what: Kind, place: Partial<Place>, message: string): void {
    this.problemCount += 1;
    if (this.problems.length >= KEPT) return;
    this.problems.push({ what, table: undefined, row: undefined, block: undefined, ...place, message });
  }

  #attempt<T>(what: Kind, place: Partial<Place>, read: () => T): T | undefined {
    try {
      return read();
    } catch (cause) {
      // The kernel refuses codebooks that are not what it writes.
      if (!(cause instanceof ThermoclineError) || !/^(CORRUPT|FORMAT|KERNEL)$/.test(cause.code)) throw cause;
      this.#found(what, place, cause.message);
      return undefined;
    }
  }

  #highest(table: Table): number {
    try {
      const sql = `SELECT ifnull(max(${KEYS[table]}), 0) AS number FROM ${table}`;
      return this.#connection.get<{ number: number }>(sql)?.number ?? 0;
    } catch {
      return 0; // Visiting the table says why.
    }
  }

  #page(table: Table, after: number): number[] {
    const key = KEYS[table];
    const sql = `SELECT ${key} AS number FROM ${table} WHERE ${key} > ? ORDER BY ${key} LIMIT ${PAGE}`;
    const found = this.#attempt("table", { table }, () => this.#connection.all<{ number: number }>(sql, after));
    return found?.map(({ number }) => number) ?? [];
  }

  /** Visits a table's rows in the order of their keys. */
  async #each(table: Table, visit: (number: number) => void): Promise<void> {
    const before = this.#done;
    let last = -1;
    for (let page = this.#page(table, last); page.length > 0; page = this.#page(table, last)) {
      for (const number of page) {
        visit(number);
        if (!this.#pace.due) continue;
        this.#options.onRows?.(before + number, this.#total);
        await this.#pace.pause();
      }
      const next = page.at(-1) ?? 0;
      // In a damaged file rows may follow each other in a circle.
      if (next <= last) break;
      last = next;
    }
    this.#done = before + Math.max(last, 0);
  }
}
