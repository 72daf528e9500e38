import { SpectralCodes, SpectralEncoder, type SpectralEncoderOptions, ThermoclineError } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { examplesOf, runExample } from "./support/examples.js";
import { vectors } from "./support/synthetic.js";

async function calibrated(options: SpectralEncoderOptions, sample: readonly ArrayLike<number>[]) {
  const encoder = new SpectralEncoder(options);
  await encoder.calibrate(sample);
  return encoder;
}

function flat(rows: readonly Float32Array[]): Float32Array {
  return Float32Array.from(rows.flatMap((row) => Array.from(row)));
}

/** Mean distance of rows from their decoded ones, each over the row's length. */
async function decodeError(encoder: SpectralEncoder, rows: readonly Float32Array[]): Promise<number> {
  const decoded = await encoder.decode(await encoder.encode(rows));
  const errors = rows.map((row, n) => {
    const off = Math.hypot(...row.map((x, i) => x - (decoded[n * encoder.dim + i] ?? Number.NaN)));
    return off / Math.hypot(...row);
  });
  return errors.reduce((sum, error) => sum + error, 0) / rows.length;
}

async function refusal(call: Promise<unknown> | (() => unknown), code: string, message: RegExp): Promise<void> {
  const error = await (async () => (typeof call === "function" ? call() : call))().then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(ThermoclineError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
}

describe("the codes of an encoder", () => {
  it.each([
    [8, 24],
    [32, 96],
    [64, 192],
  ])("take at dim 384 and %i bins the published %i bytes, and one for the norm", async (topK, published) => {
    const rows = vectors(5, 384);
    const codes = await (await calibrated({ dim: 384, topK }, rows)).encode(rows);
    expect(codes.bytesPerChunk).toBe(published + 1);
    expect(codes.idx.byteLength + codes.magQ.byteLength + codes.phaseQ.byteLength).toBe(5 * published);
    const bare = await calibrated({ dim: 384, topK, normBits: 0 }, rows);
    expect((await bare.encode(rows)).bytesPerChunk).toBe(published);
  });

  it("are batch first, in bytes where the numbers fit bytes and in 16 bits where not", async () => {
    const narrow = await (await calibrated({ dim: 511, topK: 7 }, vectors(3, 511))).encode(vectors(3, 511));
    expect([narrow.length, narrow.topK, narrow.idx.length, narrow.normQ.length]).toEqual([3, 7, 21, 3]);
    for (const name of ["idx", "magQ", "phaseQ", "normQ"] as const) expect(narrow[name]).toBeInstanceOf(Uint8Array);
    const options = { dim: 512, topK: 7, magBits: 9, phaseBits: 16, normBits: 12 };
    const wide = await (await calibrated(options, vectors(3, 512))).encode(vectors(3, 512));
    for (const name of ["idx", "magQ", "phaseQ", "normQ"] as const) expect(wide[name]).toBeInstanceOf(Uint16Array);
    expect(wide.bytesPerChunk).toBe(7 * 6 + 2);
  });

  it("are the same for vectors in one flat array and in an array each, of any numeric type", async () => {
    const rows = vectors(9, 30);
    const encoder = await calibrated({ dim: 30, topK: 4 }, rows);
    const codes = await encoder.encode(flat(rows));
    expect(codes.length).toBe(9);
    expect(await encoder.encode(rows)).toEqual(codes);
    expect(await encoder.encode(rows.map((row) => Array.from(row)))).toEqual(codes);
    expect(await encoder.encode(Array.from(flat(rows)))).toEqual(codes);
    expect(await encoder.encode(Float64Array.from(flat(rows)))).toEqual(codes);
  });

  it("of many slices are those of each vector alone", async () => {
    const rows = vectors(4_500, 6);
    const encoder = await calibrated({ dim: 6, topK: 2 }, rows);
    const codes = await encoder.encode(rows);
    const decoded = await encoder.decode(codes);
    for (const row of [0, 4_095, 4_096, 4_499]) {
      const one = await encoder.encode(rows[row] as Float32Array);
      expect(Array.from(one.idx)).toEqual(Array.from(codes.idx.subarray(2 * row, 2 * row + 2)));
      expect(Array.from(one.phaseQ)).toEqual(Array.from(codes.phaseQ.subarray(2 * row, 2 * row + 2)));
      expect(await encoder.decode(one)).toEqual(decoded.subarray(6 * row, 6 * row + 6));
    }
  });

  it("are none for no vectors", async () => {
    const encoder = await calibrated({ dim: 4, topK: 2 }, vectors(3, 4));
    const codes = await encoder.encode([]);
    expect([codes.length, codes.bytesPerChunk, encoder.bytesPerChunk]).toEqual([0, 0, 7]);
    expect(await encoder.decode(codes)).toEqual(new Float32Array(0));
  });

  it("are ascending bins and levels within their bits", async () => {
    const options = fc.record({
      dim: fc.integer({ min: 1, max: 40 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      magBits: fc.integer({ min: 1, max: 16 }),
      phaseBits: fc.integer({ min: 1, max: 16 }),
      normBits: fc.integer({ min: 0, max: 16 }),
      seed: fc.nat(),
    });
    const check = fc.asyncProperty(options, async ({ share, seed, ...bits }) => {
      const { dim, magBits, phaseBits, normBits } = bits;
      const topK = 1 + Math.floor(share * Math.floor(dim / 2));
      const encoder = await calibrated({ ...bits, topK }, vectors(6, dim, seed));
      const codes = await encoder.encode([...vectors(5, dim, seed + 1), new Float32Array(dim)]);
      expect(codes.bytesPerChunk).toBe(encoder.bytesPerChunk);
      for (let row = 0; row < 6; row++) {
        const idx = Array.from(codes.idx.subarray(row * topK, (row + 1) * topK));
        expect(idx).toEqual([...new Set(idx)].sort((a, b) => a - b));
        expect(Math.max(...idx)).toBeLessThanOrEqual(Math.floor(dim / 2));
      }
      expect(Math.max(...codes.magQ)).toBeLessThan(2 ** magBits);
      expect(Math.max(...codes.phaseQ)).toBeLessThan(2 ** phaseBits);
      expect(Math.max(0, ...codes.normQ)).toBeLessThan(2 ** normBits);
      expect((await encoder.decode(codes)).every(Number.isFinite)).toBe(true);
    });
    await fc.assert(check, { numRuns: 60 });
  });
});

describe("decoding", () => {
  it.each([1, 2, 3, 4, 31, 97, 100, 384])(
    "gives all bins with 16 bits back to the grids' precision at dim %i",
    async (dim) => {
      const rows = vectors(20, dim, dim);
      const options = { dim, topK: Math.floor(dim / 2) + 1, magBits: 16, phaseBits: 16, normBits: 16 };
      expect(await decodeError(await calibrated(options, rows), rows)).toBeLessThan(2e-4);
    },
  );

  it("errs less with more bins, and with more bits", async () => {
    const seeds = fc.record({ seed: fc.nat(), dim: fc.integer({ min: 16, max: 70 }) });
    const check = fc.asyncProperty(seeds, async ({ seed, dim }) => {
      const rows = vectors(12, dim, seed);
      const of = async (options: Omit<SpectralEncoderOptions, "dim">) =>
        decodeError(await calibrated({ dim, ...options }, rows), rows);
      const all = Math.floor(dim / 2) + 1;
      const bins = [await of({ topK: 2 }), await of({ topK: 6 }), await of({ topK: all })];
      expect(bins).toEqual([...bins].sort((a, b) => b - a));
      for (const name of ["magBits", "phaseBits", "normBits"] as const) {
        const most = { topK: all, magBits: 16, phaseBits: 16, normBits: 16 };
        const bits = [
          await of({ ...most, [name]: 2 }),
          await of({ ...most, [name]: 5 }),
          await of({ ...most, [name]: 12 }),
        ];
        expect(bits, name).toEqual([...bits].sort((a, b) => b - a));
      }
    });
    await fc.assert(check, { numRuns: 25 });
  });

  it("keeps lengths that are orders of magnitude apart", async () => {
    const rows = vectors(40, 24).map((row, n) => row.map((x) => x * 10 ** ((n % 9) - 4)));
    const encoder = await calibrated({ dim: 24, topK: 13 }, rows);
    expect(await decodeError(encoder, rows)).toBeLessThan(0.05);
  });

  it("gives zeros for zeros, and a constant vector by one bin", async () => {
    const encoder = await calibrated({ dim: 9, topK: 1 }, [new Float32Array(9).fill(3), new Float32Array(9).fill(-5)]);
    const codes = await encoder.encode([new Float32Array(9), new Float32Array(9).fill(-5)]);
    expect(Array.from(codes.idx)).toEqual([0, 0]);
    const decoded = await encoder.decode(codes);
    expect(Array.from(decoded.subarray(0, 9))).toEqual(new Array(9).fill(0));
    for (const x of decoded.subarray(9)) expect(x).toBeCloseTo(-5, 4);
  });

  it("of a sample of zeros is finite", async () => {
    const encoder = await calibrated({ dim: 5, topK: 2 }, [new Float32Array(5)]);
    const decoded = await encoder.decode(await encoder.encode([new Float32Array(5), Float32Array.of(1, 2, 3, 4, 5)]));
    expect(decoded.every(Number.isFinite)).toBe(true);
  });

  it("without coded norms gives vectors of length 1", async () => {
    const rows = vectors(10, 16).map((row, n) => row.map((x) => x * (n + 1)));
    const encoder = await calibrated({ dim: 16, topK: 9, normBits: 0 }, rows);
    const decoded = await encoder.decode(await encoder.encode(rows));
    for (let row = 0; row < 10; row++) {
      expect(Math.hypot(...decoded.subarray(row * 16, row * 16 + 16))).toBeCloseTo(1, 5);
    }
  });
});

describe("an encoder refuses", () => {
  const sample = vectors(5, 8);

  it("options out of range", async () => {
    await refusal(() => new SpectralEncoder({ dim: 0, topK: 1 }), "ARGUMENT", /dim is 0; give .* from 1 to 65536/);
    await refusal(
      () => new SpectralEncoder({ dim: 8, topK: 6 }),
      "ARGUMENT",
      /At 8 dimensions topK is 6; give .* 1 to 5/,
    );
    await refusal(() => new SpectralEncoder({ dim: 8, topK: 0 }), "ARGUMENT", /topK is 0/);
    for (const magBits of [0, 17, 1.5]) {
      await refusal(() => new SpectralEncoder({ dim: 8, topK: 1, magBits }), "ARGUMENT", /magBits is .* from 1 to 16/);
    }
    await refusal(() => new SpectralEncoder({ dim: 8, topK: 1, phaseBits: 17 }), "ARGUMENT", /phaseBits is 17/);
    await refusal(() => new SpectralEncoder({ dim: 8, topK: 1, normBits: -1 }), "ARGUMENT", /normBits is -1/);
    await refusal(() => new SpectralEncoder(undefined as never), "ARGUMENT", /give \{ dim, topK \}/);
  });

  it("work before it is calibrated, and says what to do", async () => {
    const encoder = new SpectralEncoder({ dim: 8, topK: 2 });
    await refusal(encoder.encode(sample), "ARGUMENT", /not calibrated.*await encoder\.calibrate\(sample\)/);
    const codes = await (await calibrated({ dim: 8, topK: 2 }, sample)).encode(sample);
    await refusal(encoder.decode(codes), "ARGUMENT", /not calibrated/);
  });

  it("what are no finite vectors of its dimension, and stays as it was", async () => {
    const encoder = await calibrated({ dim: 8, topK: 2 }, sample);
    const before = await encoder.encode(sample);
    for (const call of [(x: never) => encoder.encode(x), (x: never) => encoder.calibrate(x)]) {
      const bad = (x: unknown) => call(x as never);
      await refusal(bad(new Float32Array(12)), "DIMENSION", /has 12 numbers, but whole vectors of 8/);
      await refusal(bad([...sample, [1, 2]]), "DIMENSION", /Vector 5 of .* has 2 numbers, but the encoder's dim is 8/);
      await refusal(bad([Float32Array.of(1, 2, 3, 4, 5, 6, 7, Number.NaN)]), "NOT_FINITE", /Vector 0 of .* NaN/);
      await refusal(bad(new Float32Array(16).fill(Number.POSITIVE_INFINITY)), "NOT_FINITE", /Vector 0 of/);
      await refusal(bad([[1, 2, 3, 4, 5, 6, 7, null]]), "NOT_FINITE", /has null at 7/);
      await refusal(bad(new Array(8).fill(1e30)), "NOT_FINITE", /length/);
      await refusal(bad("text"), "ARGUMENT", /is "text"/);
      await refusal(bad([[1, 2, 3, 4, 5, 6, 7, 8], 7]), "ARGUMENT", /Vector 1 of .* is 7/);
    }
    await refusal(encoder.calibrate([]), "ARGUMENT", /no vectors/);
    expect(await encoder.encode(sample)).toEqual(before);
  });

  it("codes that it cannot have made", async () => {
    const encoder = await calibrated({ dim: 8, topK: 2, magBits: 4 }, sample);
    const { topK, idx, magQ, phaseQ, normQ } = await encoder.encode(sample);
    const decode = (changes: object) =>
      encoder.decode(new SpectralCodes({ topK, idx, magQ, phaseQ, normQ, ...changes }));
    await refusal(decode({ idx: idx.with(1, 5) }), "ARGUMENT", /idx of row 0 holds 5/);
    await refusal(decode({ idx: idx.with(2, 4).with(3, 4) }), "ARGUMENT", /idx of row 1 holds 4, where 5 to 4/);
    await refusal(decode({ magQ: magQ.with(9, 16) }), "ARGUMENT", /magQ of row 4 holds 16, where 0 to 15/);
    await refusal(decode({ normQ: new Uint8Array(0) }), "ARGUMENT", /0 of normQ a row/);
    await refusal(
      decode({ topK: 1, normQ: new Uint8Array(10) }),
      "ARGUMENT",
      /1 of idx a row, but this encoder makes 2/,
    );
    await refusal(encoder.decode({} as never), "ARGUMENT", /codes is an object/);
    await refusal(() => decode({ magQ: new Uint8Array(3) }), "ARGUMENT", /magQ 3/);
    await refusal(() => decode({ idx: [1, 2] }), "ARGUMENT", /idx is an array/);
  });
});

describe("the examples of the docstrings", () => {
  it.each([...examplesOf("spectral/spectral-encoder.ts"), ...examplesOf("spectral/spectral-codes.ts")])(
    "print what they say: %s",
    async (code) => {
      const { printed, promised } = await runExample(code);
      expect(printed).toEqual(promised);
    },
  );

  it("are found", () => {
    expect(examplesOf("spectral/spectral-encoder.ts")).toHaveLength(4);
    expect(examplesOf("spectral/spectral-codes.ts")).toHaveLength(1);
  });
});
