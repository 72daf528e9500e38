import { ThermoclineError } from "../errors.js";
import type { Partition, SearchResult } from "../kernel/kernel.js";
import type { ExplainedHits, Hit, HitExplanation, Metadata, QueryExplanation, Tier } from "../types.js";
import type { Engine } from "./engine.js";
import type { Ranked } from "./rank.js";
import { shown } from "./settings.js";

/** What a query's time is spent on. */
type Part = keyof QueryExplanation["ms"];

/** Counts and times what a search does, where it was asked to explain itself. */
export class Trace {
  readonly #ms: Record<Part, number> = { filter: 0, scan: 0, rerank: 0, read: 0, diversify: 0 };
  readonly #scanned = { hot: 0, cold: 0 };
  #passes = 0;
  #reranked = 0;
  #filtered: number | undefined;

  /** Runs `work` on the account of a part. */
  async time<T>(part: Part, work: () => T | Promise<T>): Promise<T> {
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.#ms[part] += performance.now() - began;
    }
  }

  /** Begins a search of `tiers`, of the rows that are allowed, a bit each, or of all. */
  begin({ plain }: Engine, partition: Partition, tiers: readonly Tier[], allow: Uint8Array | undefined): void {
    // Bits alone may be of rows that are gone, or of other namespaces.
    const { hot, cold } = partition.count(allow);
    this.#scanned.hot = tiers.includes("hot") ? hot : 0;
    this.#scanned.cold = tiers.includes("cold") ? cold : 0;
    this.#filtered = allow && hot + cold + plain.among(allow);
  }

  pass(): void {
    this.#passes += 1;
  }

  reranked(rows: number): void {
    this.#reranked += rows;
  }

  filtered(rows: number): void {
    this.#filtered = rows;
  }

  /** Of the query that was answered last. The next one begins anew, but for what queries of a batch share, unless it is searched `alone`. */
  take(alone: boolean): QueryExplanation {
    const [scanned, ms] = [{ ...this.#scanned }, { ...this.#ms }];
    const taken = { scanned, filtered: this.#filtered, reranked: this.#reranked, passes: this.#passes, ms };
    this.#reranked = 0;
    Object.assign(this.#ms, { rerank: 0, read: 0, diversify: 0, ...(alone && { scan: 0, filter: 0 }) });
    if (alone) this.#passes = 0;
    return taken;
  }
}

const NONE: QueryExplanation = {
  scanned: { hot: 0, cold: 0 },
  filtered: undefined,
  reranked: 0,
  passes: 0,
  ms: { filter: 0, scan: 0, rerank: 0, read: 0, diversify: 0 },
};

export function validExplain(explain: unknown): boolean {
  if (explain === undefined || typeof explain === "boolean") return explain === true;
  throw new ThermoclineError("ARGUMENT", `explain is ${shown(explain)}; give true or false.`);
}

/** Hits with how they were found; without where nothing is to be explained. */
export function explained<M extends Metadata>(
  hits: readonly Hit<M>[],
  explain: boolean | undefined,
  explanation: QueryExplanation = NONE,
): Hit<M>[] {
  const copy = [...hits];
  return explain ? (Object.assign(copy, { explanation }) as ExplainedHits<M>) : copy;
}

/** The ranking of a query, each entry with where it stood among what the scan found. */
export function withPlaces(ranked: readonly Ranked[], scanned: SearchResult, exact: boolean): Ranked[] {
  const { hotRows, hotScores, coldRows, coldScores } = scanned;
  const estimates = new Map(Array.from(coldRows, (row, i) => [row, coldScores[i] ?? 0]));
  const before = Array.from(hotRows, (row, i): readonly [number, number] => [row, hotScores[i] ?? 0]);
  before.push(...estimates);
  before.sort(([row, score], [other, its]) => its - score || row - other);
  const places = new Map(before.map(([row], place) => [row, place + 1]));
  return ranked.map((entry) => {
    const explanation: HitExplanation = {
      tier: entry.tier,
      estimate: estimates.get(entry.row),
      exact: exact || entry.tier === "hot" ? entry.score : undefined,
      rank: places.get(entry.row) ?? 0,
    };
    return { ...entry, explanation };
  });
}
