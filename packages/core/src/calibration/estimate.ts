/** A share in [0, 1] that was measured on a sample of queries, with its 95 % confidence interval. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Two-sided 95 % of a normal distribution. */
const Z = 1.959_964;

/**
 * The mean of shares that each come from `trials` yes-or-no outcomes, with Wilson's interval (1927) at the effective
 * number of outcomes, p(1 - p) over the measured variance of the mean, as surveys of clusters have it (Franco et al.
 * 2019): outcomes of one query resemble each other. Unlike a bootstrap it needs no random numbers, and it does not
 * shrink to a point where every query got everything right.
 */
export function estimateOf(shares: readonly number[], trials: number): Estimate {
  const m = shares.length;
  const mean = shares.reduce((sum, share) => sum + share, 0) / m;
  const squares = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0);
  const variance = m > 1 ? squares / (m - 1) / m : 0;
  // At least one outcome a query, at most all of them.
  const n = variance > 0 ? Math.min(Math.max((mean * (1 - mean)) / variance, m), m * trials) : m * trials;
  const centre = (mean + (Z * Z) / (2 * n)) / (1 + (Z * Z) / n);
  const half = (Z / (1 + (Z * Z) / n)) * Math.sqrt((mean * (1 - mean)) / n + (Z * Z) / (4 * n * n));
  return { mean, low: Math.max(0, Math.min(mean, centre - half)), high: Math.min(1, Math.max(mean, centre + half)) };
}
