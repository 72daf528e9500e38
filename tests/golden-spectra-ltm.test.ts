import { readFileSync } from "node:fs";
import { SpectralEncoder, SpectralIndex } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { loadKernel } from "../packages/core/src/kernel/load.js";

const kernel = await loadKernel(undefined);

interface Hits {
  readonly ids: number[];
  readonly score_bits: number[];
}

interface Case {
  readonly name: string;
  readonly dim: number;
  readonly top_k: number;
  readonly mag_bits: number;
  readonly phase_bits: number;
  readonly norm_bits: number;
  readonly codebook_checksum: number;
  readonly idx: number[];
  readonly mag_q: number[];
  readonly phase_q: number[];
  readonly norm_q: number[];
  readonly decoded_bits: number[];
  readonly asymmetric: Hits;
  readonly symmetric: Hits;
}

const { cases } = JSON.parse(readFileSync(new URL("./golden/spectra-ltm.json", import.meta.url), "utf8")) as {
  readonly cases: Case[];
};

/** The rows that the file's comment describes. */
function rows(n: number, dim: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: n * dim }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return ((state / 2 ** 32 - 0.5) * (1 + Math.floor(i / dim))) / (1 + (i % dim));
  });
}

function bits(values: Float32Array): number[] {
  return Array.from(new Uint32Array(values.slice().buffer));
}

describe.each(cases)("SpectraLTM's encoder with $name", (golden) => {
  const { dim, top_k: topK, mag_bits: magBits, phase_bits: phaseBits, norm_bits: normBits } = golden;
  const encoder = new SpectralEncoder({ dim, topK, magBits, phaseBits, normBits });
  const sample = rows(60, dim, 3);
  const given = rows(20, dim, 1).fill(0, 0, dim);

  it("finds the golden grids", async () => {
    const spec = { codec: "fourier", topK, magBits, phaseBits, normBits } as const;
    const codebook = await kernel.fit(spec, "cosine", dim, normBits === 0 ? kernel.toUnit(sample, dim) : sample);
    expect(kernel.checksum(codebook)).toBe(golden.codebook_checksum);
  });

  it("makes the golden codes, which decode to the golden rows", async () => {
    await encoder.calibrate(sample);
    const codes = await encoder.encode(given);
    expect(Array.from(codes.idx)).toEqual(golden.idx);
    expect(Array.from(codes.magQ)).toEqual(golden.mag_q);
    expect(Array.from(codes.phaseQ)).toEqual(golden.phase_q);
    expect(Array.from(codes.normQ)).toEqual(golden.norm_q);
    expect(bits((await encoder.decode(codes)).subarray(0, 2 * dim))).toEqual(golden.decoded_bits);
  });

  it.each(["asymmetric", "symmetric"] as const)("gives the golden ranking by %s scores", async (scoring) => {
    await encoder.calibrate(sample);
    const index = new SpectralIndex(encoder, { scoring });
    await index.addEmbeddings(given);
    const { ids, scores } = await index.search(rows(1, dim, 2), 5);
    expect(Array.from(ids)).toEqual(golden[scoring].ids);
    expect(bits(scores)).toEqual(golden[scoring].score_bits);
  });
});
