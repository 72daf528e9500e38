import {
  calibrateFromVectors,
  SpectralQuantizer,
  type SpectralQuantizerOptions,
  type SpectralRotation,
  type Vectors,
} from "@thermocline/core";
import { lcg } from "./synthetic.js";

/** Options of a quantiser but for its rotation. */
export type Settings = Omit<SpectralQuantizerOptions, "rotation">;

/** `[n][d]` of N(0, 1), by Box and Muller. */
export function gaussian(n: number, d: number, seed: number): Float32Array {
  const next = lcg(seed);
  const uniform = () => (next() + 1 + 2 ** -24) / 2;
  return Float32Array.from(
    { length: n * d },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** The rotation of vectors. */
export async function calibrated(vectors: Vectors): Promise<SpectralRotation> {
  const [rotation] = await calibrateFromVectors([vectors]);
  if (!rotation) throw new Error("no rotation");
  return rotation;
}

function squaredError(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + (x - (b[i] ?? Number.NaN)) ** 2, 0);
}

/** Mean squared error of vectors that were coded, after calibration on `sample` if there is one. */
export async function meanError(
  rotation: SpectralRotation,
  settings: Settings,
  data: Float32Array,
  sample?: Float32Array,
): Promise<number> {
  const { headDim } = rotation;
  const quantizer = new SpectralQuantizer({ rotation, ...settings });
  if (sample) await quantizer.calibrate({ data: sample, dims: [sample.length / headDim, headDim] });
  const n = data.length / headDim;
  const codes = await quantizer.encode({ data, dims: [n, headDim] });
  return squaredError(data, await quantizer.decode(codes)) / n;
}
