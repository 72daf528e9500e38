import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadKernel } from "../packages/core/src/kernel/load.js";
import type { Metric } from "../packages/core/src/types.js";

const kernel = await loadKernel(undefined);

interface Case {
  readonly name: string;
  readonly metric: number;
  readonly symmetric: boolean;
  readonly codebook: number[];
  readonly coordinate_bits: number[];
  readonly codes: number[];
  readonly decoded_bits: number[];
  readonly ranking: number[];
  readonly score_bits: number[];
}

const golden = JSON.parse(readFileSync(new URL("./golden/codecs.json", import.meta.url), "utf8")) as {
  readonly dim: number;
  readonly cases: Case[];
};
const { dim } = golden;
const ROWS = 70;
const METRICS: Metric[] = ["cosine", "dot", "euclidean"];

/** The rows that the file's comment describes. */
function rows(n: number, seed: number): Float32Array {
  let state = seed;
  const out = Float32Array.from({ length: n * dim }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) / (1 + (i % dim));
  });
  return kernel.toUnit(out, dim);
}

function bits(values: Float32Array): number[] {
  return Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length));
}

describe.each(golden.cases)("the golden vectors of $name", (golden) => {
  const codec = kernel.codec(Uint8Array.from(golden.codebook));
  const partition = kernel.partition(dim, METRICS[golden.metric] ?? "cosine");
  const numbers = Uint32Array.from({ length: ROWS }, (_, row) => row);

  it("are the codes that rows are encoded to", async () => {
    expect(Array.from(await codec.encode(rows(ROWS, 1)))).toEqual(golden.codes);
  });

  it("are the bits that each coordinate gets", () => {
    expect(bits(codec.coordinateBits())).toEqual(golden.coordinate_bits);
  });

  it("are the vectors, the ranking and the scores of those codes, to the bit", async () => {
    partition.setBlock(0, codec, numbers, Uint8Array.from(golden.codes), new Uint8Array(9).fill(255));
    const decoded = [0, 1].flatMap((row) => bits(partition.decode(0, row)));
    expect(decoded).toEqual(golden.decoded_bits);
    const queries = rows(1, 2);
    const three = Float32Array.of(...rows(1, 3), ...queries, ...rows(1, 4));
    const request = { hot: 0, cold: 10, symmetric: golden.symmetric };
    const [alone] = await partition.search({ ...request, queries });
    const [, among] = await partition.search({ ...request, queries: three });
    for (const found of [alone, among]) {
      expect(Array.from(found?.coldRows ?? [])).toEqual(golden.ranking);
      expect(bits(found?.coldScores ?? new Float32Array())).toEqual(golden.score_bits);
    }
  });
});
