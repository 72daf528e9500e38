import { Heat, POLICY, type Policy } from "../../../packages/core/src/tiers/heat.js";
import { swapBatch, swapRelief } from "../../../packages/core/src/tiers/swap.js";
import { TOP } from "./day.js";

/** Most rows that a store moves up at a time. */
const MOVED = 256;

/** What rows are hot in, and what becomes of them when a query has returned some. */
interface Rule {
  has(row: number): boolean;
  returned(rows: Uint32Array): number | Promise<number>;
}

/** What a day was like: share of the hits that were hot, and rows moved up. */
export interface Replayed {
  readonly hotShare: number;
  readonly promotionsPerQuery: number;
}

/** The hits of a day under a rule; `first` rows are hot in the morning, the oldest of them first. */
async function replay(answers: Uint32Array, day: Uint32Array, rule: Rule): Promise<Replayed> {
  let hot = 0;
  let moved = 0;
  for (const question of day) {
    const rows = answers.subarray(question * TOP, (question + 1) * TOP);
    for (const row of rows) if (rule.has(row)) hot += 1;
    moved += await rule.returned(rows);
  }
  return { hotShare: hot / (TOP * day.length), promotionsPerQuery: moved / day.length };
}

/** Least recently used, as textbooks have it: what is returned is hot at once, in the place of what was returned longest ago. */
export function replayLru(answers: Uint32Array, day: Uint32Array, first: readonly number[], capacity: number) {
  const hot = new Set(first);
  return replay(answers, day, {
    has: (row) => hot.has(row),
    returned: (rows) => {
      let moved = 0;
      for (const row of rows) {
        if (!hot.delete(row)) moved += 1;
        hot.add(row);
        const [oldest] = hot;
        if (hot.size > capacity && oldest !== undefined) hot.delete(oldest);
      }
      return moved;
    },
  });
}

/** The store's own policy, or another one, with the batches that the store moves. */
export function replayPolicy(
  answers: Uint32Array,
  day: Uint32Array,
  first: readonly number[],
  capacity: number,
  policy: Policy = POLICY,
) {
  const heat = new Heat(() => capacity, policy);
  heat.keep(first, [], []);
  return replay(answers, day, {
    has: (row) => heat.has(row),
    returned: async (rows) => {
      for (const row of rows) heat.use(row, true);
      let moved = 0;
      while (heat.risen >= swapBatch(capacity)) {
        const risen = heat.takeRisen(MOVED);
        for (const row of risen) heat.arrive(row, false);
        moved += risen.length;
        if (heat.size <= capacity) continue;
        for (const row of await heat.coldest(heat.size - capacity + swapRelief(capacity))) heat.release(row, true);
      }
      return moved;
    },
  });
}
