import { ThermoclineError } from "../errors.js";
import { loadKernel } from "../kernel/load.js";
import { integer, MAX_DIM, shown } from "../store/settings.js";
import { calibrationOf, setCalibration } from "./calibration.js";
import { binsOf, blankCodes, bytesPerCode, type CodeLayout, pack, unpack } from "./code-layout.js";
import { type EncoderVectors, rowsPerSlice, validVectors } from "./encoder-vectors.js";
import { SpectralCodes } from "./spectral-codes.js";

/** What a `SpectralEncoder` keeps of a vector. */
export interface SpectralEncoderOptions {
  /** Components of a vector, 1 to 65,536. */
  readonly dim: number;
  /** Bins kept of the floor(dim / 2) + 1 that the real Fourier transform has. */
  readonly topK: number;
  /** Bits of a magnitude, 1 to 16. Default 8. */
  readonly magBits?: number;
  /** Bits of a phase, 1 to 16. Default 8. */
  readonly phaseBits?: number;
  /** Bits of the norm, 0 to 16. Default 8. With 0 only directions are coded: decoded rows have length 1. */
  readonly normBits?: number;
}

/**
 * SpectraLTM's encoder: of a vector's real Fourier transform it keeps the `topK` bins of largest magnitude, each as its
 * number, its magnitude and its phase, and beside them the norm.
 *
 * - A magnitude is a level of an even grid from the least to the greatest that calibration found, relative to the norm.
 * - A phase is the nearest of 2^phaseBits evenly spaced angles.
 * - The norm is the length of the vector cut to its kept bins, on a grid of even ratios whose level 0 is for vectors of
 *   zeros alone. So vectors of very different lengths share their grids. (SpectraLTM's published figures are those of
 *   the whole vector's length; over that, asymmetric scores rank worse.)
 *
 * What lies beyond a grid takes its end. A code takes `bytesPerChunk` bytes: at dim 384 and 8 bits 3 for each kept bin
 * and 1 for the norm, so 25 at topK 8, 97 at 32 and 193 at 64. The published figures of 24, 96 and 192 leave the norm's
 * byte out; `normBits: 0` really takes those. From 512 dimensions on a bin's number takes 2 bytes, and so does any field
 * of more than 8 bits.
 *
 * @example
 * const encoder = new SpectralEncoder({ dim: 4, topK: 2 });
 * await encoder.calibrate([[2, 3, 4, 7], [4, 3, 1, 1], [0, 1, 0, 1]]);
 * const codes = await encoder.encode(Float32Array.of(2, 3, 4, 7, 0, 1, 0, 1));
 * console.log(codes.length, codes.idx, codes.bytesPerChunk); // 2 Uint8Array(4) [ 0, 1, 0, 2 ] 7
 * const [a, b, c, d] = await encoder.decode(codes);
 * console.log([a, b, c, d].map(Math.round)); // [ 3, 2, 5, 6 ]
 */
export class SpectralEncoder {
  readonly dim: number;
  readonly topK: number;
  readonly magBits: number;
  readonly phaseBits: number;
  readonly normBits: number;

  /** @throws `ARGUMENT` for options out of range, a topK beyond the bins among them */
  constructor(options: SpectralEncoderOptions) {
    if (typeof options !== "object" || options === null) {
      throw new ThermoclineError("ARGUMENT", `The options are ${shown(options)}; give { dim, topK }.`);
    }
    const { dim, topK, magBits = 8, phaseBits = 8, normBits = 8 } = options;
    this.dim = integer("dim", dim, 1, MAX_DIM);
    this.topK = integer(`At ${dim} dimensions topK`, topK, 1, binsOf(dim));
    this.magBits = integer("magBits", magBits, 1, 16);
    this.phaseBits = integer("phaseBits", phaseBits, 1, 16);
    this.normBits = integer("normBits", normBits, 0, 16);
  }

  /** Bytes of one vector's code in the arrays of `SpectralCodes`, the norm's included. */
  get bytesPerChunk(): number {
    return bytesPerCode(this.#layout);
  }

  get #layout(): CodeLayout {
    return this;
  }

  /**
   * Finds the grids of magnitudes and norms, off the main thread. The same sample gives the same grids.
   * A later calibration is for what is encoded after it; codes made before are no longer decoded rightly.
   *
   * @param sample - `[n][dim]`, n at least 1 and better 1,000, finite; not to be changed before the call resolves
   * @throws `ARGUMENT`, `DIMENSION` or `NOT_FINITE`, and the encoder is as it was
   * @example
   * const encoder = new SpectralEncoder({ dim: 3, topK: 1 });
   * await encoder.calibrate(Float32Array.of(1, 0, 0, 0, 1, 1));
   */
  async calibrate(sample: EncoderVectors): Promise<void> {
    const kernel = await loadKernel(undefined);
    const { dim, topK, magBits, phaseBits, normBits } = this;
    const rows = await validVectors(kernel, "sample", sample, dim);
    if (rows.length === 0) {
      throw new ThermoclineError(
        "ARGUMENT",
        "The sample has no vectors; give a thousand or so of those to be encoded.",
      );
    }
    const given = normBits === 0 ? kernel.toUnit(rows, dim) : rows;
    const spec = { codec: "fourier", topK, magBits, phaseBits, normBits } as const;
    const codec = kernel.codec(await kernel.fit(spec, "cosine", dim, given));
    setCalibration(this, { kernel, codec });
  }

  /**
   * Codes of vectors, batch first, encoded off the main thread.
   *
   * @param x - `[n][dim]`, finite, n may be 0; not to be changed before the call resolves
   * @throws `ARGUMENT` before calibration, `DIMENSION`, `NOT_FINITE`
   * @example
   * const encoder = new SpectralEncoder({ dim: 8, topK: 1 });
   * await encoder.calibrate([[1, 1, 1, 1, 1, 1, 1, 1]]);
   * const { idx, magQ, phaseQ, normQ } = await encoder.encode([[3, 3, 3, 3, 3, 3, 3, 3]]);
   * console.log(idx[0], phaseQ[0]); // 0 0
   */
  async encode(x: EncoderVectors): Promise<SpectralCodes> {
    const { kernel, codec } = calibrationOf(this);
    const rows = await validVectors(kernel, "x", x, this.dim);
    const codes = blankCodes(this.#layout, rows.length / this.dim);
    const slice = rowsPerSlice(this.dim) * this.dim;
    for (let at = 0; at < rows.length; at += slice) {
      const part = rows.subarray(at, at + slice);
      const bytes = await codec.encode(this.normBits === 0 ? kernel.toUnit(part, this.dim) : part);
      unpack(this.#layout, bytes, codes, at / this.dim);
    }
    return codes;
  }

  /**
   * The vectors `[n][dim]` that codes stand for: the inverse transform of the kept bins, to the precision of the grids.
   *
   * @param codes - made by this encoder since it was last calibrated
   * @throws `ARGUMENT` before calibration, and for codes that this encoder cannot have made
   * @example
   * const encoder = new SpectralEncoder({ dim: 2, topK: 2, normBits: 16 });
   * await encoder.calibrate([[3, 4], [-1, 2]]);
   * console.log((await encoder.decode(await encoder.encode([[3, 4]]))).map((x) => Math.round(x))); // Float32Array(2) [ 3, 4 ]
   */
  async decode(codes: SpectralCodes): Promise<Float32Array> {
    const { codec } = calibrationOf(this);
    if (!(codes instanceof SpectralCodes)) {
      throw new ThermoclineError("ARGUMENT", `codes is ${shown(codes)}; give what encode returned.`);
    }
    const bytes = await pack(this.#layout, codes);
    const rows = new Float32Array(codes.length * this.dim);
    const slice = rowsPerSlice(this.dim);
    for (let at = 0; at < codes.length; at += slice) {
      const part = bytes.subarray(at * this.bytesPerChunk, (at + slice) * this.bytesPerChunk);
      rows.set(await codec.decode(part), at * this.dim);
    }
    return rows;
  }
}
