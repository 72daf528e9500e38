import { ThermoclineError } from "../errors.js";
import { loadKernel } from "../kernel/load.js";
import { checkOptions } from "../store/options.js";
import { SpectralRotation } from "./rotation.js";
import { type Vectors, validVectors } from "./vectors.js";

/** Options of `calibrateFromVectors`. */
export interface CalibrateVectorsOptions {
  /** The rotations' names, one for each list of vectors. Default `layer_0`, `layer_1`, … */
  readonly layerNames?: readonly string[];
}

/**
 * One rotation for each layer's vectors: the eigenvectors of their second moment (1/n) Σ x·xᵀ, strongest first. As in
 * SpectralQuant's paper the mean is not taken out, since a rotation has no place to keep it; an eigenvalue is therefore
 * the mean square of its coordinate. Decomposed off the main thread, one layer after the other; equal input gives equal
 * rotations on one machine, each eigenvector with its strongest component positive. n may be smaller than d: what the
 * vectors do not span has eigenvalues of zero or nearly.
 *
 * @param layers - for each layer its vectors, `[n][d]`, n at least 1, d up to 8,192
 * @throws `NOT_FINITE` for NaN or infinity, `DIMENSION` where shapes do not fit, `ARGUMENT` for no vectors
 * @example
 * const keys = [[1, 2], [2, 4.1], [-1, -2]];
 * const [rotation] = await calibrateFromVectors([keys]);
 * rotation?.eigenvalues; // about [10.27, 0.002]
 */
export async function calibrateFromVectors(
  layers: readonly Vectors[],
  options: CalibrateVectorsOptions = {},
): Promise<SpectralRotation[]> {
  checkOptions("calibrateFromVectors", options);
  const { layerNames } = options;
  if (!Array.isArray(layers)) {
    throw new ThermoclineError("ARGUMENT", "The layers are no array; give an array with the vectors of each layer.");
  }
  if (layerNames !== undefined && layerNames.length !== layers.length) {
    const given = `There are ${layerNames.length} layerNames for ${layers.length} layers`;
    throw new ThermoclineError("ARGUMENT", `${given}; give one for each, or none.`);
  }
  const rotations: SpectralRotation[] = [];
  for (const [i, vectors] of layers.entries()) {
    const layerName = layerNames?.[i] ?? `layer_${i}`;
    const { rows, dim } = await validVectors(`The vectors of ${layerName}`, vectors);
    rotations.push(await rotationOf(layerName, rows, dim));
  }
  return rotations;
}

/** The rotation of checked rows `[n][dim]`, n at least 1. */
export async function rotationOf(layerName: string, rows: Float32Array, dim: number): Promise<SpectralRotation> {
  const kernel = await loadKernel(undefined);
  const { eigenvalues, rotation } = await kernel.eigenbasis(rows, dim);
  return new SpectralRotation({ rotationMatrix: rotation, eigenvalues, headDim: dim, layerName });
}
