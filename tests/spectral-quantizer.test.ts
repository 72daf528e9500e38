import { type Codebooks, SpectralQuantizer, SpectralRotation } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { codeOf } from "./support/error-code.js";
import { calibrated, gaussian, meanError } from "./support/quantising.js";
import { lcg } from "./support/synthetic.js";

/** Max (1960): mean squared errors of 1 to 4 bits for N(0, 1). */
const LLOYD_MAX = [0.3634, 0.1175, 0.03454, 0.009497];

function identity(eigenvalues: readonly number[]): SpectralRotation {
  const headDim = eigenvalues.length;
  const rotationMatrix = Float32Array.from({ length: headDim ** 2 }, (_, i) => (i % (headDim + 1) === 0 ? 1 : 0));
  return new SpectralRotation({ rotationMatrix, eigenvalues, headDim, layerName: "identity" });
}

describe("a spectral quantiser", () => {
  it("splits at the spectral gap, 4 bits before it and 1 after, in whole bytes a vector", () => {
    const quantizer = new SpectralQuantizer({ rotation: identity([9, 8, 1, 0.5]) });
    expect(quantizer).toMatchObject({ signalDims: 2, bits: [4, 4, 1, 1], bitsPerVector: 10, bytesPerVector: 2 });
    const wide = new SpectralQuantizer({ rotation: identity([9, 8, 1, 0.5]), signalDims: 3, noiseBits: 0 });
    expect(wide).toMatchObject({ signalDims: 3, bits: [4, 4, 4, 0], bitsPerVector: 12 });
    expect(new SpectralQuantizer({ rotation: identity([2]) }).bits).toEqual([4]);
  });

  it("fills the same total as water would, if asked to", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 8 }),
        (values, signalBits, noiseBits) => {
          fc.pre(signalBits > 0);
          const settings = { rotation: identity(values.sort((a, b) => b - a)), signalBits, noiseBits };
          const split = new SpectralQuantizer(settings);
          const filled = new SpectralQuantizer({ ...settings, useWaterFilling: true });
          expect(filled.bits.reduce((sum, each) => sum + each, 0)).toBe(split.bitsPerVector);
          expect(filled.bitsPerVector).toBe(split.bitsPerVector);
          expect(filled.bits.every((each) => each >= 0 && each <= 8)).toBe(true);
        },
      ),
    );
  });

  it("packs level numbers lowest bits first", async () => {
    const quantizer = new SpectralQuantizer({
      rotation: identity([9, 4, 1]),
      signalBits: 3,
      noiseBits: 2,
      signalDims: 2,
    });
    // Levels of 3 bits: the third from above, 5, and the lowest, 0; of 2 bits: the highest, 3.
    const codes = await quantizer.encode([[3 * 0.756, 2 * -9, 9]]);
    expect(Array.from(codes)).toEqual([5 | (0 << 3) | (3 << 6)]);
    const [first, second, third] = await quantizer.decode(codes);
    expect(first).toBeCloseTo(3 * 0.756, 2);
    expect(second).toBeCloseTo(2 * -2.152, 2);
    expect(third).toBeCloseTo(1.51, 2);
  });

  it("errs on Gaussian vectors as Lloyd and Max foretell", async () => {
    const [n, d] = [20_000, 8];
    const data = gaussian(n, d, 7);
    const rotation = identity(new Array<number>(d).fill(1));
    for (const [i, expected] of LLOYD_MAX.entries()) {
      const error = (await meanError(rotation, { signalBits: i + 1, noiseBits: i + 1 }, data)) / d;
      expect(error / expected).toBeGreaterThan(0.97);
      expect(error / expected).toBeLessThan(1.03);
    }
    const high = await Promise.all(
      [6, 7, 8].map((bits) => meanError(rotation, { signalBits: bits, noiseBits: bits }, data)),
    );
    for (const [i, error] of high.slice(1).entries()) {
      expect((high[i] ?? 0) / error).toBeGreaterThan(3.6);
      expect((high[i] ?? 0) / error).toBeLessThan(4.2);
    }
  });

  it("learns codebooks from a sample, which hold its shape better than a Gaussian's", async () => {
    const next = lcg(3);
    const data = Float32Array.from({ length: 4000 }, () => (next() > 0.4 ? 3 : -1) + 0.01 * next());
    const square = data.reduce((sum, x) => sum + x * x, 0) / data.length;
    const rotation = identity(new Array<number>(4).fill(square));
    const settings = { signalBits: 2, noiseBits: 2 };
    const fitted = await meanError(rotation, settings, data, data);
    expect(fitted).toBeLessThan(0.01 * (await meanError(rotation, settings, data)));
  });

  it("decodes with stored codebooks what it coded after calibration", async () => {
    const data = gaussian(500, 6, 5).map((x) => Math.sign(x) * x * x);
    const vectors = { data, dims: [500, 6] };
    const rotation = await calibrated(vectors);
    const first = new SpectralQuantizer({ rotation, useWaterFilling: true });
    const before = await first.codebooks();
    await first.calibrate(vectors);
    const codebooks = await first.codebooks();
    expect(codebooks).not.toEqual(before);
    expect([...codebooks].map(([bits, levels]) => levels.length === 2 ** bits)).not.toContain(false);
    const second = new SpectralQuantizer({ rotation, useWaterFilling: true, codebooks });
    const codes = await first.encode(vectors);
    expect(await second.encode(vectors)).toEqual(codes);
    expect(await second.decode(codes)).toEqual(await first.decode(codes));
    expect(await second.codebooks()).toEqual(codebooks);
  });

  it("codes the same in one call and in many, and more vectors than one block holds", async () => {
    const [n, d] = [20_000, 16];
    const data = gaussian(n, d, 11);
    const quantizer = new SpectralQuantizer({ rotation: identity(new Array<number>(d).fill(1)), noiseBits: 3 });
    const codes = await quantizer.encode({ data, dims: [n, d] });
    const { bytesPerVector } = quantizer;
    const decoded = await quantizer.decode(codes);
    for (const row of [0, 1, 16_383, 16_384, n - 1]) {
      const alone = await quantizer.encode([data.subarray(row * d, (row + 1) * d)]);
      expect(alone).toEqual(codes.slice(row * bytesPerVector, (row + 1) * bytesPerVector));
      expect(await quantizer.decode(alone)).toEqual(decoded.slice(row * d, (row + 1) * d));
    }
    expect(await quantizer.decode(new Uint8Array(0))).toEqual(new Float32Array(0));
  });

  it("never gives NaN, whatever it was calibrated on", async () => {
    const component = fc.oneof(
      fc.constantFrom(0, 1e-45, -1e-40, 1e-20, 1e36, -1e36),
      fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
    );
    const rows = fc
      .integer({ min: 1, max: 6 })
      .chain((d) => fc.array(fc.array(component, { minLength: d, maxLength: d }), { minLength: 1, maxLength: 8 }));
    await fc.assert(
      fc.asyncProperty(rows, fc.boolean(), fc.boolean(), async (vectors, useWaterFilling, fitted) => {
        const quantizer = new SpectralQuantizer({ rotation: await calibrated(vectors), useWaterFilling });
        if (fitted) await quantizer.calibrate(vectors);
        const decoded = await quantizer.decode(await quantizer.encode(vectors));
        expect(decoded.every(Number.isFinite)).toBe(true);
        const any = await quantizer.decode(new Uint8Array(quantizer.bytesPerVector).fill(0xa7));
        expect(any.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it("gives constant vectors back, and zeros for a spectrum of zeros", async () => {
    const constant = new Array<number[]>(20).fill([3, -4, 12]);
    const rotation = await calibrated(constant);
    const quantizer = new SpectralQuantizer({ rotation });
    await quantizer.calibrate(constant);
    const decoded = await quantizer.decode(await quantizer.encode(constant));
    for (const [i, x] of decoded.entries()) expect(x).toBeCloseTo([3, -4, 12][i % 3] ?? 0, 4);
    const zeros = new SpectralQuantizer({ rotation: await calibrated([[0, 0]]) });
    expect(Array.from(await zeros.decode(await zeros.encode([[5, 5]])))).toEqual([0, 0]);
  });

  it("refuses options and input that make no sense", async () => {
    const rotation = identity([3, 1]);
    const make = (options: object) => codeOf(() => new SpectralQuantizer({ rotation, ...options }));
    expect(await make({})).toBeUndefined();
    for (const bad of [-1, 9, 1.5, Number.NaN, "4"]) {
      expect(await make({ signalBits: bad })).toBe("ARGUMENT");
      expect(await make({ noiseBits: bad })).toBe("ARGUMENT");
    }
    for (const signalDims of [0, 3, 1.5]) expect(await make({ signalDims })).toBe("ARGUMENT");
    expect(await make({ signalBits: 0, noiseBits: 0 })).toBe("ARGUMENT");
    expect(await make({ rotation: undefined })).toBe("ARGUMENT");
    expect(await make({ signalbits: 4 })).toBe("ARGUMENT");
    expect(await make({ useWaterFilling: 1 })).toBe("ARGUMENT");
    expect(await make({ codebooks: {} })).toBe("ARGUMENT");
    const halves = Float32Array.of(-1, 1);
    const sixteen = Float32Array.from({ length: 16 }, (_, i) => i - 8);
    const books = (...entries: [number, Float32Array][]): Codebooks => new Map(entries);
    expect(await make({ codebooks: books([4, sixteen], [1, halves]) })).toBeUndefined();
    expect(await make({ codebooks: books([4, sixteen]) })).toBe("ARGUMENT");
    expect(await make({ codebooks: books([4, halves], [1, halves]) })).toBe("ARGUMENT");
    for (const levels of [
      [1, -1],
      [0, 17],
      [0, Number.NaN],
      [Number.NaN, 0],
    ]) {
      expect(await make({ codebooks: books([4, sixteen], [1, Float32Array.from(levels)]) })).toBe("ARGUMENT");
    }
    const quantizer = new SpectralQuantizer({ rotation });
    expect(await codeOf(() => quantizer.encode([[1]]))).toBe("DIMENSION");
    expect(await codeOf(() => quantizer.encode([[1, Number.NaN]]))).toBe("NOT_FINITE");
    expect(await codeOf(() => quantizer.encode([]))).toBe("ARGUMENT");
    expect(await codeOf(() => quantizer.calibrate([[1, Number.NaN]]))).toBe("NOT_FINITE");
    const tight = new SpectralQuantizer({ rotation, signalBits: 8, noiseBits: 8 });
    expect(await codeOf(() => tight.decode(new Uint8Array(3)))).toBe("ARGUMENT");
    expect(await codeOf(() => tight.decode([1, 2] as unknown as Uint8Array))).toBe("ARGUMENT");
  });
});
