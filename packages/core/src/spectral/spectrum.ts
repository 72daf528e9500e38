import { ThermoclineError } from "../errors.js";

/** Eigenvalues as numbers, checked: at least one, all finite, none negative. */
export function validSpectrum(eigenvalues: ArrayLike<number>): number[] {
  const values = Array.from(eigenvalues);
  const bad = values.find((value) => typeof value !== "number" || !Number.isFinite(value) || value < 0);
  if (values.length > 0 && bad === undefined) return values;
  const given = values.length === 0 ? "no eigenvalues" : `the eigenvalue ${bad}`;
  throw new ThermoclineError("ARGUMENT", `Given: ${given}. Give one or more finite numbers that are not negative.`);
}

/**
 * How evenly variance is spread over dimensions: (Σλ)² / (d·Σλ²), in [1/d, 1]. 1 for a flat spectrum, 1/d when all variance
 * lies in one dimension; a spectrum of zeros counts as flat. From SpectralQuant.
 *
 * @param eigenvalues - d finite numbers, not negative, in any order
 * @throws `ARGUMENT` for no or bad eigenvalues
 * @example
 * computeParticipationRatio([1, 1, 1, 1]); // 1
 * computeParticipationRatio([1, 0, 0, 0]); // 0.25
 */
export function computeParticipationRatio(eigenvalues: ArrayLike<number>): number {
  const values = validSpectrum(eigenvalues);
  const largest = Math.max(...values);
  if (largest === 0) return 1;
  let sum = 0;
  let squares = 0;
  for (const value of values) {
    // Relative to the largest, squares neither overflow nor vanish.
    const share = value / largest;
    sum += share;
    squares += share * share;
  }
  return (sum * sum) / (values.length * squares);
}

/**
 * Where signal ends and noise begins: the index after the largest drop between consecutive eigenvalues, so the first
 * index of the noise subspace, in [1, d - 1]. Of equally large drops the first counts. From SpectralQuant.
 *
 * @param eigenvalues - two or more finite numbers, not negative, descending
 * @throws `ARGUMENT` for fewer than two, bad or ascending eigenvalues
 * @example
 * computeSpectralGap([9, 8, 1, 0.5]); // 2
 */
export function computeSpectralGap(eigenvalues: ArrayLike<number>): number {
  const values = validSpectrum(eigenvalues);
  if (values.length < 2) {
    throw new ThermoclineError("ARGUMENT", "A single eigenvalue has no gap after it; give two or more.");
  }
  let gap = 1;
  let widest = Number.NEGATIVE_INFINITY;
  for (let i = 1; i < values.length; i++) {
    const drop = (values[i - 1] ?? 0) - (values[i] ?? 0);
    if (drop < 0) {
      throw new ThermoclineError("ARGUMENT", `The eigenvalues rise at index ${i}; give them in descending order.`);
    }
    if (drop > widest) {
      widest = drop;
      gap = i;
    }
  }
  return gap;
}
