import { ThermoclineError } from "../errors.js";
import { type Checksum, toUint32, verify } from "./blob.js";
import type { Connection } from "./connection.js";
import type { SqlValue } from "./sqlite.js";

/** A record as it is stored. */
export interface RecordRow {
  readonly row: number;
  readonly id: string;
  readonly text: string | null;
  readonly metadata: string;
}

/** A record and its code block, which is null while its row is hot. */
export interface PlacedRecordRow extends RecordRow {
  readonly block: number | null;
}

/** A stored vector, in `bits` a component. */
export interface OriginalRow {
  readonly bits: number;
  readonly vector: Uint8Array;
}

export interface CodebookRow {
  readonly number: number;
  readonly codec: string;
  readonly sampleRows: number;
  readonly queries: number;
  readonly codebook: Uint8Array;
  readonly fit: FitRow;
}

/** How well rows fit a codebook: see `calibration/drift.ts`. */
export interface FitRow {
  readonly fitted: number;
  readonly error: number;
  readonly energy: number;
  readonly rows: number;
}

export interface BlockRow {
  readonly block: number;
  readonly namespace: number;
  readonly codebook: number;
  readonly rows: Uint32Array;
  readonly codes: Uint8Array;
  readonly live: Uint8Array;
}

export interface NamespaceRow {
  readonly number: number;
  readonly name: string;
}

/** A condition over `records`, compiled from a filter. */
export interface Condition {
  readonly sql: string;
  readonly parameters: readonly SqlValue[];
}

type StoredText<Row> = Omit<Row, "text"> & { readonly text: string | Uint8Array | null };

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

  constructor(connection: Connection, checksum: Checksum) {
    this.#connection = connection;
    this.#checksum = checksum;
  }

  settings(): ReadonlyMap<string, string> {
    const rows = this.#connection.all<{ key: string; value: string }>("SELECT key, value FROM settings");
    return new Map(rows.map(({ key, value }) => [key, value]));
  }

  namespaces(): NamespaceRow[] {
    return this.#connection.all("SELECT number, name FROM namespaces ORDER BY number");
  }

  recordById(namespace: number, id: string): PlacedRecordRow | undefined {
    const found = this.#connection.get<StoredText<PlacedRecordRow>>(
      `SELECT records.row, id, text, metadata, block FROM records LEFT JOIN cold_rows USING (row)
       WHERE namespace = ? AND id = ?`,
      namespace,
      id,
    );
    return found && whole<PlacedRecordRow>(found);
  }

  /** Where a record lies, without reading it. */
  placeOf(namespace: number, id: string): { readonly row: number; readonly block: number | null } | undefined {
    return this.#connection.get(
      "SELECT records.row, block FROM records LEFT JOIN cold_rows USING (row) WHERE namespace = ? AND id = ?",
      namespace,
      id,
    );
  }

  /** The block of a row, null for a hot one, undefined for one that is not there. */
  blockOf(row: number): number | null | undefined {
    return this.#connection.get<{ block: number | null }>(
      "SELECT block FROM records LEFT JOIN cold_rows USING (row) WHERE records.row = ?",
      row,
    )?.block;
  }

  namespaceOf(row: number): number | undefined {
    return this.#connection.get<{ namespace: number }>("SELECT namespace FROM records WHERE row = ?", row)?.namespace;
  }

  /** Row numbers of a namespace that meet a condition, ascending, in one aggregated value: faster than as many rows. */
  rowsWhere(namespace: number, condition: Condition): number[] {
    const found = this.#connection.get<{ rows: string }>(
      `SELECT json_group_array(row) AS rows FROM records WHERE namespace = ? AND (${condition.sql})`,
      namespace,
      ...condition.parameters,
    );
    const rows = JSON.parse(found?.rows ?? "[]") as number[];
    return rows.sort((a, b) => a - b);
  }

  count(namespace: number, condition: Condition): number {
    const sql = `SELECT count(*) AS count FROM records WHERE namespace = ? AND (${condition.sql})`;
    return this.#connection.get<{ count: number }>(sql, namespace, ...condition.parameters)?.count ?? 0;
  }

  /** How many records there are in all namespaces. */
  total(): number {
    return this.#connection.get<{ count: number }>("SELECT count(*) AS count FROM records")?.count ?? 0;
  }

  /** The highest row number in use; 0 when there is none. */
  lastRow(): number {
    return this.#connection.get<{ row: number | null }>("SELECT max(row) AS row FROM records")?.row ?? 0;
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
      `SELECT records.row, id, text, metadata, block FROM records LEFT JOIN cold_rows USING (row)
       WHERE records.row > ? AND records.row <= ? AND +namespace = ? AND (${condition.sql})
       ORDER BY records.row LIMIT ?`,
      after,
      last,
      namespace,
      ...condition.parameters,
      limit,
    );
    return found.map(whole<PlacedRecordRow>);
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
    const found = this.#connection.get<OriginalRow & { checksum: number }>(
      `SELECT bits, vector, checksum FROM cold_rows WHERE row = ? AND vector IS NOT NULL
       UNION ALL SELECT 32 AS bits, vector, checksum FROM hot_rows WHERE row = ?`,
      row,
      row,
    );
    if (found) verify(this.#checksum, found.checksum, [found.vector], `The original of row ${row}`);
    return found;
  }

  /** The originals of those cold rows that have one, by row: in one statement, as each call of the driver has its price. */
  originals(rows: readonly number[]): ReadonlyMap<number, OriginalRow> {
    const found = this.#connection.all<OriginalRow & { readonly row: number; readonly checksum: number }>(
      `SELECT row, bits, vector, checksum FROM cold_rows
       WHERE row IN (SELECT value FROM json_each(?)) AND vector IS NOT NULL`,
      JSON.stringify(rows),
    );
    for (const { row, vector, checksum } of found) {
      verify(this.#checksum, checksum, [vector], `The original of row ${row}`);
    }
    return new Map(found.map((original) => [original.row, original]));
  }

  /** The records of those rows that have one, by row. */
  records(rows: readonly number[]): ReadonlyMap<number, RecordRow> {
    const sql = "SELECT row, id, text, metadata FROM records WHERE row IN (SELECT value FROM json_each(?))";
    const found = this.#connection.all<StoredText<RecordRow>>(sql, JSON.stringify(rows)).map(whole<RecordRow>);
    return new Map(found.map((record) => [record.row, record]));
  }

  /** All codebooks, the one in use last. */
  codebooks(): CodebookRow[] {
    const found = this.#connection.all<Omit<CodebookRow, "fit"> & { checksum: number }>(
      "SELECT number, codec, sample_rows AS sampleRows, queries, codebook, checksum FROM codebooks ORDER BY number",
    );
    return found.map(({ checksum, ...row }) => {
      verify(this.#checksum, checksum, [row.codebook], `Codebook ${row.number}`);
      return { ...row, fit: this.fit(row.number) };
    });
  }

  /** How well rows fit a codebook. */
  fit(codebook: number): FitRow {
    const sql = "SELECT fitted, error, energy, rows FROM fits WHERE codebook = ?";
    const found = this.#connection.get<FitRow>(sql, codebook);
    if (found && Object.values(found).every((value: number) => value >= 0)) return { ...found };
    const what = `The fit of codebook ${codebook}`;
    throw new ThermoclineError("CORRUPT", `${what} is ${found ? "damaged" : "missing"}. Restore a backup.`);
  }

  blockNumbers(): number[] {
    return this.#connection.all<{ block: number }>("SELECT block FROM code_blocks ORDER BY block").map((b) => b.block);
  }

  /** Numbers of a namespace's blocks, ascending. */
  blocksOf(namespace: number): number[] {
    const sql = "SELECT block FROM code_blocks WHERE namespace = ? ORDER BY block";
    return this.#connection.all<{ block: number }>(sql, namespace).map(({ block }) => block);
  }

  /** The block with the least number above `block`. */
  blockAfter(block: number): number | undefined {
    const sql = "SELECT min(block) AS block FROM code_blocks WHERE block > ?";
    return this.#connection.get<{ block: number | null }>(sql, block)?.block ?? undefined;
  }

  /** Number of the block that a namespace's cold rows were last added to. */
  lastBlock(namespace: number): number | undefined {
    const sql = "SELECT max(block) AS block FROM code_blocks WHERE namespace = ?";
    return this.#connection.get<{ block: number | null }>(sql, namespace)?.block ?? undefined;
  }

  block(block: number): BlockRow {
    const what = `Code block ${block}`;
    const codes = this.#connection.get<
      Omit<BlockRow, "rows" | "live"> & { readonly rows: Uint8Array; readonly checksum: number }
    >("SELECT block, namespace, codebook, rows, codes, checksum FROM code_blocks WHERE block = ?", block);
    if (!codes) throw new ThermoclineError("CORRUPT", `${what} is missing. Restore a backup.`);
    verify(this.#checksum, codes.checksum, [codes.rows, codes.codes], what);
    return { ...codes, rows: toUint32(codes.rows), live: this.live(block) };
  }

  /** One bit a row of a block, lowest first: whether it is still to be found. */
  live(block: number): Uint8Array {
    const what = `The live rows of code block ${block}`;
    const found = this.#connection.get<{ live: Uint8Array; checksum: number }>(
      "SELECT live, checksum FROM live_rows WHERE block = ?",
      block,
    );
    if (!found) throw new ThermoclineError("CORRUPT", `${what} are missing. Restore a backup.`);
    verify(this.#checksum, found.checksum, [found.live], what);
    return found.live;
  }

  /** Row numbers of a block, ascending, without its codes. */
  blockRows(block: number): Uint32Array {
    const found = this.#connection.get<{ rows: Uint8Array }>("SELECT rows FROM code_blocks WHERE block = ?", block);
    if (!found) throw new ThermoclineError("CORRUPT", `Code block ${block} is missing. Restore a backup.`);
    return toUint32(found.rows);
  }
}
