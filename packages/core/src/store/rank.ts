import type { Partition } from "../kernel/kernel.js";
import { Pace } from "../pace.js";
import type { HitExplanation, Tier } from "../types.js";
import type { QueryPlace } from "./cursor.js";
import type { Engine } from "./engine.js";
import { type Trace, withPlaces } from "./explain.js";
import { rescore } from "./rescore.js";

/** Cold candidates that may be rescored from originals, at least. */
export const RERANK = 128;

/** What to rank for: `queries` is `[n][dim]`, as they are scored. */
export interface Search {
  readonly queries: Float32Array;
  readonly dim: number;
  readonly k: number;
  readonly tiers: readonly Tier[];
  readonly rerank: number;
  /** Whether all candidates are rescored, or only those that may be among the best. */
  readonly thorough: boolean;
  readonly minScore: number;
  /** Rank only what comes after this; for a single query. */
  readonly after?: QueryPlace | undefined;
  /** A bit for each row that may be found; undefined for all. */
  readonly allow: Uint8Array | undefined;
  readonly signal: AbortSignal | undefined;
  /** What counts and times the search; undefined where nobody asked for it. */
  readonly trace?: Trace | undefined;
}

/** A row in the ranking. */
export interface Ranked {
  readonly row: number;
  readonly score: number;
  /** `none` of a record without a vector, which only words find. */
  readonly tier: Tier | "none";
  readonly explanation?: HitExplanation;
  /** Of a search by words: BM25, where the text has any of them. */
  readonly textScore?: number;
  /** Of a search by words and vector: similarity to the vector. */
  readonly vectorScore?: number;
}

/**
 * One ranking of both tiers for each query: hot rows by their exact scores, cold ones by their originals where those are
 * kept. The tiers are searched for all queries in one pass; each is then ranked when it is asked for.
 */
export async function* rank(engine: Engine, partition: Partition, search: Search): AsyncGenerator<readonly Ranked[]> {
  const { queries, dim, k, tiers, rerank, thorough, minScore, after, allow, signal, trace } = search;
  const { originals, symmetric, threads } = engine.settings;
  const exact = originals !== "none";
  // What was seen comes first again.
  const most = (wanted: number) => Math.min(wanted + (after?.seen ?? 0), 2 ** 31);
  const hot = tiers.includes("hot") ? most(k) : 0;
  const cold = tiers.includes("cold") ? most(exact ? Math.max(k, rerank) : k) : 0;
  const request = { queries, hot, cold, symmetric, allow, threads };
  const scan = () => engine.passes.search(partition, dim, request, signal);
  const results = trace ? await trace.time("scan", scan) : await scan();
  trace?.pass();
  const pace = new Pace(signal);
  for (const [i, result] of results.entries()) {
    // Searches that shared a pass end in the same turn.
    await engine.turns.share();
    const query = queries.subarray(i * dim, (i + 1) * dim);
    const ending = thorough ? undefined : { places: most(k), minScore };
    const again = () => rescore(engine, query, result, ending, pace);
    const coldScores = !exact ? result.coldScores : trace ? await trace.time("rerank", again) : await again();
    if (exact) trace?.reranked(coldScores.length);
    const ranked: Ranked[] = Array.from(result.hotRows, (row, at) => ({
      row,
      score: result.hotScores[at] ?? 0,
      tier: "hot" as const,
    }));
    coldScores.forEach((score, at) => {
      ranked.push({ row: result.coldRows[at] ?? 0, score, tier: "cold" });
    });
    ranked.sort((a, b) => b.score - a.score || a.row - b.row);
    if (after) {
      const before = ranked.filter((entry) => !follows(entry, after));
      const hotBefore = before.filter(({ tier }) => tier === "hot").length;
      const more = Math.max(
        result.hotRows.length === hot ? hotBefore : 0,
        result.coldRows.length === cold ? before.length - hotBefore : 0,
      );
      // More than was seen stands before what follows, as rows were written since, so too little of what follows was asked for.
      if (more > after.seen) {
        yield* rank(engine, partition, { ...search, after: { ...after, seen: 2 * more } });
        return;
      }
    }
    const entries = trace ? withPlaces(ranked, result, exact) : ranked;
    const found = entries.filter((entry) => entry.score >= minScore && (!after || follows(entry, after)));
    yield found.slice(0, k);
    if (pace.due) await pace.pause();
  }
}

/** Whether an entry comes after a place in the ranking. */
export function follows({ score, row }: Pick<Ranked, "score" | "row">, after: QueryPlace): boolean {
  return score < after.score || (score === after.score && row > after.row);
}
