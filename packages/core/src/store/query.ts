import { gather } from "../calibration/rows.js";
import { ThermoclineError } from "../errors.js";
import { throwIfAborted } from "../pace.js";
import type {
  Hit,
  Metadata,
  QueryBatchOptions,
  QueryOptions,
  QueryPage,
  QueryPageOptions,
  RecordPredicate,
  SearchOptions,
  Tier,
} from "../types.js";
import { Allowed } from "./allowed.js";
import { queryCursor, queryPlace } from "./cursor.js";
import { type Diversity, diversify, validDiversity } from "./diversify.js";
import { type Engine, isPromoting } from "./engine.js";
import { explained, Trace, validExplain } from "./explain.js";
import { relative } from "./fusion.js";
import { type Found, fetch } from "./hits.js";
import { rankTexts, withSnippets } from "./hybrid.js";
import type { Filtering } from "./masks.js";
import { checkOptions } from "./options.js";
import { RERANK, rank, type Search } from "./rank.js";
import { filteringOf } from "./selection.js";
import { integer, shown } from "./settings.js";
import { dimOf, refuseDim, validNamespace, validQuery, validVectors } from "./validate.js";
import { visit } from "./visit.js";
import { type Asked, type TextQuery, validTextQuery } from "./words.js";

/** Queries of a batch that are searched together: more gain nothing, and their candidates take RAM. */
const BATCH = 256;

/** How often a search is repeated when rows it found were deleted before they could be read. */
const ATTEMPTS = 4;

/** A query or several that have been checked. */
interface Plan extends Omit<Search, "allow"> {
  readonly namespace: string;
  readonly includeVectors: boolean;
  readonly diversity: Diversity | undefined;
  /** For a single query: what it says of texts. */
  readonly words?: TextQuery | undefined;
  /** Whether `queries` are the caller's: a search by words alone has zeros there. */
  readonly byVector?: boolean;
}

const TIERS: readonly Tier[] = ["hot", "cold"];

function plan(options: Omit<SearchOptions, "filter">): Omit<Plan, "queries" | "dim"> {
  const { k = 10, tiers = TIERS, minScore = Number.NEGATIVE_INFINITY } = options;
  if (!Array.isArray(tiers) || tiers.length === 0 || !tiers.every((tier) => TIERS.includes(tier))) {
    throw new ThermoclineError("ARGUMENT", `tiers is ${shown(tiers)}; give ["hot"], ["cold"] or both.`);
  }
  if (typeof minScore !== "number" || Number.isNaN(minScore)) {
    throw new ThermoclineError("ARGUMENT", `minScore is ${shown(minScore)}; give a number.`);
  }
  const wanted = integer("k", k, 1, 2 ** 31);
  if (options.mmr !== undefined) checkOptions("mmr", options.mmr);
  const trace = validExplain(options.explain) ? new Trace() : undefined;
  return {
    trace,
    k: wanted,
    namespace: validNamespace(options.namespace),
    tiers,
    rerank: integer("rerank", options.rerank ?? Math.min(Math.max(RERANK, 4 * wanted), 2 ** 31), 1, 2 ** 31),
    thorough: options.rerank !== undefined,
    minScore,
    includeVectors: options.includeVectors === true,
    diversity: options.mmr && validDiversity(options.mmr, wanted),
    signal: options.signal,
  };
}

/** The most similar records, best first; ties go to the record written first. */
export async function queryRecords<M extends Metadata>(engine: Engine, options: QueryOptions<M>): Promise<Hit<M>[]> {
  const words = validTextQuery(options);
  throwIfAborted(options.signal);
  const checked = { ...plan(options), words, ...asked(engine, options) };
  const [found] = await search<M>(engine, checked, options.filter);
  return explained(found?.hits ?? [], options.explain, found?.explanation);
}

/** What a query asks by its vector, which it needs unless it has a text. */
function asked(engine: Engine, { vector, text }: Asked): Pick<Plan, "queries" | "dim" | "byVector"> {
  if (vector === undefined && text !== undefined) {
    const dim = engine.dim ?? 1;
    return { queries: new Float32Array(dim), dim, byVector: false };
  }
  if (typeof vector !== "object" || vector === null) {
    throw new ThermoclineError("ARGUMENT", `vector is ${shown(vector)}; give an array of numbers, or a text.`);
  }
  const dim = engine.dim ?? dimOf("vector", vector);
  return { queries: validQuery(engine.kernel, engine.settings.metric, vector, dim), dim, byVector: true };
}

/** The hits after those of the pages before, and where the next page begins. */
export async function queryPage<M extends Metadata>(
  engine: Engine,
  options: QueryPageOptions<M>,
): Promise<QueryPage<M>> {
  const { cursor } = options;
  if (options.mmr !== undefined) {
    throw new ThermoclineError(
      "ARGUMENT",
      "mmr chooses among the best hits, which has no pages; leave it out, or use query.",
    );
  }
  const words = validTextQuery(options);
  if (words && options.vector !== undefined) {
    throw new ThermoclineError(
      "ARGUMENT",
      "text and vector are fused from the best of both, which has no pages; leave one of them out, or use query.",
    );
  }
  const after = cursor === undefined ? undefined : queryPlace(cursor);
  throwIfAborted(options.signal);
  const { k, ...checked } = plan(options);
  // One more than asked for tells whether a page follows.
  const wanted = { ...checked, k: Math.min(k + 1, 2 ** 31), after, words, ...asked(engine, options) };
  const [{ hits, rows, explanation } = NOTHING] = await search<M>(engine, wanted, options.filter);
  const [hit, row] = [hits[k - 1], rows[k - 1]];
  if (hits.length <= k || hit === undefined || row === undefined) {
    return { hits: explained(hits, options.explain, explanation), cursor: undefined };
  }
  const place = { seen: (after?.seen ?? 0) + k, row, score: hit.score };
  return { hits: explained(hits.slice(0, k), options.explain, explanation), cursor: queryCursor(place) };
}

const NOTHING: Found<never> = { hits: [], rows: [], complete: true };

/** What `queryRecords` finds for each of the vectors, in passes that many share. */
export async function queryBatch<M extends Metadata>(
  engine: Engine,
  options: QueryBatchOptions<M>,
): Promise<Hit<M>[][]> {
  const { vectors, filter, ...rest } = options;
  throwIfAborted(options.signal);
  const checked = plan(rest);
  if (Array.isArray(vectors) && vectors.length === 0) {
    if (typeof filter !== "function") filteringOf(filter);
    return [];
  }
  const dim = engine.dim ?? (Array.isArray(vectors) ? dimOf("vectors[0]", vectors[0]) : 1);
  const rule = `this store holds vectors of ${dim}; is another embedding model in use?`;
  const { metric } = engine.settings;
  const queries = await validVectors(engine.kernel, metric, "vectors", vectors, dim, rule, options.signal);
  const found = await search<M>(engine, { ...checked, queries, dim }, filter);
  return found.map(({ hits, explanation }) => explained(hits, options.explain, explanation));
}

/** Hits of each query of a plan; asked again for those of which rows were deleted before they could be read. */
async function search<M extends Metadata>(
  engine: Engine,
  checked: Plan,
  filter: SearchOptions<M>["filter"],
): Promise<Found<M>[]> {
  const { dim, queries } = checked;
  const predicate = typeof filter === "function" ? filter : undefined;
  const filtering = predicate ? undefined : filteringOf(filter);
  await engine.turns.share();
  const promoting = isPromoting(engine);
  const all = new Array<Found<M>>(queries.length / dim).fill(NOTHING);
  let asked = [...all.keys()];
  for (let attempt = 1; asked.length > 0; attempt++) {
    const again: number[] = [];
    for (let at = 0; at < asked.length; at += BATCH) {
      const part = asked.slice(at, at + BATCH);
      const one = { ...checked, queries: part.length === all.length ? queries : gather(queries, dim, part) };
      let next = 0;
      for await (const found of answers<M>(engine, one, filtering, predicate)) {
        const query = part[next++] ?? 0;
        if (!found.complete && attempt < ATTEMPTS) again.push(query);
        else {
          all[query] = found;
          for (const [i, { tier }] of found.hits.entries()) {
            if (tier === "none") continue;
            engine.heat.use(found.rows[i] ?? 0, promoting);
            engine.served[tier] += 1;
          }
        }
      }
    }
    asked = again;
  }
  return all;
}

async function* answers<M extends Metadata>(
  engine: Engine,
  checked: Plan,
  filtering: Filtering | undefined,
  predicate: RecordPredicate<M> | undefined,
): AsyncGenerator<Found<M>> {
  // Each time anew: a calibration, or another process, may have put other partitions in their place.
  const namespace = engine.namespaces.get(checked.namespace);
  if (namespace === undefined) return;
  const { trace } = checked;
  const allowed = new Allowed(engine, namespace, filtering, checked.signal);
  const find = async () => {
    while (!allowed.known) await allowed.find();
  };
  await (trace ? trace.time("filter", find) : find());
  while (!allowed.known) await allowed.find();
  // From here to the search in one turn, so that it sees the same rows.
  const allow = allowed.rows();
  const { words, byVector = true } = checked;
  // The first vector may have come after the query.
  const dim = engine.dim ?? checked.dim;
  if (byVector && dim !== checked.dim) refuseDim("The query's vector", checked.dim, dim);
  // Words also find records without vectors, where there may be nothing else.
  const { kernel, settings } = engine;
  const partition = engine.partitions.get(namespace) ?? (words && kernel.partition(dim, settings.metric));
  if (!partition) return;
  trace?.begin(engine, partition, byVector ? checked.tiers : [], allow);
  // Diverse hits are chosen from more candidates, and by their vectors.
  const { diversity } = checked;
  const k = diversity ? diversity.fetchK : checked.k;
  const read: Plan = { ...checked, dim, k, includeVectors: checked.includeVectors || diversity !== undefined };
  const wanted: Search = { ...read, allow };
  const alone = predicate !== undefined;
  const chosen = async (found: Found<M>): Promise<Found<M>> => {
    const choice = () => (diversity ? choose(engine, checked, found, diversity) : found);
    const diverse = await (trace ? trace.time("diversify", choice) : choice());
    const snippets = () => (words?.snippet ? withSnippets(engine, words, words.snippet, diverse) : diverse);
    if (!trace) return snippets();
    const final = await trace.time("read", snippets);
    return { ...final, explanation: trace.take(alone) };
  };
  if (words) {
    const ranking = (depth: number) =>
      rankTexts(engine, partition, { ...wanted, k: depth, namespace, words, byVector });
    if (predicate) return yield await chosen(await visit<M>(engine, partition, read, ranking, wanted, predicate));
    const ranked = await ranking(k);
    const records = () => fetch<M>(engine, partition, read, ranked);
    yield await chosen(trace ? await trace.time("read", records) : records());
  } else if (predicate) {
    for (let at = 0; at < wanted.queries.length; at += wanted.dim) {
      const queries = wanted.queries.subarray(at, at + wanted.dim);
      const ranking = async (depth: number) => {
        const { value } = await rank(engine, partition, { ...wanted, queries, k: depth }).next();
        return value ?? [];
      };
      yield await chosen(await visit<M>(engine, partition, read, ranking, wanted, predicate));
    }
  } else {
    for await (const ranked of rank(engine, partition, wanted)) {
      const records = () => fetch<M>(engine, partition, read, ranked);
      yield await chosen(trace ? await trace.time("read", records) : records());
    }
  }
}

/** Of candidates with their vectors, the hits to be. */
async function choose<M extends Metadata>(
  engine: Engine,
  { k, includeVectors, words, signal }: Plan,
  { hits, rows, complete }: Found<M>,
  diversity: Diversity,
): Promise<Found<M>> {
  const vectors = hits.map(({ vector }) => vector);
  const scores = hits.map(({ score }) => score);
  // Similarities among hits are weighed against them, which BM25 and fused scores are on no common scale with.
  const relevance = words ? relative(scores) : scores;
  const places = await diversify(engine, vectors, relevance, k, diversity, signal);
  const chosen = places.flatMap((place) => hits[place] ?? []);
  return {
    hits: includeVectors ? chosen : chosen.map(({ vector: _, ...hit }) => hit),
    rows: places.flatMap((place) => rows[place] ?? []),
    complete,
  };
}
