import { ThermoclineError } from "../errors.js";
import { integer, shown } from "../store/settings.js";

/** Whole numbers from 0; a byte each where all of them fit one. */
export type CodeArray = Uint8Array | Uint16Array;

/** The arrays of `SpectralCodes`, batch first. */
export interface SpectralCodesArrays {
  /** Bins kept a row. */
  readonly topK: number;
  /** `[n][topK]` numbers of the kept bins, ascending in each row. */
  readonly idx: CodeArray;
  /** `[n][topK]` magnitudes, as levels of the encoder's grid. */
  readonly magQ: CodeArray;
  /** `[n][topK]` phases: level l of L is the angle 2π·l/L. */
  readonly phaseQ: CodeArray;
  /** `[n]` norms, as levels of the encoder's grid; empty when norms are not coded. */
  readonly normQ: CodeArray;
}

/**
 * Rows as `SpectralEncoder.encode` codes them. From SpectraLTM, whose `idx, mag_q, phase_q, norm_q` these are, of a
 * whole batch at once.
 *
 * @example
 * const codes = new SpectralCodes({
 *   topK: 2,
 *   idx: Uint8Array.of(0, 3, 1, 2),
 *   magQ: Uint8Array.of(200, 10, 90, 80),
 *   phaseQ: Uint8Array.of(0, 64, 128, 192),
 *   normQ: Uint8Array.of(255, 7),
 * });
 * console.log(codes.length, codes.bytesPerChunk); // 2 7
 */
export class SpectralCodes implements SpectralCodesArrays {
  readonly topK: number;
  readonly idx: CodeArray;
  readonly magQ: CodeArray;
  readonly phaseQ: CodeArray;
  readonly normQ: CodeArray;

  /** @throws `ARGUMENT` when the arrays are not of one number of rows */
  constructor({ topK, idx, magQ, phaseQ, normQ }: SpectralCodesArrays) {
    for (const [name, array] of Object.entries({ idx, magQ, phaseQ, normQ })) {
      if (array instanceof Uint8Array || array instanceof Uint16Array) continue;
      throw new ThermoclineError("ARGUMENT", `${name} is ${shown(array)}; give a Uint8Array or a Uint16Array.`);
    }
    this.topK = integer("topK", topK, 1, 32_769);
    const rows = idx.length / topK;
    const whole = Number.isInteger(rows) && magQ.length === idx.length && phaseQ.length === idx.length;
    if (!whole || (normQ.length !== rows && normQ.length !== 0)) {
      const given = `idx has ${idx.length} numbers, magQ ${magQ.length}, phaseQ ${phaseQ.length}, normQ ${normQ.length}`;
      throw new ThermoclineError(
        "ARGUMENT",
        `${given}; give ${topK} a row in the first three, and one or none in normQ.`,
      );
    }
    this.idx = idx;
    this.magQ = magQ;
    this.phaseQ = phaseQ;
    this.normQ = normQ;
  }

  /** How many rows are coded. */
  get length(): number {
    return this.idx.length / this.topK;
  }

  /** Bytes of all four arrays over the number of rows; 0 without rows. */
  get bytesPerChunk(): number {
    if (this.length === 0) return 0;
    const { idx, magQ, phaseQ, normQ } = this;
    return (idx.byteLength + magQ.byteLength + phaseQ.byteLength + normQ.byteLength) / this.length;
  }
}
