import { type Checksum, expectSame, fieldsChecksum, sealed, verify } from "./blob.js";
import type { Connection } from "./connection.js";

/** A field that is indexed: its path as JSON. */
export interface FieldRow {
  readonly field: number;
  readonly path: string;
}

/** A stretch of rows of which a field's values are indexed, and how many bytes that takes. */
export interface StretchRow {
  readonly first: number;
  readonly rows: number;
  readonly bytes: number;
}

/** What the catalogue says of the indexes of metadata's fields. What is said of a stretch of a field never changes. */
export class FieldTables {
  readonly #connection: Connection;
  readonly #checksum: Checksum;

  constructor(connection: Connection, checksum: Checksum) {
    this.#connection = connection;
    this.#checksum = checksum;
  }

  fields(): FieldRow[] {
    const sql = "SELECT field, path, checksum FROM indexed_fields ORDER BY field";
    return this.#connection.all<FieldRow & { readonly checksum: number }>(sql).map(({ field, path, checksum }) => {
      expectSame(fieldsChecksum(this.#checksum, field, path), checksum, `The indexed field ${field}`);
      return { field, path };
    });
  }

  stretches(field: number): StretchRow[] {
    const sql = "SELECT first, rows, length(entries) AS bytes FROM field_values WHERE field = ?";
    return this.#connection.all(sql, field);
  }

  /** The values of a stretch; undefined where the field is not indexed any more. */
  values(field: number, first: number, rows: number): Uint8Array | undefined {
    const sql = "SELECT entries, checksum FROM field_values WHERE field = ? AND first = ? AND rows = ?";
    const found = this.#connection.get<{ entries: Uint8Array; checksum: number }>(sql, field, first, rows);
    if (!found) return undefined;
    const what = `The index of field ${field} from row ${first} on`;
    verify(this.#checksum, found.checksum, [found.entries], what, field, first, rows);
    return found.entries;
  }
}

/** What a write may change of it. */
export class FieldTableWriter extends FieldTables {
  readonly #connection: Connection;
  readonly #checksum: Checksum;

  constructor(connection: Connection, checksum: Checksum) {
    super(connection, checksum);
    this.#connection = connection;
    this.#checksum = checksum;
  }

  /** The number of a field, made if it is new. */
  insertField(path: string): number {
    const found = this.fields().find((field) => field.path === path);
    if (found) return found.field;
    const sql = "SELECT seq FROM sqlite_sequence WHERE name = 'indexed_fields'";
    const field = (this.#connection.get<{ seq: number }>(sql)?.seq ?? 0) + 1;
    const checksum = fieldsChecksum(this.#checksum, field, path);
    this.#connection.run("INSERT INTO indexed_fields (field, path, checksum) VALUES (?, ?, ?)", field, path, checksum);
    return field;
  }

  deleteField(field: number): void {
    this.#connection.run("DELETE FROM field_values WHERE field = ?", field);
    this.#connection.run("DELETE FROM indexed_fields WHERE field = ?", field);
  }

  /** Forgets stretches of fields that are not indexed. */
  deleteStrays(): void {
    this.#connection.run("DELETE FROM field_values WHERE field NOT IN (SELECT field FROM indexed_fields)");
  }

  /** Takes the values of a stretch, in the place of those of all stretches within it. */
  putValues(field: number, first: number, rows: number, entries: Uint8Array): void {
    const within = "DELETE FROM field_values WHERE field = ? AND first >= ? AND first + rows <= ?";
    this.#connection.run(within, field, first, first + rows);
    this.#connection.run(
      "INSERT INTO field_values (field, first, rows, entries, checksum) VALUES (?, ?, ?, ?, ?)",
      field,
      first,
      rows,
      entries,
      sealed(this.#checksum(entries), field, first, rows),
    );
  }
}
