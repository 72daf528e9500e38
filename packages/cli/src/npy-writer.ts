import { PartFile } from "./part-file.js";

/** Room for any shape, and a multiple of 64, as NumPy aligns data. */
const HEADER_BYTES = 128;

/** What such a file begins with: version 1.0. */
const MAGIC = "\x93NUMPY\x01\x00";

/** A `.npy` file of float32 in C order that grows row by row, however many there will be. */
export class NpyWriter {
  readonly file: PartFile;
  readonly #dim: number;
  #rows = 0;

  private constructor(file: PartFile, dim: number) {
    [this.file, this.#dim] = [file, dim];
  }

  /** The file has its name after `finish` and then `file.publish`. */
  static async open(path: string, dim: number): Promise<NpyWriter> {
    const file = await PartFile.open(path);
    await file.append(new Uint8Array(HEADER_BYTES));
    return new NpyWriter(file, dim);
  }

  async write(vector: Float32Array): Promise<void> {
    this.#rows += 1;
    await this.file.append(new Uint8Array(vector.slice().buffer));
  }

  /** Says in the header how many rows there are, and ends the file. */
  async finish(): Promise<void> {
    const header = Buffer.alloc(HEADER_BYTES, " ");
    const start = Buffer.from(MAGIC, "latin1");
    start.copy(header);
    header.writeUInt16LE(HEADER_BYTES - start.length - 2, start.length);
    header.write(
      `{'descr': '<f4', 'fortran_order': False, 'shape': (${this.#rows}, ${this.#dim}), }`,
      start.length + 2,
    );
    header.write("\n", HEADER_BYTES - 1);
    await this.file.overwriteStart(header);
    await this.file.finish();
  }
}
