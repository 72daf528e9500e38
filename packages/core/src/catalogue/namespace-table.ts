import { ThermoclineError } from "../errors.js";
import { type Checksum, expectSame, fieldsChecksum } from "./blob.js";
import type { Connection } from "./connection.js";

export interface NamespaceRow {
  readonly number: number;
  readonly name: string;
}

/** The namespaces that the catalogue has: their names, and the numbers that records have for them. */
export class NamespaceTable {
  readonly #connection: Connection;
  readonly #checksum: Checksum;

  constructor(connection: Connection, checksum: Checksum) {
    this.#connection = connection;
    this.#checksum = checksum;
  }

  all(): NamespaceRow[] {
    const sql = "SELECT number, name, checksum FROM namespaces ORDER BY number";
    return this.#connection.all<NamespaceRow & { checksum: number }>(sql).map((row) => this.#checked(row));
  }

  /** A namespace, by itself: damage to another does not matter. */
  get(number: number): NamespaceRow {
    const sql = "SELECT number, name, checksum FROM namespaces WHERE number = ?";
    const found = this.#connection.get<NamespaceRow & { checksum: number }>(sql, number);
    if (!found) throw new ThermoclineError("CORRUPT", `Namespace ${number} is missing. Restore a backup.`);
    return this.#checked(found);
  }

  #checked({ number, name, checksum }: NamespaceRow & { readonly checksum: number }): NamespaceRow {
    expectSame(fieldsChecksum(this.#checksum, number, name), checksum, `Namespace ${number}`);
    return { number, name };
  }
}
