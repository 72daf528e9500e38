import { readFileSync } from "node:fs";
import { SpectralQuantizer, SpectralRotation } from "@thermocline/core";
import { describe, expect, it } from "vitest";

interface Case {
  readonly name: string;
  readonly signal_bits: number;
  readonly noise_bits: number;
  readonly signal_dims: number;
  readonly use_water_filling: boolean;
  readonly calibrated: boolean;
  readonly bits: number[];
  readonly level_bits: number[];
  readonly codes: number[];
  readonly decoded_bits: number[];
}

const golden = JSON.parse(readFileSync(new URL("./golden/spectral-quant.json", import.meta.url), "utf8")) as {
  readonly dim: number;
  readonly rows: number;
  readonly rotation_bits: number[];
  readonly eigenvalue_bits: number[];
  readonly rotated_bits: number[];
  readonly cases: Case[];
};
const { dim } = golden;

function floats(bits: number[]): Float32Array {
  return new Float32Array(Uint32Array.from(bits).buffer);
}

function bits(values: Float32Array): number[] {
  return Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length));
}

let state = 1;
/** The rows that the file's comment describes. */
const data = Float32Array.from({ length: golden.rows * dim }, (_, i) => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return (state / 2 ** 32 - 0.5) / (1 + (i % dim));
});

const rotation = new SpectralRotation({
  rotationMatrix: floats(golden.rotation_bits),
  eigenvalues: floats(golden.eigenvalue_bits),
  headDim: dim,
  layerName: "golden",
});

it("rows rotate to the golden coordinates, to the bit", async () => {
  const rotated = await rotation.rotate({ data, dims: [golden.rows, dim] });
  expect(bits(rotated.slice(0, golden.rotated_bits.length))).toEqual(golden.rotated_bits);
});

describe.each(golden.cases)("the golden vectors of $name", (golden) => {
  const levels = floats(golden.level_bits);
  const widths = [...new Set(golden.bits)].sort((a, b) => a - b);
  let begin = 0;
  const codebooks = new Map(
    widths.map((width) => {
      begin += 2 ** width;
      return [width, levels.slice(begin - 2 ** width, begin)];
    }),
  );
  const quantizer = new SpectralQuantizer({
    rotation,
    signalBits: golden.signal_bits,
    noiseBits: golden.noise_bits,
    signalDims: golden.signal_dims,
    useWaterFilling: golden.use_water_filling,
    ...(golden.calibrated && { codebooks }),
  });

  it("are the bits of each dimension and the codebooks", async () => {
    expect(quantizer.bits).toEqual(golden.bits);
    expect(await quantizer.codebooks()).toEqual(codebooks);
  });

  it("are the codes and the rows that they decode to, to the bit", async () => {
    const codes = await quantizer.encode({ data, dims: [data.length / dim, dim] });
    expect(Array.from(codes)).toEqual(golden.codes);
    const decoded = await quantizer.decode(codes);
    expect(bits(decoded.slice(0, golden.decoded_bits.length))).toEqual(golden.decoded_bits);
  });
});
