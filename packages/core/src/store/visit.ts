import { ThermoclineError } from "../errors.js";
import type { Partition } from "../kernel/kernel.js";
import { Pace } from "../pace.js";
import type { Hit, Metadata, RecordPredicate } from "../types.js";
import { type Engine, heldRecords } from "./engine.js";
import { type Found, fetch, type Reading } from "./hits.js";
import { type Ranked, RERANK, type Search } from "./rank.js";
import { shown } from "./settings.js";

/**
 * Visits rows in order of score until k of them pass the predicate, which is asked once about each. `ranking` gives the best
 * rows, so many of them.
 */
export async function visit<M extends Metadata>(
  engine: Engine,
  partition: Partition,
  checked: Reading & { readonly k: number },
  ranking: (depth: number) => Promise<readonly Ranked[]>,
  { signal, trace }: Search,
  predicate: RecordPredicate<M>,
): Promise<Found<M>> {
  const all = heldRecords(engine, engine.namespaces.get(checked.namespace) ?? 0);
  const verdicts = new Map<number, boolean>();
  // What a caller may see of a hit is a record, so nothing that only explaining adds.
  const passes = (row: number, { explanation: _, ...hit }: Hit<M>): boolean => {
    const verdict = verdicts.get(row) ?? verdictOf<M>(predicate, hit as Hit<M>);
    verdicts.set(row, verdict);
    return verdict;
  };
  const pace = new Pace(signal);
  for (let depth = Math.max(4 * checked.k, RERANK); ; depth *= 4) {
    const ranked = await ranking(depth);
    const hits: Hit<M>[] = [];
    const rows: number[] = [];
    let complete = true;
    for (let at = 0; at < ranked.length && hits.length < checked.k; at += RERANK) {
      const read = () => fetch<M>(engine, partition, checked, ranked.slice(at, at + RERANK));
      const found = trace ? await trace.time("read", read) : read();
      complete &&= found.complete;
      for (const [i, hit] of found.hits.entries()) {
        const row = found.rows[i] ?? 0;
        if (hits.length === checked.k || !passes(row, hit)) continue;
        hits.push(hit);
        rows.push(row);
      }
      if (pace.due) await pace.pause();
    }
    const deeper = depth < all && ranked.length >= depth;
    if (hits.length < checked.k && deeper && complete) continue;
    trace?.filtered([...verdicts.values()].filter(Boolean).length);
    return { hits, rows, complete };
  }
}

/** What a predicate says of a record. A promise would count as true, whatever it resolves to. */
function verdictOf<M extends Metadata>(predicate: RecordPredicate<M>, hit: Hit<M>): boolean {
  const verdict: unknown = predicate(hit);
  if (typeof verdict === "boolean") return verdict;
  const given = verdict instanceof Promise ? "a promise" : shown(verdict);
  throw new ThermoclineError("FILTER", `The filter's function returned ${given}; return true or false at once.`);
}
