import { ThermoclineError } from "../errors.js";
import { loadKernel } from "../kernel/load.js";
import { validSpectrum } from "./spectrum.js";
import { MAX_LENGTH, type Vectors, validVectors } from "./vectors.js";

/** What a `SpectralRotation` is made of. */
export interface SpectralRotationFields {
  /** `[headDim][headDim]`, row after row; column j is the eigenvector of eigenvalue j, so that a row x rotates to x·R. */
  readonly rotationMatrix: Float32Array;
  /** headDim finite numbers, not negative, descending: the second moment along each column. */
  readonly eigenvalues: ArrayLike<number>;
  /** Components of a vector: of one attention head's key, or of an embedding. */
  readonly headDim: number;
  /** Which layer it was calibrated for; names its files. */
  readonly layerName: string;
}

/** How far R·Rᵀ may carry a vector: room for a matrix that was stored as float16, not for one that is no rotation. */
const TOLERANCE = 2e-3;

function refuse(what: string): never {
  throw new ThermoclineError("ARGUMENT", what);
}

function validEigenvalues(given: ArrayLike<number>, headDim: number): Float64Array {
  const eigenvalues = Float64Array.from(validSpectrum(given));
  if (eigenvalues.length !== headDim) {
    const count = eigenvalues.length;
    throw new ThermoclineError(
      "DIMENSION",
      `There are ${count} eigenvalues for a headDim of ${headDim}; give as many.`,
    );
  }
  const rise = eigenvalues.findIndex((value, i) => i > 0 && value > (eigenvalues[i - 1] ?? 0));
  if (rise > 0) refuse(`The eigenvalues rise at index ${rise}; give them in descending order, with their columns.`);
  const length = Math.sqrt(eigenvalues.reduce((sum, value) => sum + value, 0));
  if (length > MAX_LENGTH)
    refuse(`The eigenvalues are those of vectors ${length} long; scale them below ${MAX_LENGTH}.`);
  return eigenvalues;
}

/** Whether R·Rᵀ leaves a vector that is not special to any matrix where it was: a test in d² steps instead of d³. */
function isOrthonormal(matrix: Float32Array, dim: number): boolean {
  const probe = Float64Array.from({ length: dim }, (_, i) => Math.sin(i * i + 1));
  const along = new Float64Array(dim);
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j < dim; j++) along[j] = (along[j] ?? 0) + (matrix[i * dim + j] ?? 0) * (probe[i] ?? 0);
  }
  let error = 0;
  let length = 0;
  for (let i = 0; i < dim; i++) {
    const expected = probe[i] ?? 0;
    let back = 0;
    for (let j = 0; j < dim; j++) back += (matrix[i * dim + j] ?? 0) * (along[j] ?? 0);
    error += (back - expected) ** 2;
    length += expected ** 2;
  }
  // NaN fails too.
  return error <= TOLERANCE ** 2 * length;
}

/**
 * The eigenbasis of one layer's vectors, SpectralQuant's rotation: in it the first coordinates hold most of the energy.
 * Immutable; it keeps copies of what it is given. The layout is that of the published Python packages (`veloxquant_mlx`,
 * `spectralquant`): eigenvectors are columns, NumPy's `x @ R` rotates and `y @ R.T` comes back.
 *
 * @throws `DIMENSION` where lengths do not fit headDim, `ARGUMENT` for eigenvalues that are negative, not finite or rise,
 *   for a matrix that is not orthonormal, and for an empty name
 * @example
 * const rotation = new SpectralRotation({
 *   rotationMatrix: Float32Array.of(0.8, -0.6, 0.6, 0.8),
 *   eigenvalues: [2, 0.5],
 *   headDim: 2,
 *   layerName: "layer_0",
 * });
 */
export class SpectralRotation implements SpectralRotationFields {
  readonly rotationMatrix: Float32Array;
  readonly eigenvalues: Float64Array;
  readonly headDim: number;
  readonly layerName: string;

  constructor({ rotationMatrix, eigenvalues, headDim, layerName }: SpectralRotationFields) {
    if (!Number.isInteger(headDim) || headDim < 1) refuse(`headDim is ${headDim}; give a whole number from 1.`);
    if (typeof layerName !== "string" || layerName === "" || /[\0\p{Surrogate}]/u.test(layerName)) {
      refuse("The layerName is empty or no Unicode text; give a string such as layer_0.");
    }
    if (!(rotationMatrix instanceof Float32Array) || rotationMatrix.length !== headDim * headDim) {
      const given = rotationMatrix instanceof Float32Array ? `${rotationMatrix.length} numbers` : "no Float32Array";
      const rule = `give a Float32Array of ${headDim} × ${headDim}`;
      throw new ThermoclineError("DIMENSION", `The rotationMatrix of ${layerName} is ${given}; ${rule}.`);
    }
    this.eigenvalues = validEigenvalues(eigenvalues, headDim);
    if (!isOrthonormal(rotationMatrix, headDim)) {
      refuse(`The rotationMatrix of ${layerName} is not orthonormal; give unit eigenvectors as its columns.`);
    }
    this.rotationMatrix = rotationMatrix.slice();
    this.headDim = headDim;
    this.layerName = layerName;
  }

  /**
   * Coordinates in the eigenbasis, `[n][headDim]`: NumPy's `x @ R`. Off the main thread; the same bits on every machine.
   *
   * @throws `DIMENSION` for vectors that are not headDim long, `NOT_FINITE`, or `ARGUMENT` for none
   * @example
   * await rotation.rotate([[1, 0], [0, 1]]);
   */
  rotate(vectors: Vectors): Promise<Float32Array> {
    return this.#turn("The vectors", vectors, false);
  }

  /** The vectors `[n][headDim]` that have these coordinates: `y @ R.T`, to float32's precision the inverse of `rotate`. */
  unrotate(coordinates: Vectors): Promise<Float32Array> {
    return this.#turn("The coordinates", coordinates, true);
  }

  async #turn(what: string, vectors: Vectors, inverse: boolean): Promise<Float32Array> {
    const { rows, dim } = await validVectors(what, vectors, this.headDim);
    const kernel = await loadKernel(undefined);
    return kernel.rotate(rows, dim, this.rotationMatrix, inverse);
  }
}
