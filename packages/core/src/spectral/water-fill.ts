import { ThermoclineError } from "../errors.js";
import { validSpectrum } from "./spectrum.js";

/** Bounds of `waterFillBits`, whole numbers with 0 ≤ minBits ≤ maxBits ≤ 32. */
export interface WaterFillOptions {
  /** Least bits a dimension. Default 1. */
  readonly minBits?: number;
  /** Most bits a dimension. Default 8. */
  readonly maxBits?: number;
}

function refuse(what: string): never {
  throw new ThermoclineError("ARGUMENT", what);
}

/**
 * Whole bits for each dimension whose variances are `eigenvalues`, with the least distortion Σ λᵢ·4^(-bᵢ) that their
 * total of round(d · targetAvgBits) allows. Each next bit goes where it takes away most, which is optimal since what a
 * dimension's bits take away falls from bit to bit. From SpectralQuant, whose package ships bits proportional to λ instead.
 *
 * @param eigenvalues - d finite numbers, not negative, in any order; the bits come in the same order
 * @param targetAvgBits - mean bits a dimension, between minBits and maxBits
 * @throws `ARGUMENT` for bad eigenvalues or a budget outside the bounds
 * @example
 * waterFillBits([16, 4, 1, 1], 2, { minBits: 1, maxBits: 8 }); // [3, 2, 2, 1]
 */
export function waterFillBits(
  eigenvalues: ArrayLike<number>,
  targetAvgBits: number,
  options: WaterFillOptions = {},
): number[] {
  const values = validSpectrum(eigenvalues);
  const { minBits = 1, maxBits = 8 } = options;
  const whole = Number.isInteger(minBits) && Number.isInteger(maxBits);
  if (!whole || minBits < 0 || maxBits < minBits || maxBits > 32) {
    refuse(`minBits is ${minBits} and maxBits ${maxBits}; give whole numbers with 0 ≤ minBits ≤ maxBits ≤ 32.`);
  }
  if (!(targetAvgBits >= minBits && targetAvgBits <= maxBits)) {
    refuse(`targetAvgBits is ${targetAvgBits}; give a number from minBits, ${minBits}, to maxBits, ${maxBits}.`);
  }
  const bits = values.map(() => minBits);
  let left = Math.round(values.length * targetAvgBits) - values.length * minBits;
  // Each level is what the bit after so many takes away, over ¾: the dimensions' own order keeps ties stable.
  const levels = values.flatMap((value, dimension) =>
    Array.from({ length: maxBits - minBits }, (_, bit) => ({ dimension, bit, level: value * 4 ** -(minBits + bit) })),
  );
  levels.sort((a, b) => b.level - a.level || a.bit - b.bit || a.dimension - b.dimension);
  for (const { dimension } of levels) {
    if (left === 0) break;
    bits[dimension] = (bits[dimension] ?? 0) + 1;
    left -= 1;
  }
  return bits;
}
