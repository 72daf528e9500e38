import { computeParticipationRatio, computeSpectralGap, ThermoclineError, waterFillBits } from "@thermocline/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const eigenvalue = fc.double({ min: 0, max: 1e6, noNaN: true });

function distortion(eigenvalues: readonly number[], bits: readonly number[]): number {
  return eigenvalues.reduce((sum, value, i) => sum + value * 4 ** -(bits[i] ?? 0), 0);
}

describe("the participation ratio", () => {
  it("is 1 for a flat spectrum and 1/d for rank one", () => {
    expect(computeParticipationRatio([3, 3, 3])).toBe(1);
    expect(computeParticipationRatio([0, 7, 0, 0])).toBe(0.25);
    expect(computeParticipationRatio([0, 0])).toBe(1);
    expect(computeParticipationRatio(Float32Array.of(1e-30, 1e-30))).toBe(1);
  });

  it("lies between 1/d and 1", () => {
    fc.assert(
      fc.property(fc.array(eigenvalue, { minLength: 1, maxLength: 50 }), (eigenvalues) => {
        const ratio = computeParticipationRatio(eigenvalues);
        expect(ratio).toBeGreaterThanOrEqual((1 / eigenvalues.length) * (1 - 1e-12));
        expect(ratio).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });
});

describe("the spectral gap", () => {
  it("is the first index after the largest drop", () => {
    expect(computeSpectralGap([9, 8, 1, 0.5])).toBe(2);
    expect(computeSpectralGap([5, 0])).toBe(1);
    expect(computeSpectralGap([3, 2, 1])).toBe(1);
  });

  it("refuses what is not a descending spectrum", () => {
    for (const bad of [[], [1], [1, 2], [1, Number.NaN], [-1, -2], [Number.POSITIVE_INFINITY, 1]]) {
      expect(() => computeSpectralGap(bad)).toThrow(ThermoclineError);
    }
  });
});

describe("water-filled bits", () => {
  const problem = fc.record({
    eigenvalues: fc.array(eigenvalue, { minLength: 1, maxLength: 5 }),
    minBits: fc.integer({ min: 0, max: 2 }),
    span: fc.integer({ min: 0, max: 3 }),
    fill: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  it("spend exactly the budget, keep the bounds, and are never beaten by any other allocation", () => {
    fc.assert(
      fc.property(problem, ({ eigenvalues, minBits, span, fill }) => {
        const maxBits = minBits + span;
        const target = minBits + fill * span;
        const bits = waterFillBits(eigenvalues, target, { minBits, maxBits });
        const total = Math.round(eigenvalues.length * target);
        expect(bits.reduce((sum, b) => sum + b, 0)).toBe(total);
        expect(bits.every((b) => b >= minBits && b <= maxBits)).toBe(true);

        let allocations: number[][] = [[]];
        for (const _ of eigenvalues) {
          allocations = allocations.flatMap((head) =>
            Array.from({ length: span + 1 }, (_, b) => [...head, minBits + b]),
          );
        }
        const allowed = allocations.filter((other) => other.reduce((sum, b) => sum + b, 0) === total);
        const best = Math.min(...allowed.map((other) => distortion(eigenvalues, other)));
        expect(distortion(eigenvalues, bits)).toBeLessThanOrEqual(best * (1 + 1e-12));
      }),
    );
  });

  it("give the published default bounds", () => {
    const bits = waterFillBits([1e12, 1, 1, 1e-12], 4);
    expect(bits[0]).toBe(8);
    expect(bits[3]).toBe(1);
  });

  it("refuse a budget that the bounds cannot hold", () => {
    for (const [target, options] of [
      [9, {}],
      [0.5, {}],
      [Number.NaN, {}],
      [2, { minBits: 3 }],
      [2, { minBits: -1 }],
      [2, { maxBits: 33 }],
      [2, { minBits: 1.5 }],
    ] as const) {
      expect(() => waterFillBits([1, 2], target, options)).toThrow(ThermoclineError);
    }
    expect(() => waterFillBits([], 2)).toThrow(ThermoclineError);
  });
});
