import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SpectralRotation, waterFillBits } from "@thermocline/core";
import { beforeAll, describe, expect, it } from "vitest";
import { DATA_FOLDER } from "../examples/beir-scifact/src/dataset.js";
import { parseNpy } from "../examples/beir-scifact/src/npy.js";
import { calibrated, gaussian, meanError, type Settings } from "./support/quantising.js";

/** Bits in proportion to the eigenvalues, as the published packages' water filling gives them, to an exact total. */
function proportionalBits(eigenvalues: ArrayLike<number>, total: number, minBits: number, maxBits: number): number[] {
  const values = Array.from(eigenvalues);
  const sum = values.reduce((all, value) => all + value, 0);
  const wish = values.map((value) => (total * value) / sum);
  const bits = wish.map((each) => Math.min(maxBits, Math.max(minBits, Math.round(each))));
  for (let left = total - bits.reduce((all, each) => all + each, 0); left !== 0; left -= Math.sign(left)) {
    const step = Math.sign(left);
    const wants = (i: number) => step * ((wish[i] ?? 0) - (bits[i] ?? 0));
    const free = bits.flatMap((each, i) => (each + step >= minBits && each + step <= maxBits ? [i] : []));
    const next = free.reduce((best, i) => (wants(i) > wants(best) ? i : best));
    bits[next] = (bits[next] ?? 0) + step;
  }
  return bits;
}

describe("on embeddings of SciFact", () => {
  let rows: Float32Array;
  let sample: Float32Array;
  let unseen: Float32Array;
  let eigen: SpectralRotation;
  let random: SpectralRotation;
  const d = 384;

  beforeAll(async () => {
    rows = parseNpy(readFileSync(join(DATA_FOLDER, "documents.f16.npy"))).values;
    [sample, unseen] = [rows.slice(0, 3000 * d), rows.slice(3000 * d, 5000 * d)];
    eigen = await calibrated({ data: sample, dims: [3000, d] });
    // The eigenvectors of Gaussian noise are a random basis; in it, the sample's energies in descending order.
    const basis = await calibrated({ data: gaussian(2 * d, d, 1), dims: [2 * d, d] });
    const rotated = await basis.rotate({ data: sample, dims: [3000, d] });
    const energies = Array.from({ length: d }, (_, j) => {
      let energy = 0;
      for (let r = 0; r < 3000; r++) energy += (rotated[r * d + j] ?? 0) ** 2 / 3000;
      return energy;
    });
    const order = energies.map((_, j) => j).sort((a, b) => (energies[b] ?? 0) - (energies[a] ?? 0));
    const rotationMatrix = Float32Array.from(
      { length: d * d },
      (_, i) => basis.rotationMatrix[i - (i % d) + (order[i % d] ?? 0)] ?? 0,
    );
    const eigenvalues = order.map((j) => energies[j] ?? 0);
    random = new SpectralRotation({ rotationMatrix, eigenvalues, headDim: d, layerName: "random" });
  });

  const splits: Settings[] = [
    {},
    { signalDims: 48 },
    { signalDims: 96, signalBits: 4, noiseBits: 0 },
    { signalDims: 48, signalBits: 4, noiseBits: 2 },
    { signalDims: 192, signalBits: 5, noiseBits: 3 },
    { signalBits: 3, noiseBits: 3 },
  ];

  it.each(splits)("water-filled bits never reconstruct worse than the split %o at the same total", async (settings) => {
    for (const fitted of [undefined, sample]) {
      const split = await meanError(eigen, settings, unseen, fitted);
      const filled = await meanError(eigen, { ...settings, useWaterFilling: true }, unseen, fitted);
      expect(filled).toBeLessThanOrEqual(split);
    }
  });

  it.each(splits.slice(0, 5))("the eigenbasis never reconstructs worse than a random one with %o", async (settings) => {
    const split = { signalDims: 1, ...settings };
    for (const each of [split, { ...split, useWaterFilling: true }]) {
      expect(await meanError(eigen, each, unseen)).toBeLessThanOrEqual(await meanError(random, each, unseen));
    }
  });

  it("calibrated codebooks code vectors that they never saw better than the Gaussian ones", async () => {
    for (const settings of splits) {
      expect(await meanError(eigen, settings, unseen, sample)).toBeLessThan(await meanError(eigen, settings, unseen));
    }
  });

  it("water-filled bits distort less than bits in proportion to the eigenvalues", () => {
    const distortion = (bits: number[]) =>
      eigen.eigenvalues.reduce((sum, value, i) => sum + value * 4 ** -(bits[i] ?? 0), 0);
    for (const average of [1, 1.5, 2, 3, 4, 6]) {
      for (const minBits of [0, 1]) {
        const filled = distortion(waterFillBits(eigen.eigenvalues, average, { minBits, maxBits: 8 }));
        const proportional = distortion(proportionalBits(eigen.eigenvalues, average * d, minBits, 8));
        expect(filled).toBeLessThanOrEqual(proportional);
        if (average > minBits) expect(filled).toBeLessThan(0.9 * proportional);
      }
    }
  });
});
