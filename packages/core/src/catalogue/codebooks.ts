import { ThermoclineError } from "../errors.js";
import { type Checksum, expectSame, fieldsChecksum, verify } from "./blob.js";
import type { Connection } from "./connection.js";

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

/** The codebooks that the catalogue has, and how well rows fit them. */
export class Codebooks {
  readonly #connection: Connection;
  readonly #checksum: Checksum;

  constructor(connection: Connection, checksum: Checksum) {
    this.#connection = connection;
    this.#checksum = checksum;
  }

  /** All codebooks, the one in use last. */
  all(): CodebookRow[] {
    const found = this.#connection.all<{ number: number }>("SELECT number FROM codebooks ORDER BY number");
    return found.map(({ number }) => this.get(number));
  }

  get(number: number): CodebookRow {
    const what = `Codebook ${number}`;
    const found = this.#connection.get<Omit<CodebookRow, "fit"> & { checksum: number }>(
      "SELECT number, codec, sample_rows AS sampleRows, queries, codebook, checksum FROM codebooks WHERE number = ?",
      number,
    );
    if (!found) throw new ThermoclineError("CORRUPT", `${what} is missing. Restore a backup.`);
    const { checksum, ...row } = found;
    verify(this.#checksum, checksum, [row.codebook], what, row.sampleRows, row.queries);
    return { ...row, fit: this.fit(number) };
  }

  count(): number {
    return this.#connection.get<{ count: number }>("SELECT count(*) AS count FROM codebooks")?.count ?? 0;
  }

  /** How well rows fit a codebook. */
  fit(codebook: number): FitRow {
    const sql = "SELECT fitted, error, energy, rows, checksum FROM fits WHERE codebook = ?";
    const found = this.#connection.get<FitRow & { readonly checksum: number }>(sql, codebook);
    const what = `The fit of codebook ${codebook}`;
    if (!found) throw new ThermoclineError("CORRUPT", `${what} is missing. Restore a backup.`);
    const { fitted, error, energy, rows } = found;
    expectSame(fieldsChecksum(this.#checksum, codebook, fitted, error, energy, rows), found.checksum, what);
    return { fitted, error, energy, rows };
  }
}
