import { ThermoclineError } from "../errors.js";
import type { Codec, Kernel } from "../kernel/kernel.js";
import type { SpectralEncoder } from "./spectral-encoder.js";

/** What calibration gave an encoder. */
export interface Calibration {
  readonly kernel: Kernel;
  readonly codec: Codec;
}

const calibrations = new WeakMap<SpectralEncoder, Calibration>();

/** Gives an encoder the calibration that it works with from now on. */
export function setCalibration(encoder: SpectralEncoder, calibration: Calibration): void {
  calibrations.set(encoder, calibration);
}

/**
 * The calibration that an encoder works with.
 *
 * @throws `ARGUMENT` before the first one
 */
export function calibrationOf(encoder: SpectralEncoder): Calibration {
  const calibration = calibrations.get(encoder);
  if (calibration) return calibration;
  const advice = "await encoder.calibrate(sample) first, with a thousand or so of the vectors that it is to encode";
  throw new ThermoclineError("ARGUMENT", `The encoder is not calibrated, so it has no grids; ${advice}.`);
}
