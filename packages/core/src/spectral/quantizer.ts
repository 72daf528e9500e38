import { ThermoclineError } from "../errors.js";
import type { ScalarQuantizer } from "../kernel/kernel.js";
import { loadKernel } from "../kernel/load.js";
import { checkOptions } from "../store/options.js";
import { integer, shown } from "../store/settings.js";
import { SpectralRotation } from "./rotation.js";
import { computeSpectralGap } from "./spectrum.js";
import { type Vectors, validVectors } from "./vectors.js";
import { waterFillBits } from "./water-fill.js";

/** What a `SpectralQuantizer` is made of. */
export interface SpectralQuantizerOptions {
  /** The basis in which vectors are coded, and what to expect of each coordinate there. */
  readonly rotation: SpectralRotation;
  /** Bits of each signal dimension, 0 to 8. Default 4. */
  readonly signalBits?: number;
  /** Bits of each noise dimension, 0 to 8; not both 0. Default 1. */
  readonly noiseBits?: number;
  /** Spend the same total of bits where it lowers the error most, by `waterFillBits`, 0 to 8 a dimension. Default false. */
  readonly useWaterFilling?: boolean;
  /** How many dimensions are signal, from 1 to headDim. Default `computeSpectralGap(rotation.eigenvalues)`. */
  readonly signalDims?: number;
  /** What `codebooks` of a calibrated quantiser gave, so that its codes decode again. Default: for a Gaussian. */
  readonly codebooks?: Codebooks;
}

/** For each number of bits in use, its 2^bits levels, ascending, in standard deviations, none beyond ±16. */
export type Codebooks = ReadonlyMap<number, Float32Array>;

const MAX_BITS = 8;

/** Numbers that go to the kernel at a time: copying more would hold up the event loop. */
const BLOCK = 2 ** 18;

/**
 * SpectralQuant's quantiser: a vector is rotated into the eigenbasis, and each coordinate becomes the nearest level of a
 * Lloyd–Max codebook, in units of the square root of its eigenvalue. Dimensions before the spectral gap, the signal, get
 * more bits than those after, the noise; dimensions with as many bits share a codebook.
 *
 * Where the published packages differ from one another: the split is at the gap, as the API page of `veloxquant_mlx`
 * says (its code and `spectralquant` split at the participation ratio: give `signalDims` for that), and codebooks are
 * those of a Gaussian until `calibrate`, as there. `veloxquant_mlx` scales by two half floats that it stores with each
 * vector; here eigenvalues scale, and a vector takes its bits and nothing else. Water filling may give a dimension no
 * bits at all, as in `spectralquant`.
 *
 * A vector's code is `bytesPerVector` bytes: one level number after the other, lowest bits first. Work runs off the
 * main thread. Equal rotation, bits and codebooks give the same bytes on every machine.
 *
 * @throws `ARGUMENT` for options out of range
 * @example
 * const keys = Array.from({ length: 64 }, (_, i) => [4 * Math.sin(i), Math.cos(3 * i), Math.sin(5 * i) / 4]);
 * const [rotation] = await calibrateFromVectors([keys]);
 * const quantizer = new SpectralQuantizer({ rotation, signalBits: 4, noiseBits: 1 });
 * const codes = await quantizer.encode(keys);
 * const about = await quantizer.decode(codes); // [n][headDim]
 */
export class SpectralQuantizer {
  readonly rotation: SpectralRotation;
  /** How many dimensions are signal. */
  readonly signalDims: number;
  /** Bits of each dimension, in the order of the eigenvalues. */
  readonly bits: readonly number[];
  /** Their sum. */
  readonly bitsPerVector: number;
  /** Bytes of a vector's code: its bits in whole bytes. */
  readonly bytesPerVector: number;
  /** Built on first use. */
  #engine: Promise<ScalarQuantizer> | undefined;
  readonly #levels: Float32Array | undefined;

  constructor(options: SpectralQuantizerOptions) {
    checkOptions("SpectralQuantizer", options);
    const { rotation, useWaterFilling = false, codebooks } = options;
    if (!(rotation instanceof SpectralRotation)) {
      throw new ThermoclineError(
        "ARGUMENT",
        "rotation is no SpectralRotation; give one that was calibrated or loaded.",
      );
    }
    const { eigenvalues, headDim } = rotation;
    const signal = integer("signalBits", options.signalBits ?? 4, 0, MAX_BITS);
    const noise = integer("noiseBits", options.noiseBits ?? 1, 0, MAX_BITS);
    const gap = headDim === 1 ? 1 : computeSpectralGap(eigenvalues);
    this.signalDims = integer("signalDims", options.signalDims ?? gap, 1, headDim);
    const total = this.signalDims * signal + (headDim - this.signalDims) * noise;
    if (total === 0) {
      throw new ThermoclineError("ARGUMENT", "No dimension has any bits; raise signalBits or noiseBits above 0.");
    }
    if (typeof useWaterFilling !== "boolean") {
      throw new ThermoclineError("ARGUMENT", `useWaterFilling is ${shown(useWaterFilling)}; give true or false.`);
    }
    if (codebooks !== undefined && !(codebooks instanceof Map)) {
      throw new ThermoclineError("ARGUMENT", `codebooks are ${shown(codebooks)}; give what codebooks() gave, a Map.`);
    }
    this.rotation = rotation;
    this.bits = useWaterFilling
      ? waterFillBits(eigenvalues, total / headDim, { minBits: 0, maxBits: MAX_BITS })
      : Array.from(eigenvalues, (_, dimension) => (dimension < this.signalDims ? signal : noise));
    this.bitsPerVector = total;
    this.bytesPerVector = Math.ceil(total / 8);
    this.#levels = codebooks && this.#flatten(codebooks);
  }

  /**
   * Fits the codebooks to a sample: from the Gaussian's, by Lloyd's rounds to the least squared error over all dimensions
   * that share one. Codes made before decode wrongly after; keep `codebooks` with the codes made after.
   *
   * @param sample - `[n][headDim]`, n at least 1; some thousands where there are 8 bits. Of more than 2²² numbers, rows
   *   are taken evenly
   * @throws `DIMENSION`, `NOT_FINITE`, or `ARGUMENT` for no vectors
   * @example
   * await quantizer.calibrate(keys);
   */
  async calibrate(sample: Vectors): Promise<void> {
    const { rows } = await validVectors("The sample's vectors", sample, this.rotation.headDim);
    const engine = await this.#made();
    this.#engine = this.#build(await engine.fit(rows));
    await this.#engine;
  }

  /**
   * The codebooks in use, to be stored beside codes and given back as an option.
   *
   * @example
   * const codebooks = await quantizer.codebooks();
   * const same = new SpectralQuantizer({ rotation, codebooks });
   */
  async codebooks(): Promise<Codebooks> {
    const { levels } = await this.#made();
    let begin = 0;
    return new Map(
      this.#widths().map((bits) => {
        const end = begin + 2 ** bits;
        const codebook = levels.slice(begin, end);
        begin = end;
        return [bits, codebook];
      }),
    );
  }

  /**
   * Codes of vectors, `[n][bytesPerVector]`.
   *
   * @throws `DIMENSION` for vectors that are not headDim long, `NOT_FINITE`, or `ARGUMENT` for none
   */
  async encode(vectors: Vectors): Promise<Uint8Array> {
    const { headDim } = this.rotation;
    const { rows } = await validVectors("The vectors", vectors, headDim);
    const engine = await this.#made();
    const codes = new Uint8Array((rows.length / headDim) * this.bytesPerVector);
    const block = Math.ceil(BLOCK / headDim);
    for (let row = 0; row * headDim < rows.length; row += block) {
      const part = rows.subarray(row * headDim, (row + block) * headDim);
      codes.set(await engine.encode(part), row * this.bytesPerVector);
    }
    return codes;
  }

  /**
   * The vectors that codes stand for, `[n][headDim]`.
   *
   * @throws `ARGUMENT` for what is no `Uint8Array` of whole codes
   */
  async decode(codes: Uint8Array): Promise<Float32Array> {
    const { bytesPerVector, rotation } = this;
    if (!(codes instanceof Uint8Array) || codes.length % bytesPerVector !== 0) {
      const given = codes instanceof Uint8Array ? `${codes.length} bytes` : "no Uint8Array";
      throw new ThermoclineError(
        "ARGUMENT",
        `The codes are ${given}; give a Uint8Array of ${bytesPerVector} a vector.`,
      );
    }
    const engine = await this.#made();
    const vectors = new Float32Array((codes.length / bytesPerVector) * rotation.headDim);
    const block = Math.ceil(BLOCK / rotation.headDim);
    for (let row = 0; row * bytesPerVector < codes.length; row += block) {
      const part = codes.subarray(row * bytesPerVector, (row + block) * bytesPerVector);
      vectors.set(await engine.decode(part), row * rotation.headDim);
    }
    return vectors;
  }

  #made(): Promise<ScalarQuantizer> {
    this.#engine ??= this.#build(this.#levels);
    return this.#engine;
  }

  async #build(levels: Float32Array | undefined): Promise<ScalarQuantizer> {
    const kernel = await loadKernel(undefined);
    const { rotationMatrix, eigenvalues } = this.rotation;
    return kernel.scalarQuantizer({ rotation: rotationMatrix, eigenvalues }, Uint8Array.from(this.bits), levels);
  }

  /** Numbers of bits that some dimension has, ascending. */
  #widths(): number[] {
    return [...new Set(this.bits)].sort((a, b) => a - b);
  }

  #flatten(codebooks: Codebooks): Float32Array {
    const levels = this.#widths().flatMap((bits) => {
      const codebook = Array.from(codebooks.get(bits) ?? []);
      const ascending = codebook.every((level, i) => Math.abs(level) <= 16 && level >= (codebook[i - 1] ?? level));
      if (codebook.length === 2 ** bits && ascending) return codebook;
      const rule = `give ${2 ** bits} ascending levels from -16 to 16`;
      throw new ThermoclineError("ARGUMENT", `The codebook of ${bits} bits is missing or unsound; ${rule}.`);
    });
    return Float32Array.from(levels);
  }
}
