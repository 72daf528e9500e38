import { ThermoclineError } from "../errors.js";
import { type Checksum, toUint32, verify } from "./blob.js";
import type { Connection } from "./connection.js";

export interface BlockRow {
  readonly block: number;
  readonly namespace: number;
  readonly codebook: number;
  readonly rows: Uint32Array;
  readonly codes: Uint8Array;
  readonly live: Uint8Array;
}

/** The blocks of codes that the catalogue has. */
export class CodeBlocks {
  readonly #connection: Connection;
  readonly #checksum: Checksum;

  constructor(connection: Connection, checksum: Checksum) {
    this.#connection = connection;
    this.#checksum = checksum;
  }

  numbers(): number[] {
    return this.#connection.all<{ block: number }>("SELECT block FROM code_blocks ORDER BY block").map((b) => b.block);
  }

  /** Numbers of a namespace's blocks, ascending. */
  numbersOf(namespace: number): number[] {
    const sql = "SELECT block FROM code_blocks WHERE namespace = ? ORDER BY block";
    return this.#connection.all<{ block: number }>(sql, namespace).map(({ block }) => block);
  }

  /** The block with the least number above `block`, of a namespace or of all. */
  after(block: number, namespace?: number): number | undefined {
    const sql = "SELECT min(block) AS block FROM code_blocks WHERE block > ? AND ifnull(namespace = ?, true)";
    return this.#connection.get<{ block: number | null }>(sql, block, namespace ?? null)?.block ?? undefined;
  }

  has(block: number): boolean {
    return this.#connection.get("SELECT 1 FROM code_blocks WHERE block = ?", block) !== undefined;
  }

  /** Number of the block that a namespace's cold rows were last added to. */
  last(namespace: number): number | undefined {
    const sql = "SELECT max(block) AS block FROM code_blocks WHERE namespace = ?";
    return this.#connection.get<{ block: number | null }>(sql, namespace)?.block ?? undefined;
  }

  get(block: number): BlockRow {
    const what = `Code block ${block}`;
    const codes = this.#connection.get<
      Omit<BlockRow, "rows" | "live"> & { readonly rows: Uint8Array; readonly checksum: number }
    >("SELECT block, namespace, codebook, rows, codes, checksum FROM code_blocks WHERE block = ?", block);
    if (!codes) throw new ThermoclineError("CORRUPT", `${what} is missing. Restore a backup.`);
    verify(this.#checksum, codes.checksum, [codes.rows, codes.codes], what, codes.namespace, codes.codebook);
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
    verify(this.#checksum, found.checksum, [found.live], what, block);
    return found.live;
  }

  /** Row numbers of a block, ascending, without its codes. */
  rows(block: number): Uint32Array {
    const found = this.#connection.get<{ rows: Uint8Array }>("SELECT rows FROM code_blocks WHERE block = ?", block);
    if (!found) throw new ThermoclineError("CORRUPT", `Code block ${block} is missing. Restore a backup.`);
    return toUint32(found.rows);
  }
}
