import { type FileHandle, open } from "node:fs/promises";
import { decodeNpy, type NpyHeader, parseNpyHeader, ThermoclineError } from "@thermocline/core";

/** Enough for the header of any file that NumPy writes. */
const HEADER_BYTES = 65_536;

/** What a store begins with. */
const SQLITE = "SQLite format 3";

/** The rows of a `.npy` file of vectors, read a few at a time: no file is too large. */
export class NpyFile {
  readonly #file: FileHandle;
  readonly #header: NpyHeader;
  readonly path: string;
  readonly rows: number;
  readonly dim: number;

  private constructor(path: string, file: FileHandle, header: NpyHeader) {
    [this.path, this.#file, this.#header] = [path, file, header];
    [this.rows, this.dim] =
      header.shape.length === 1 ? [1, header.shape[0] ?? 0] : [header.shape[0] ?? 0, header.shape[1] ?? 0];
  }

  static async open(path: string): Promise<NpyFile> {
    const file = await open(path).catch((cause: unknown) => {
      throw new ThermoclineError("IO", `${path} cannot be opened; give the path of a .npy file.`, { cause });
    });
    try {
      const start = new Uint8Array(HEADER_BYTES);
      const { bytesRead } = await file.read(start, 0, HEADER_BYTES, 0);
      if (new TextDecoder().decode(start.subarray(0, SQLITE.length)) === SQLITE) {
        const how = `"thermocline export ${path} records.jsonl --vectors vectors.npy" writes the vectors of a store`;
        throw new ThermoclineError("FORMAT", `${path} is no .npy file but a database; ${how}.`);
      }
      const header = parseNpyHeader(path, start.subarray(0, bytesRead));
      const opened = new NpyFile(path, file, header);
      if (header.fortranOrder && header.shape.length > 1) {
        const how = "save it with numpy.save(path, numpy.ascontiguousarray(x))";
        throw new ThermoclineError(
          "FORMAT",
          `${path} is in Fortran order, whose rows cannot be read one by one; ${how}.`,
        );
      }
      const expected = header.dataOffset + opened.rows * opened.dim * header.width;
      const { size } = await file.stat();
      if (size !== expected) {
        throw new ThermoclineError(
          "CORRUPT",
          `${path} has ${size} bytes, but its shape asks for ${expected}; save it anew.`,
        );
      }
      return opened;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Rows `from` to `from + count`, or up to the last. */
  async read(from: number, count: number): Promise<Float32Array[]> {
    const rows = Math.max(0, Math.min(count, this.rows - from));
    const stride = this.dim * this.#header.width;
    const bytes = new Uint8Array(rows * stride);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, this.#header.dataOffset + from * stride);
    if (bytesRead !== bytes.length) throw new ThermoclineError("IO", `${this.path} became shorter while it was read.`);
    const values = decodeNpy(this.#header, bytes);
    return Array.from({ length: rows }, (_, row) => values.subarray(row * this.dim, (row + 1) * this.dim));
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
