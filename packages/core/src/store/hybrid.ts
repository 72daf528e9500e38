import type { Match, SnippetStyle } from "../catalogue/text-index.js";
import type { Partition } from "../kernel/kernel.js";
import { Pace } from "../pace.js";
import type { Hit, Metadata, Tier } from "../types.js";
import { BestMatches } from "./best-matches.js";
import { type Engine, heldNamespaces, storedRows } from "./engine.js";
import { byScore, type Candidate, fused } from "./fusion.js";
import type { Found } from "./hits.js";
import { eachMatch, type Place } from "./keywords.js";
import { follows, type Ranked, rank, type Search } from "./rank.js";
import { addRows, noRows } from "./row-bits.js";
import { NoTextIndex } from "./text-index.js";
import { type TextQuery, wordsOf } from "./words.js";

/** Candidates of either ranking, at least, and as a multiple of k. */
const CANDIDATES = 128;
const DEPTH = 4;

/** With more records than that, words are looked for on a thread where there can be one: a statement about frequent words takes too long here. */
const NEAR_TEXTS = 16_384;

/** Entries of a ranking made between two looks at the clock. */
const PAUSED = 1_024;

/** What to search for by words, and by vector if there is one. */
export interface TextSearch extends Search {
  readonly namespace: number;
  readonly words: TextQuery;
  /** Whether `queries` holds a vector. */
  readonly byVector: boolean;
}

/** The one ranking of a query by words, or by words and a vector. */
export async function rankTexts(engine: Engine, partition: Partition, search: TextSearch): Promise<readonly Ranked[]> {
  const ranked = await (search.byVector ? rankBoth(engine, partition, search) : rankMatches(engine, search));
  if (!search.trace) return ranked;
  return ranked.map((entry, i): Ranked => {
    const { tier, estimate, exact } = { estimate: undefined, exact: undefined, ...entry.explanation, tier: entry.tier };
    return { ...entry, explanation: { tier, estimate, exact, rank: i + 1 } };
  });
}

/** Where to look for words, as it is in this turn: rows that are written later may be of any namespace. */
function placeOf(engine: Engine, namespace: number): Place {
  return {
    namespace,
    last: engine.catalogue.reader.lastRow(),
    alone: heldNamespaces(engine).every((number) => number === namespace),
    texts: storedRows(engine) + engine.plain.count(),
  };
}

/** Shows `take` all records whose texts match and that count. */
async function matches(
  engine: Engine,
  { words, allow, tiers, signal, trace }: TextSearch,
  place: Place,
  take: (match: Match) => void,
): Promise<void> {
  const { catalogue } = engine;
  const { reader } = catalogue;
  const tokenizer = reader.tokenizer();
  if (tokenizer === undefined) throw new NoTextIndex();
  const takeWanted = (match: Match) => {
    const { row } = match;
    if (allow && (((allow[row >>> 3] ?? 0) >> (row & 7)) & 1) === 0) return;
    if (tiers.length === 1 && tiers[0] !== tierOf(engine, row)) return;
    take(match);
  };
  const look = async () => {
    const apart = place.texts > NEAR_TEXTS ? await catalogue.textsApart() : undefined;
    await eachMatch(apart ?? reader.texts, wordsOf(words, tokenizer), words, place, signal, takeWanted);
  };
  await (trace ? trace.time("scan", look) : look());
}

function tierOf(engine: Engine, row: number): Tier | "none" {
  if (engine.plain.has(row)) return "none";
  return engine.heat.has(row) ? "hot" : "cold";
}

/** By words alone. */
async function rankMatches(engine: Engine, search: TextSearch): Promise<readonly Ranked[]> {
  const { k, minScore, after, signal } = search;
  const best = new BestMatches(k);
  await matches(engine, search, placeOf(engine, search.namespace), (match) => {
    if (match.score >= minScore && !(after && !follows(match, after))) best.add(match);
  });
  const pace = new Pace(signal);
  const ranked: Ranked[] = [];
  for (const match of await best.take(pace)) {
    ranked.push({ ...match, tier: tierOf(engine, match.row), textScore: match.score });
    if (ranked.length % PAUSED === 0 && pace.due) await pace.pause();
  }
  return ranked;
}

/** By words and vector: the best of either ranking, with both of its scores each, in the order of their fusion. */
async function rankBoth(engine: Engine, partition: Partition, search: TextSearch): Promise<readonly Ranked[]> {
  const { k, minScore, words, signal } = search;
  const depth = Math.min(Math.max(CANDIDATES, DEPTH * k), 2 ** 31);
  const place = placeOf(engine, search.namespace);
  const vectors = await rankVectors(engine, partition, { ...search, k: depth });
  const byVector = new Set(vectors.map(({ row }) => row));
  const textScores = new Map<number, number>();
  const bestTexts = new BestMatches(depth);
  await matches(engine, search, place, (match) => {
    if (byVector.has(match.row)) textScores.set(match.row, match.score);
    bestTexts.add(match);
  });
  const pace = new Pace(signal);
  const best = await bestTexts.take(pace);
  for (const { row, score } of best) textScores.set(row, score);
  const [plain, missing]: [Ranked[], number[]] = [[], []];
  for (const { row } of best) {
    if (engine.plain.has(row)) plain.push({ row, score: 0, tier: "none" });
    else if (!byVector.has(row)) missing.push(row);
  }
  const others = missing.length === 0 ? [] : await rankVectors(engine, partition, { ...search, ...only(missing) });
  if (pace.due) await pace.pause();
  // A row whose vector is gone was deleted meanwhile.
  const entries = [...vectors, ...others, ...plain];
  const candidates = entries.map(({ row, score, tier }): Candidate => {
    return { row, vectorScore: tier === "none" ? undefined : score, textScore: textScores.get(row) };
  });
  const scores = fused(
    candidates,
    vectors.map(({ row }) => row),
    best.map(({ row }) => row),
    words,
  );
  const ranked = entries.map((entry, i): Ranked => {
    const { textScore, vectorScore } = candidates[i] ?? {};
    return {
      ...entry,
      score: scores[i] ?? 0,
      ...(vectorScore !== undefined && { vectorScore }),
      ...(textScore !== undefined && { textScore }),
    };
  });
  return byScore(ranked.filter(({ score }) => score >= minScore)).slice(0, k);
}

/** The ranking by vector, without a threshold: what is asked of the fused score is not asked of it. */
async function rankVectors(engine: Engine, partition: Partition, search: Search): Promise<readonly Ranked[]> {
  const { value } = await rank(engine, partition, { ...search, minScore: Number.NEGATIVE_INFINITY }).next();
  return value ?? [];
}

/** Hits with the part of each text that shows most of the words. */
export function withSnippets<M extends Metadata>(
  engine: Engine,
  words: TextQuery,
  style: SnippetStyle,
  found: Found<M>,
): Found<M> {
  const { reader } = engine.catalogue;
  const asked = wordsOf(words, reader.tokenizer() ?? "unicode61").join(words.match === "all" ? " AND " : " OR ");
  if (asked === "") return found;
  const hits = found.hits.map((hit, i): Hit<M> => {
    const snippet = reader.texts.snippet(asked, found.rows[i] ?? 0, style);
    return snippet === undefined ? hit : { ...hit, snippet };
  });
  return { ...found, hits };
}

/** A search that finds these rows, whatever their scores. */
function only(rows: readonly number[]): Pick<Search, "allow" | "k" | "rerank" | "thorough"> {
  const allow = noRows(rows.reduce((most, row) => Math.max(most, row), 0));
  addRows(allow, rows);
  return { allow, k: rows.length, rerank: rows.length, thorough: true };
}
