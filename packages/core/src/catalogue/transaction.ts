import { ThermoclineError } from "../errors.js";
import { type Checksum, concatenate, fieldsChecksum, recordChecksum, sealed, toBytes } from "./blob.js";
import type { FitRow } from "./codebooks.js";
import type { Connection } from "./connection.js";
import { FieldTableWriter } from "./field-tables.js";
import { allLive } from "./live.js";
import { type OriginalRow, Reader, type RecordRow } from "./reader.js";
import { TOKENIZER_SETTING, type Tokenizer } from "./text-index.js";

/** Row numbers cross the kernel as 32 bits, of which the highest value is no row. */
const MAX_ROW = 2 ** 32 - 2;

/** What a write may change. All of it is committed together, or none. */
export class Transaction extends Reader {
  readonly #connection: Connection;
  readonly #checksum: Checksum;
  override readonly fields: FieldTableWriter;
  /** The highest row number so far; undefined until it is needed. */
  #lastRow: number | undefined;
  /** Whether texts are kept in an index of words; undefined until it is needed. */
  #indexed: boolean | undefined;

  constructor(connection: Connection, checksum: Checksum) {
    super(connection, checksum);
    this.fields = new FieldTableWriter(connection, checksum);
    this.#connection = connection;
    this.#checksum = checksum;
  }

  setSetting(key: string, value: string): void {
    const sql = "INSERT OR REPLACE INTO settings (key, value, checksum) VALUES (?, ?, ?)";
    this.#connection.run(sql, key, value, fieldsChecksum(this.#checksum, key, value));
  }

  /** The number of a namespace, made if it is new. */
  namespace(name: string): number {
    const sql = "SELECT number FROM namespaces WHERE name = ?";
    const found = this.#connection.get<{ number: number }>(sql, name);
    if (found) return found.number;
    const last = this.#connection.get<{ number: number }>("SELECT ifnull(max(number), 0) AS number FROM namespaces");
    const number = (last?.number ?? 0) + 1;
    const checksum = fieldsChecksum(this.#checksum, number, name);
    return this.#connection.run(
      "INSERT INTO namespaces (number, name, checksum) VALUES (?, ?, ?)",
      number,
      name,
      checksum,
    );
  }

  /** Forgets a namespace that has neither records nor blocks. */
  deleteNamespace(number: number): void {
    this.#connection.run("DELETE FROM namespaces WHERE number = ?", number);
  }

  /** Makes an empty index of words, in the place of the one there is; records that come or go from now on are told to it. */
  createTextIndex(tokenizer: Tokenizer): void {
    this.texts.create(tokenizer);
    this.setSetting(TOKENIZER_SETTING, tokenizer);
    this.#indexed = true;
  }

  /** Takes the text of a record into the index of words. */
  indexText(row: number, text: string | null): void {
    if (text !== null) this.texts.add(row, storedText(text));
  }

  #hasTextIndex(): boolean {
    this.#indexed ??= this.tokenizer() !== undefined;
    return this.#indexed;
  }

  /**
   * Adds a record, which needs a row in a tier unless it is plain, and returns its row number, higher than any before it; undefined, and
   * nothing is changed, where there is one of that id: of many new records, none need be looked for first.
   */
  insertRecord(record: Omit<RecordRow, "row">): number | undefined {
    const { namespace, id, text, metadata, expires, plain } = record;
    // Known before it is inserted, since the checksum covers it.
    const row = (this.#lastRow ?? this.highestRow()) + 1;
    if (row > MAX_ROW) {
      throw new ThermoclineError(
        "UNSUPPORTED",
        `This store has used up its ${MAX_ROW} row numbers; copy it to a new one.`,
      );
    }
    const inserted = this.#connection.changes(
      `INSERT INTO records (row, namespace, id, text, metadata, expires, plain, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (namespace, id) DO NOTHING`,
      row,
      namespace,
      id,
      text === null ? null : storedText(text),
      metadata,
      expires,
      plain,
      recordChecksum(this.#checksum, { ...record, row }),
    );
    if (inserted === 0) return undefined;
    if (this.#hasTextIndex()) this.indexText(row, text);
    this.#lastRow = row;
    return row;
  }

  /** Forgets a record and its vector, if it has one. A cold row's code stays until its block is told, by `clearLive`. */
  deleteRecord(row: number): void {
    if (this.#hasTextIndex()) {
      const text = this.records([row]).get(row)?.text ?? null;
      if (text !== null) this.texts.remove(row, storedText(text));
    }
    this.#connection.run("DELETE FROM records WHERE row = ?", row);
    this.#connection.run("DELETE FROM hot_rows WHERE row = ?", row);
    this.#connection.run("DELETE FROM cold_rows WHERE row = ?", row);
    this.unpin(row);
  }

  /** Makes a row that is in no tier hot. */
  insertHot(row: number, vector: Uint8Array, bits = 32): void {
    const sql = "INSERT INTO hot_rows (row, bits, vector, checksum) VALUES (?, ?, ?, ?)";
    this.#connection.run(sql, row, bits, vector, sealed(this.#checksum(vector), row, bits));
  }

  /** Makes a cold row hot, with its vector as it is. Its code stays until its block is told, by `clearLive`. */
  moveToHot(row: number, { bits, vector }: OriginalRow): void {
    this.#connection.run("DELETE FROM cold_rows WHERE row = ?", row);
    this.insertHot(row, vector, bits);
  }

  /** Pins a hot row, unless it is pinned. */
  pin(row: number): void {
    this.#connection.run("INSERT OR REPLACE INTO pins (row, checksum) VALUES (?, ?)", row, sealed(0, row));
  }

  unpin(row: number): void {
    this.#connection.run("DELETE FROM pins WHERE row = ?", row);
  }

  /** Makes hot rows cold: they lie in a block now, and this is kept of their vectors. */
  moveToCold(rows: readonly number[], block: number, originals: ReadonlyMap<number, OriginalRow>): void {
    this.#connection.run("DELETE FROM hot_rows WHERE row IN (SELECT value FROM json_each(?))", JSON.stringify(rows));
    for (const row of rows) this.insertCold(row, block, originals.get(row));
  }

  /** Makes a row that is in no tier cold: it lies in a block, and this is kept of its vector. */
  insertCold(row: number, block: number, original: OriginalRow | undefined): void {
    const { bits, vector } = original ?? { bits: 0, vector: null };
    this.#connection.run(
      "INSERT INTO cold_rows (row, block, bits, vector, checksum) VALUES (?, ?, ?, ?, ?)",
      row,
      block,
      bits,
      vector,
      sealed(vector ? this.#checksum(vector) : 0, row, block, bits),
    );
  }

  /** Puts a cold row into another block, with what is kept of its vector. */
  moveToBlock(row: number, block: number): void {
    const original = this.original(row);
    const checksum = sealed(original ? this.#checksum(original.vector) : 0, row, block, original?.bits ?? 0);
    this.#connection.run("UPDATE cold_rows SET block = ?, checksum = ? WHERE row = ?", block, checksum, row);
  }

  insertCodebook(codec: string, sampleRows: number, queries: number, codebook: Uint8Array, fit: FitRow): number {
    const number = this.#connection.run(
      "INSERT INTO codebooks (codec, sample_rows, queries, codebook, checksum) VALUES (?, ?, ?, ?, ?)",
      codec,
      sampleRows,
      queries,
      codebook,
      sealed(this.#checksum(codebook), sampleRows, queries),
    );
    this.setFit(number, fit);
    return number;
  }

  setFit(codebook: number, fit: FitRow): void {
    const { rows } = fit;
    const [fitted = 0, error = 0, energy = 0] = [fit.fitted, fit.error, fit.energy].map(storedReal);
    const checksum = fieldsChecksum(this.#checksum, codebook, fitted, error, energy, rows);
    const sql =
      "INSERT OR REPLACE INTO fits (codebook, fitted, error, energy, rows, checksum) VALUES (?, ?, ?, ?, ?, ?)";
    this.#connection.run(sql, codebook, fitted, error, energy, rows, checksum);
  }

  /** Forgets all codebooks but the last, which must be that of every block. */
  deleteOldCodebooks(): void {
    this.#connection.run("DELETE FROM fits WHERE codebook < (SELECT max(number) FROM codebooks)");
    this.#connection.run("DELETE FROM codebooks WHERE number < (SELECT max(number) FROM codebooks)");
  }

  /** Adds a block of codes whose rows (ascending) are all live. */
  insertBlock(
    namespace: number,
    codebook: number,
    rows: Uint32Array,
    codes: Uint8Array,
  ): { readonly block: number; readonly live: Uint8Array } {
    const bytes = toBytes(rows);
    const block = this.#connection.run(
      "INSERT INTO code_blocks (namespace, codebook, rows, codes, checksum) VALUES (?, ?, ?, ?, ?)",
      namespace,
      codebook,
      bytes,
      codes,
      sealed(this.#checksum(concatenate([bytes, codes])), namespace, codebook),
    );
    return { block, live: this.#setLive(block, allLive(rows.length)) };
  }

  /** Puts other rows (ascending, all live) and codes into a block, and returns its live bits. */
  replaceBlock(block: number, codebook: number, rows: Uint32Array, codes: Uint8Array): Uint8Array {
    const bytes = toBytes(rows);
    const namespace = this.blocks.get(block).namespace;
    this.#connection.run(
      "UPDATE code_blocks SET codebook = ?, rows = ?, codes = ?, checksum = ? WHERE block = ?",
      codebook,
      bytes,
      codes,
      sealed(this.#checksum(concatenate([bytes, codes])), namespace, codebook),
      block,
    );
    return this.#setLive(block, allLive(rows.length));
  }

  deleteBlock(block: number): void {
    this.#connection.run("DELETE FROM code_blocks WHERE block = ?", block);
    this.#connection.run("DELETE FROM live_rows WHERE block = ?", block);
  }

  /** Takes rows out of their block. A block without live rows goes altogether; returns whether it did. */
  clearLive(block: number, rows: readonly number[]): boolean {
    const gone = new Set(rows);
    const live = this.blocks.live(block).slice();
    this.blocks.rows(block).forEach((row, i) => {
      if (gone.has(row)) live[i >> 3] = (live[i >> 3] ?? 0) & ~(1 << (i & 7));
    });
    if (live.some((bits) => bits !== 0)) {
      this.#setLive(block, live);
      return false;
    }
    this.deleteBlock(block);
    return true;
  }

  #setLive(block: number, live: Uint8Array): Uint8Array {
    this.#connection.run(
      "INSERT OR REPLACE INTO live_rows (block, live, checksum) VALUES (?, ?, ?)",
      block,
      live,
      sealed(this.#checksum(live), block),
    );
    return live;
  }
}

/** A number as a column of reals has it: a driver takes what is this near to 0 for 0, and the checksum would not be its. */
function storedReal(value: number): number {
  return Math.abs(value) < Number.EPSILON ? 0 : value;
}

/** A text as `records` has it: the driver would end it at U+0000. */
function storedText(text: string): string | Uint8Array {
  return text.includes("\0") ? new TextEncoder().encode(text) : text;
}
