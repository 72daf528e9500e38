import { type Checksum, expectSame, fieldsChecksum, recordChecksum, sealed, verify } from "./blob.js";
import { CodeBlocks } from "./code-blocks.js";
import { Codebooks } from "./codebooks.js";
import type { Connection } from "./connection.js";
import { FieldTables } from "./field-tables.js";
import { NamespaceTable } from "./namespace-table.js";
import type { SqlValue } from "./sqlite.js";
import { TextIndex, TOKENIZER_SETTING, type Tokenizer } from "./text-index.js";

/** A record as it is stored. */
export interface RecordRow {
  readonly row: number;
  readonly namespace: number;
  readonly id: string;
  readonly text: string | null;
  readonly metadata: string;
  /** When it expires, in milliseconds since 1970; null: never. */
  readonly expires: number | null;
  /** 1 where it has no vector, and so is in no tier; null: it has one. */
  readonly plain: number | null;
}

/** A record and its code block, which is null while its row is hot, or in no tier. */
export interface PlacedRecordRow extends RecordRow {
  readonly block: number | null;
}

/** A row and when it expires. */
export interface ExpiringRow {
  readonly row: number;
  readonly expires: number;
}

/** A stored vector, in `bits` a component. */
export interface OriginalRow {
  readonly bits: number;
  readonly vector: Uint8Array;
}

/** A condition over `records`, compiled from a filter. */
export interface Condition {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

/** All of a record, for its checksum. */
const FIELDS = "records.row, namespace, id, text, metadata, expires, plain, records.checksum";

type StoredText<Row> = Omit<Row, "text"> & { readonly text: string | Uint8Array | null; readonly checksum: number };

function whole<Row>(row: StoredText<Row>): Omit<Row, "text"> & { readonly text: string | null } {
  const { text } = row;
  return typeof text === "object" && text !== null
    ? { ...row, text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(text) }
    : { ...row, text };
}

/** All questions that the catalogue answers. Damaged blobs are an error, never an answer. */
export class Reader {
  readonly #connection: Connection;
  readonly #checksum: Checksum;
  readonly namespaces: NamespaceTable;
  readonly codebooks: Codebooks;
  readonly blocks: CodeBlocks;
  /** The indexes of metadata's fields. */
  readonly fields: FieldTables;
  /** There only while `tokenizer` says so. */
  readonly texts: TextIndex;

  constructor(connection: Connection, checksum: Checksum) {
    this.#connection = connection;
    this.#checksum = checksum;
    this.namespaces = new NamespaceTable(connection, checksum);
    this.codebooks = new Codebooks(connection, checksum);
    this.blocks = new CodeBlocks(connection, checksum);
    this.fields = new FieldTables(connection, checksum);
    this.texts = new TextIndex(connection);
  }

  /** How the index of words cuts texts; undefined while there is no index. */
  tokenizer(): Tokenizer | undefined {
    return this.settings().get(TOKENIZER_SETTING) as Tokenizer | undefined;
  }

  settings(): ReadonlyMap<string, string> {
    const sql = "SELECT key, value, checksum FROM settings";
    const rows = this.#connection.all<{ key: string; value: string; checksum: number }>(sql);
    for (const { key, value, checksum } of rows) {
      expectSame(fieldsChecksum(this.#checksum, key, value), checksum, `The setting ${key}`);
    }
    return new Map(rows.map(({ key, value }) => [key, value]));
  }

  recordById(namespace: number, id: string): PlacedRecordRow | undefined {
    const found = this.#connection.get<StoredText<PlacedRecordRow>>(
      `SELECT ${FIELDS}, block FROM records LEFT JOIN cold_rows USING (row) WHERE namespace = ? AND id = ?`,
      namespace,
      id,
    );
    return found && this.#whole<PlacedRecordRow>(found);
  }

  /** Where a record lies, without reading it. */
  placeOf(namespace: number, id: string): { readonly row: number; readonly block: number | null } | undefined {
    return this.#connection.get(
      "SELECT records.row, block FROM records LEFT JOIN cold_rows USING (row) WHERE namespace = ? AND id = ?",
      namespace,
      id,
    );
  }

  /** The block of a row, null for one that is hot or in no tier, undefined for one that is not there. */
  blockOf(row: number): number | null | undefined {
    return this.#connection.get<{ block: number | null }>(
      "SELECT block FROM records LEFT JOIN cold_rows USING (row) WHERE records.row = ?",
      row,
    )?.block;
  }

  /** The block that a cold row says it is in, and whether anything is kept of its vector, which is not read. */
  coldRow(row: number): { readonly block: number; readonly kept: boolean } | undefined {
    const found = this.#connection.get<{ block: number; bits: number; bare: number; checksum: number }>(
      "SELECT block, bits, bits = 0 AND vector IS NULL AS bare, checksum FROM cold_rows WHERE row = ?",
      row,
    );
    if (!found) return undefined;
    const { block, bits, bare, checksum } = found;
    // Where a vector is kept, the checksum is over that, too.
    if (bare) expectSame(sealed(0, row, block, bits), checksum, `The place of row ${row}`);
    return { block, kept: !bare };
  }

  namespaceOf(row: number): number | undefined {
    return this.#connection.get<{ namespace: number }>("SELECT namespace FROM records WHERE row = ?", row)?.namespace;
  }

  /** The namespace and block of a row, as it is told of a row that may be gone. */
  whereabouts(row: number): { readonly namespace: number; readonly block: number | null } | undefined {
    return this.#connection.get(
      "SELECT namespace, block FROM records LEFT JOIN cold_rows USING (row) WHERE records.row = ?",
      row,
    );
  }

  /** Rows of a namespace above row `after`, up to row `last`, that meet a condition, in one aggregated value: faster than as many rows. */
  rowsBetween(namespace: number, after: number, last: number, condition: Condition): number[] {
    return this.#aggregated(
      `SELECT json_group_array(row) AS rows FROM records
       WHERE records.row > ? AND records.row <= ? AND +namespace = ? AND (${condition.sql})`,
      after,
      last,
      namespace,
      ...condition.parameters,
    );
  }

  /** Those of some rows that are of a namespace and meet a condition. */
  rowsAmong(namespace: number, rows: readonly number[], condition: Condition): number[] {
    return this.#aggregated(
      `SELECT json_group_array(row) AS rows FROM records
       WHERE row IN (SELECT value FROM json_each(?)) AND +namespace = ? AND (${condition.sql})`,
      JSON.stringify(rows),
      namespace,
      ...condition.parameters,
    );
  }

  /** The first `limit` rows of a namespace whose ids come after `id`, those of them that meet a condition, and the last id. */
  rowsByIds(
    namespace: number,
    id: string,
    limit: number,
    condition: Condition,
  ): { rows: number[]; last: string | undefined } {
    const sql = `SELECT json_group_array(row) FILTER (WHERE ${condition.sql}) AS rows, max(id) AS last
                 FROM (SELECT row, id, metadata, expires FROM records WHERE namespace = ? AND id > ? ORDER BY id LIMIT ?) AS records`;
    const found = this.#connection.get<{ rows: string; last: string | null }>(
      sql,
      ...condition.parameters,
      namespace,
      id,
      limit,
    );
    return { rows: JSON.parse(found?.rows ?? "[]") as number[], last: found?.last ?? undefined };
  }

  /** The metadata of the records above row `after`, up to row `last`, in order. */
  metadataBetween(after: number, last: number): { readonly row: number; readonly metadata: string }[] {
    const sql = `SELECT ${FIELDS} FROM records WHERE row > ? AND row <= ? ORDER BY row`;
    const found = this.#connection.all<StoredText<RecordRow>>(sql, after, last);
    return found.map((record) => this.#whole<RecordRow>(record));
  }

  /** How many records there are in all namespaces. */
  total(): number {
    return this.#connection.get<{ count: number }>("SELECT count(*) AS count FROM records")?.count ?? 0;
  }

  /** The highest row number in use; 0 when there is none. */
  lastRow(): number {
    return this.#connection.get<{ row: number | null }>("SELECT max(row) AS row FROM records")?.row ?? 0;
  }

  /** Up to `limit` rows above `after` whose records have texts, in order. */
  rowsWithText(after: number, limit: number): number[] {
    const sql = "SELECT row FROM records WHERE row > ? AND text IS NOT NULL ORDER BY row LIMIT ?";
    return this.#connection.all<{ row: number }>(sql, after, limit).map(({ row }) => row);
  }

  /** The least row number in use above `row`. */
  rowAfter(row: number): number | undefined {
    const sql = "SELECT min(row) AS row FROM records WHERE row > ?";
    return this.#connection.get<{ row: number | null }>(sql, row)?.row ?? undefined;
  }

  /** The first `limit` records of a namespace above row `after`, up to row `last`, that meet a condition, in order. */
  recordsBetween(
    namespace: number,
    after: number,
    last: number,
    condition: Condition,
    limit: number,
  ): PlacedRecordRow[] {
    // The plus keeps SQLite from the index by namespace, which would have to be sorted by row.
    const found = this.#connection.all<StoredText<PlacedRecordRow>>(
      `SELECT ${FIELDS}, block FROM records LEFT JOIN cold_rows USING (row)
       WHERE records.row > ? AND records.row <= ? AND +namespace = ? AND (${condition.sql})
       ORDER BY records.row LIMIT ?`,
      after,
      last,
      namespace,
      ...condition.parameters,
      limit,
    );
    return found.map((record) => this.#whole<PlacedRecordRow>(record));
  }

  /** Up to `limit` hot rows after `after`, in the order of their numbers. */
  hotRows(after: number, limit: number): { readonly row: number; readonly namespace: number }[] {
    return this.#connection.all(
      "SELECT row, namespace FROM hot_rows JOIN records USING (row) WHERE row > ? ORDER BY row LIMIT ?",
      after,
      limit,
    );
  }

  /** A row's vector, as far as the store keeps it. */
  original(row: number): OriginalRow | undefined {
    const found = this.#connection.get<OriginalRow & { block: number | null; checksum: number }>(
      `SELECT block, bits, vector, checksum FROM cold_rows WHERE row = ? AND (bits != 0 OR vector IS NOT NULL)
       UNION ALL SELECT NULL AS block, bits, vector, checksum FROM hot_rows WHERE row = ?`,
      row,
      row,
    );
    if (!found) return undefined;
    const { block, bits, vector, checksum } = found;
    const numbers = block === null ? [row, bits] : [row, block, bits];
    verify(this.#checksum, checksum, [vector], `The original of row ${row}`, ...numbers);
    return { bits, vector };
  }

  /** The vectors of those rows that are hot, by row. */
  hotOriginals(rows: readonly number[]): ReadonlyMap<number, OriginalRow> {
    const found = this.#connection.all<{ row: number; bits: number; vector: Uint8Array; checksum: number }>(
      "SELECT row, bits, vector, checksum FROM hot_rows WHERE row IN (SELECT value FROM json_each(?))",
      JSON.stringify(rows),
    );
    for (const { row, bits, vector, checksum } of found) {
      verify(this.#checksum, checksum, [vector], `The original of row ${row}`, row, bits);
    }
    return new Map(found.map(({ row, bits, vector }) => [row, { bits, vector }]));
  }

  /** The pinned rows, ascending. */
  pins(): number[] {
    const found = this.#connection.all<{ row: number; checksum: number }>(
      "SELECT row, checksum FROM pins ORDER BY row",
    );
    for (const { row, checksum } of found) expectSame(sealed(0, row), checksum, `The pin of row ${row}`);
    return found.map(({ row }) => row);
  }

  /**
   * The originals of those cold rows that have one, by row: in one result row, as every blob that the driver hands over has its price, and
   * more so when it is collected.
   */
  originals(rows: readonly number[]): ReadonlyMap<number, OriginalRow> {
    const found = this.#connection.get<{ places: string; vectors: Uint8Array | null }>(
      `SELECT json_group_array(json_array(row, block, bits, iif(typeof(vector) = 'blob', length(vector), -1), checksum)) AS places,
              CAST(group_concat(vector, '') AS BLOB) AS vectors
       FROM cold_rows WHERE row IN (SELECT value FROM json_each(?)) AND (bits != 0 OR vector IS NOT NULL)`,
      JSON.stringify(rows),
    );
    const { places = "[]", vectors } = found ?? {};
    const originals = new Map<number, OriginalRow>();
    let end = 0;
    for (const [row, block, bits, length, checksum] of JSON.parse(places) as [
      number,
      number,
      number,
      number,
      number,
    ][]) {
      const start = end;
      end += Math.max(0, length);
      const vector = length < 0 ? undefined : (vectors ?? new Uint8Array()).subarray(start, end);
      const parts = vector ? [vector] : [];
      verify(this.#checksum, vector ? checksum : Number.NaN, parts, `The original of row ${row}`, row, block, bits);
      if (vector) originals.set(row, { bits, vector });
    }
    return originals;
  }

  /** The records of those rows that have one, by row. */
  records(rows: readonly number[]): ReadonlyMap<number, RecordRow> {
    const sql = `SELECT ${FIELDS} FROM records WHERE row IN (SELECT value FROM json_each(?))`;
    const found = this.#connection.all<StoredText<RecordRow>>(sql, JSON.stringify(rows));
    return new Map(found.map((record) => [record.row, this.#whole<RecordRow>(record)]));
  }

  /** Up to `limit` rows of records without a vector, after one of them, by namespace and then by row. */
  plainRows(after: { readonly namespace: number; readonly row: number }, limit: number): (typeof after)[] {
    return this.#connection.all(
      `SELECT namespace, row FROM records WHERE plain = 1 AND (namespace, row) > (?, ?)
       ORDER BY namespace, row LIMIT ?`,
      after.namespace,
      after.row,
      limit,
    );
  }

  /** When the first record to expire does; undefined when none will. */
  nextExpiry(): number | undefined {
    const sql = "SELECT min(expires) AS expires FROM records WHERE expires IS NOT NULL";
    return this.#connection.get<{ expires: number | null }>(sql)?.expires ?? undefined;
  }

  /** Up to `limit` records that expire after `after` and by `until`, the first to expire first. */
  expiring(after: ExpiringRow, until: number, limit: number): ExpiringRow[] {
    return this.#connection.all(
      `SELECT row, expires FROM records WHERE expires IS NOT NULL AND (expires, row) > (?, ?) AND expires <= ?
       ORDER BY expires, row LIMIT ?`,
      after.expires,
      after.row,
      until,
      limit,
    );
  }

  /** The highest row number that any record ever had. */
  highestRow(): number {
    const sql = `SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'records'), 0),
                            ifnull((SELECT max(row) FROM records), 0)) AS row`;
    return this.#connection.get<{ row: number }>(sql)?.row ?? 0;
  }

  #aggregated(sql: string, ...parameters: SqlValue[]): number[] {
    return JSON.parse(this.#connection.get<{ rows: string }>(sql, ...parameters)?.rows ?? "[]") as number[];
  }

  #whole<Row extends RecordRow>(row: StoredText<Row>): Row {
    const found = whole<Row>(row) as Row & { readonly checksum: number };
    expectSame(recordChecksum(this.#checksum, found), found.checksum, `The record of row ${found.row}`);
    return found;
  }
}
