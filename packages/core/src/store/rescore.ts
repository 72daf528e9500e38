import type { OriginalRow } from "../catalogue/reader.js";
import type { SearchResult } from "../kernel/kernel.js";
import type { Pace } from "../pace.js";
import type { Engine } from "./engine.js";
import { similaritiesTo } from "./original.js";

/** Originals read at a time where all of them are wanted: what the event loop can spare. */
const READ = 128;

/** Originals read before the first look at whether the next candidates can still be among the best, and between two looks. */
const LOOK = 32;

/** Standard deviations by which exact scores are taken to exceed their estimates at most, on top of what they do on average. */
const DEVIATIONS = 3;

/** Where a ranking ends: at its `places`, or at a score, whichever is higher. */
export interface Ending {
  readonly places: number;
  readonly minScore: number;
}

/**
 * Exact scores of cold candidates from their originals, which may be hot by now; a row deleted meanwhile keeps its estimate and is not found
 * later. Of all candidates, or, where an `ending` is given, of the first of them, until what exact scores have differed from
 * estimates by says that none of the others reaches it.
 */
export async function rescore(
  engine: Engine,
  query: Float32Array,
  { hotScores, coldRows, coldScores }: SearchResult,
  ending: Ending | undefined,
  pace: Pace,
): Promise<Float32Array> {
  const scores = coldScores.slice();
  const errors = new Errors();
  let next = ending ? LOOK : READ;
  for (let at = 0; at < coldRows.length; ) {
    const end = Math.min(coldRows.length, at + (ending ? LOOK : READ));
    for (const [place, score] of exactScores(engine, query, coldRows.subarray(at, end))) {
      errors.add(score - (coldScores[at + place] ?? 0));
      scores[at + place] = score;
    }
    at = end;
    if (ending && at >= next && at < coldRows.length) {
      const last = Math.max(ending.minScore, best(ending.places, hotScores, scores.subarray(0, at)));
      if ((coldScores[at] ?? 0) + errors.most < last) return scores.subarray(0, at);
      next = at + Math.max(LOOK, ending.places / 2);
    }
    if (pace.due) await pace.pause();
  }
  return scores;
}

/** Exact scores by the place of their row; rows that are gone have none. */
function exactScores(engine: Engine, query: Float32Array, wanted: Uint32Array): [number, number][] {
  const rows = Array.from(wanted);
  const { reader } = engine.catalogue;
  const found = reader.originals(rows);
  const moved = found.size < rows.length ? reader.hotOriginals(rows.filter((row) => !found.has(row))) : undefined;
  const originals: OriginalRow[] = [];
  const places: number[] = [];
  for (const [place, row] of rows.entries()) {
    const original = found.get(row) ?? moved?.get(row);
    if (!original) continue;
    originals.push(original);
    places.push(place);
  }
  const exact = similaritiesTo(engine.kernel, engine.settings.metric, query, originals);
  return places.map((place, n) => [place, exact[n] ?? 0]);
}

/** The score at a place of a ranking, from 1; minus infinity where it is not filled. */
function best(place: number, ...parts: readonly Float32Array[]): number {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.sort()[all.length - place] ?? Number.NEGATIVE_INFINITY;
}

/** What exact scores exceeded their estimates by. */
class Errors {
  #count = 0;
  #sum = 0;
  #squares = 0;

  add(error: number): void {
    this.#count += 1;
    this.#sum += error;
    this.#squares += error * error;
  }

  /** As much as another may do. Estimates that are too high on average may be right for those of another topic. */
  get most(): number {
    const mean = this.#sum / this.#count;
    const deviation = Math.sqrt(Math.max(0, this.#squares / this.#count - mean * mean));
    return this.#count < 2 ? Number.POSITIVE_INFINITY : Math.max(0, mean) + DEVIATIONS * deviation;
  }
}
