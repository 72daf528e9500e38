import type { SpectralRotation } from "@thermocline/core";

/** (1/n) Σ x·xᵀ over the rows, row after row. */
export function secondMoment(rows: readonly ArrayLike<number>[]): number[] {
  const dim = rows[0]?.length ?? 0;
  const moment = new Array<number>(dim * dim).fill(0);
  for (const row of rows) {
    for (let i = 0; i < dim * dim; i++) moment[i]! += (row[Math.floor(i / dim)]! * row[i % dim]!) / rows.length;
  }
  return moment;
}

/** The second moment that a rotation stands for, R·diag(λ)·Rᵀ, row after row. */
export function spanned({ rotationMatrix, eigenvalues, headDim }: SpectralRotation): number[] {
  return Array.from({ length: headDim * headDim }, (_, at) => {
    const [i, j] = [Math.floor(at / headDim), at % headDim];
    let sum = 0;
    for (let k = 0; k < headDim; k++) {
      sum += rotationMatrix[i * headDim + k]! * eigenvalues[k]! * rotationMatrix[j * headDim + k]!;
    }
    return sum;
  });
}
