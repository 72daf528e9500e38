import { ThermoclineError } from "../errors.js";
import { Pace } from "../pace.js";
import type { MmrOptions } from "../types.js";
import { type Engine, scored } from "./engine.js";
import { integer, shown } from "./settings.js";

/** How diverse hits are to be, checked. */
export interface Diversity {
  readonly lambda: number;
  readonly fetchK: number;
}

/** Candidates for a few hits, at least: among fewer there is little to choose. */
const CANDIDATES = 20;

export function validDiversity(mmr: MmrOptions, k: number): Diversity {
  const { lambda = 0.5, fetchK = Math.min(Math.max(CANDIDATES, 4 * k), 2 ** 31) } = mmr;
  if (typeof lambda !== "number" || !(lambda >= 0 && lambda <= 1)) {
    throw new ThermoclineError("ARGUMENT", `mmr.lambda is ${shown(lambda)}; give a number from 0 to 1.`);
  }
  return { lambda, fetchK: integer("mmr.fetchK", fetchK, k, 2 ** 31) };
}

/**
 * Places of up to `k` candidates by maximal marginal relevance (Carbonell and Goldstein 1998), in the order of their choice: each has
 * the greatest λ·score - (1 - λ)·(similarity to the most similar one chosen before). One without a vector counts as similar as the least
 * similar of the others. `scores` descend; ties go to the first.
 */
export async function diversify(
  engine: Engine,
  candidates: readonly (Float32Array | undefined)[],
  scores: readonly number[],
  k: number,
  { lambda }: Diversity,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const dim = candidates.find((vector) => vector !== undefined)?.length ?? 0;
  const rows = new Float32Array(candidates.length * dim);
  for (const [i, vector] of candidates.entries()) if (vector) rows.set(scored(engine, vector, dim), i * dim);
  const pace = new Pace(signal);
  // Of those with a vector; undefined until one of those has been chosen.
  let nearest: Float64Array | undefined;
  const left = new Set(candidates.keys());
  const chosen: number[] = [];
  while (chosen.length < k && left.size > 0) {
    let best = -1;
    let highest = Number.NEGATIVE_INFINITY;
    let least = Number.POSITIVE_INFINITY;
    for (const i of left) if (candidates[i]) least = Math.min(least, nearest?.[i] ?? 0);
    if (least === Number.POSITIVE_INFINITY) least = 0;
    for (const i of left) {
      const redundancy = (1 - lambda) * (candidates[i] ? (nearest?.[i] ?? 0) : least);
      const value = lambda * (scores[i] ?? 0) - redundancy;
      // The first choice is the best hit even where λ is 0 and all values are alike.
      if (best >= 0 && value <= highest) continue;
      best = i;
      highest = value;
    }
    left.delete(best);
    chosen.push(best);
    if (!candidates[best]) continue;
    const to = engine.kernel.similarities(engine.settings.metric, rows.subarray(best * dim, (best + 1) * dim), rows);
    nearest ??= new Float64Array(candidates.length).fill(Number.NEGATIVE_INFINITY);
    for (const i of left) nearest[i] = Math.max(nearest[i] ?? 0, to[i] ?? 0);
    if (pace.due) await pace.pause();
  }
  return chosen;
}
