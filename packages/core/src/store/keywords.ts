import { damagedIndex, type Match } from "../catalogue/text-index.js";
import { Pace } from "../pace.js";
import type { TextQuery } from "./words.js";

/**
 * Texts that the words of one query may be in together. FTS5 goes over all of them to learn how rare each word is, in every
 * statement, so words are taken from the rarest on until there are so many texts.
 */
const TEXTS = 50_000;

/** Texts scored in one statement: a few milliseconds' work. */
const SLICE = 2_048;

/** The same where each statement takes long to begin, because the only words there are, or all that must be there, are frequent. */
const WIDE_SLICE = 16_384;

/** Matches that are taken between two looks at the clock. */
const TAKEN = 1_024;

/** An index of words: here, where statements must be short, or on a thread of its own. */
export interface WordIndex {
  readonly path: string;
  /** Texts scored in one statement where that may take as long as it likes. */
  readonly slice?: number;
  count(match: string, most: number): number | Promise<number>;
  sliceEnd(match: string, after: number, size: number): number | undefined | Promise<number | undefined>;
  matches(
    match: string,
    after: number,
    last: number,
    namespace: number | undefined,
  ): Iterable<Match> | Promise<Iterable<Match>>;
}

/** What to ask the index for, and how much at a time. */
interface Question {
  readonly match: string;
  readonly slice: number;
}

/** How words are joined, and which of them are worth asking for; undefined where no text can match. */
async function question(
  index: WordIndex,
  words: readonly string[],
  { match }: TextQuery,
  texts: number,
  pace: Pace,
): Promise<Question | undefined> {
  if (words.length === 0) return undefined;
  const all = match === "any" ? " OR " : " AND ";
  if (texts <= SLICE) return { match: words.join(all), slice: SLICE };
  const counted: { readonly word: string; readonly count: number }[] = [];
  for (const word of words) {
    counted.push({ word, count: await index.count(word, TEXTS + 1) });
    if (pace.due) await pace.pause();
  }
  counted.sort((a, b) => a.count - b.count);
  let sum = 0;
  const taken: string[] = [];
  for (const { word, count } of counted) {
    // In more than half of all texts BM25 makes next to nothing of a word; but any is better than those that are nowhere.
    if (match === "any" && sum > 0 && (sum + count > TEXTS || 2 * count > texts)) break;
    taken.push(word);
    sum += count;
  }
  return { match: taken.join(all), slice: index.slice ?? (sum > TEXTS ? WIDE_SLICE : SLICE) };
}

/** Whose texts are searched: of the rows up to `last`, those of a namespace. */
export interface Place {
  readonly namespace: number;
  readonly last: number;
  /** Whether all those rows are the namespace's, so that none need be told apart. */
  readonly alone: boolean;
  /** How many records there are in all namespaces. */
  readonly texts: number;
}

/** Calls `take` with all records whose texts match, in the order of their rows, a few milliseconds of this thread at a time. */
export async function eachMatch(
  index: WordIndex,
  words: readonly string[],
  query: TextQuery,
  { namespace, last: highest, alone, texts }: Place,
  signal: AbortSignal | undefined,
  take: (match: Match) => void,
): Promise<void> {
  const pace = new Pace(signal);
  const asked = await question(index, words, query, texts, pace);
  if (!asked) return;
  let after = 0;
  for (;;) {
    if (after >= highest) return;
    const end = await index.sliceEnd(asked.match, after, asked.slice);
    if (end === undefined) return;
    // In a damaged index rows may follow each other in a circle.
    if (end <= after) throw damagedIndex(index.path);
    const last = Math.min(end, highest);
    let taken = 0;
    for (const match of await index.matches(asked.match, after, last, alone ? undefined : namespace)) {
      take(match);
      taken += 1;
      if (taken % TAKEN === 0 && pace.due) await pace.pause();
    }
    after = end;
    if (pace.due) await pace.pause();
  }
}
