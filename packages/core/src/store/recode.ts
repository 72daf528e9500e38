import type { BlockRow } from "../catalogue/code-blocks.js";
import { isLive } from "../catalogue/live.js";
import type { OriginalRow, Reader } from "../catalogue/reader.js";
import type { Transaction } from "../catalogue/transaction.js";
import { ThermoclineError } from "../errors.js";
import type { Codec } from "../kernel/kernel.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { Engine } from "./engine.js";
import { scoredOriginals } from "./original.js";

/** Rows of a block and their new codes. */
interface Recoded {
  readonly places: ReadonlyMap<number, number>;
  readonly codes: Uint8Array;
}

/**
 * New codes for all cold rows, made beside the old ones and kept in RAM until one transaction puts all of them in their
 * place. Never block by block: rows that fit the old codebook worse than the new one get lower scores from it, so where
 * both met in one ranking, rows not coded anew yet would hardly be found, worse than before or after.
 */
export class Recoding {
  readonly #engine: Engine;
  readonly #codec: Codec;
  readonly #dim: number;
  readonly #blocks = new Map<number, Recoded>();

  constructor(engine: Engine, codec: Codec, dim: number) {
    this.#engine = engine;
    this.#codec = codec;
    this.#dim = dim;
  }

  /** Codes what has not been coded yet, a block at a time, while queries and writes go on. `onRows`: how many so far. */
  async code(signal: AbortSignal | undefined, onRows: (rows: number) => void = () => {}): Promise<void> {
    const { catalogue, settings } = this.#engine;
    // Then there are no cold rows, unless another process has moved some, which stay as they are.
    if (settings.originals === "none") return;
    let rows = 0;
    let block: number | undefined = 0;
    while (block !== undefined) {
      throwIfAborted(signal);
      const before: number = block;
      const found = await catalogue.read(() => this.#next(catalogue.reader, before));
      block = found?.block;
      if (!found) break;
      if (found.vectors) await this.#encode(found.block, found.rows, found.vectors);
      rows += found.rows.length;
      onRows(rows);
    }
  }

  /** Puts the new codes into every block of the catalogue, coding now what another process has added in between. */
  async replace(transaction: Transaction, codebook: number, signal: AbortSignal | undefined): Promise<void> {
    const pace = new Pace(signal);
    for (const number of transaction.blocks.numbers()) {
      const rows = liveRows(transaction.blocks.get(number));
      if (!this.#covers(number, rows)) {
        await this.#encode(number, rows, await this.#vectors(transaction, rows));
      }
      transaction.replaceBlock(number, codebook, rows, this.#codesOf(number, rows));
      this.#blocks.delete(number);
      if (pace.due) await pace.pause();
    }
  }

  /** The block after another, and its vectors unless they have been coded. */
  async #next(reader: Reader, after: number) {
    const block = reader.blocks.after(after);
    if (block === undefined) return undefined;
    const rows = liveRows(reader.blocks.get(block));
    return { block, rows, vectors: this.#covers(block, rows) ? undefined : await this.#vectors(reader, rows) };
  }

  #covers(block: number, rows: Uint32Array): boolean {
    const places = this.#blocks.get(block)?.places;
    return places !== undefined && rows.every((row) => places.has(row));
  }

  /** Vectors as they are scored; zeros for a row that was deleted while they were read. */
  async #vectors(reader: Reader, rows: Uint32Array): Promise<Float32Array> {
    const dim = this.#dim;
    const { kernel, settings } = this.#engine;
    const vectors = new Float32Array(rows.length * dim);
    const pace = new Pace();
    for (const [i, row] of rows.entries()) {
      const original: OriginalRow | undefined = reader.original(row);
      if (original) vectors.set(scoredOriginals(kernel, settings.metric, dim, [original]), i * dim);
      else if (reader.blockOf(row) !== undefined) {
        throw new ThermoclineError("CORRUPT", `The original of row ${row} is missing. Restore a backup.`);
      }
      if (pace.due) await pace.pause();
    }
    return vectors;
  }

  async #encode(block: number, rows: Uint32Array, vectors: Float32Array): Promise<void> {
    const codes = await this.#codec.encode(vectors);
    this.#blocks.set(block, { places: new Map(Array.from(rows, (row, i) => [row, i])), codes });
  }

  #codesOf(block: number, rows: Uint32Array): Uint8Array {
    const { bytes } = this.#codec;
    const { places, codes } = this.#blocks.get(block) ?? { places: new Map<number, number>(), codes: new Uint8Array() };
    const picked = new Uint8Array(rows.length * bytes);
    for (const [n, row] of rows.entries()) {
      const i = places.get(row) ?? 0;
      picked.set(codes.subarray(i * bytes, (i + 1) * bytes), n * bytes);
    }
    return picked;
  }
}

function liveRows({ rows, live }: BlockRow): Uint32Array {
  return rows.filter((_, i) => isLive(live, i));
}
