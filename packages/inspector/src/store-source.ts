import { type Recommendation, type Spectrum, ThermoclineError } from "@thermocline/core";
import { filterOf } from "./conditions.js";
import { Cursors } from "./cursors.js";
import type { Inspected } from "./inspected.js";
import type {
  Answer,
  Condition,
  Curve,
  CurveQuestion,
  Description,
  Page,
  PageQuestion,
  Question,
  RecordQuestion,
  RecordView,
  Source,
  SpectrumView,
} from "./source.js";
import { searchStore } from "./store-search.js";

/** Bytes a row that a curve is measured at, and those that the store has. */
const LADDER = [8, 12, 16, 24, 32, 48, 64, 96, 128, 192];

/** Records on the map. */
const POINTS = 2_000;

/** Letters of a text in a list. */
const BEGINNING = 240;

/** Listings whose cursors are kept. */
const LISTINGS = 8;

/** A store as the page sees it. What took long is kept until the store has changed by a twentieth. */
export class StoreSource implements Source {
  readonly #store: Inspected;
  readonly #name: string;
  readonly #listings = new Map<string, { readonly total: number; readonly cursors: Cursors }>();
  readonly #curves = new Map<string, Curve>();
  #spectrum: { readonly of: string; readonly records: number; readonly found: Promise<Spectrum> } | undefined;
  #plane: Spectrum | undefined;

  /** `name` is what the page calls the store. */
  constructor(store: Inspected, name: string) {
    this.#store = store;
    this.#name = name;
  }

  async describe(): Promise<Description> {
    // A call that reads sees what other processes have written, and stats are of what was seen.
    const namespaces = await this.#store.namespaces();
    return { name: this.#name, stats: await this.#store.stats(), namespaces };
  }

  async spectrum(): Promise<SpectrumView> {
    const { stats } = await this.describe();
    const of = `${stats.codebook?.id} ${stats.cold.bytesPerRow}`;
    const { records } = stats;
    const kept = this.#spectrum;
    if (!kept || kept.of !== of || Math.abs(records - kept.records) > records / 20) {
      this.#spectrum = { of, records, found: this.#store.spectrum({ points: POINTS }) };
    }
    const asked = this.#spectrum;
    try {
      const spectrum = await asked?.found;
      if (!spectrum) throw new ThermoclineError("CLOSED", "This store is closed; open it again to use it.");
      this.#plane = spectrum;
      const { eigenvalues, bits, bitsFrom, sample, points } = spectrum;
      return {
        eigenvalues: Array.from(eigenvalues),
        bits: bits && Array.from(bits),
        bitsFrom,
        bytes: bits && stats.cold.bytesPerRow,
        sample,
        points,
      };
    } catch (error) {
      if (this.#spectrum === asked) this.#spectrum = undefined;
      throw error;
    }
  }

  async curve(
    { sampleSize }: CurveQuestion,
    signal?: AbortSignal,
    onProgress?: (share: number) => void,
  ): Promise<Curve> {
    const { stats } = await this.describe();
    const { codec, bytesPerRow: chosen } = stats.cold;
    const key = `${sampleSize} ${chosen} ${Math.round(Math.log(Math.max(stats.records, 1)) * 20)}`;
    const kept = this.#curves.get(key);
    if (kept) return kept;
    const most = Math.max(stats.dim ?? 0, LADDER[0] ?? 0);
    const rungs = LADDER.filter((bytes) => bytes <= most);
    const bytes = codec === "eigen" ? [...rungs, ...(chosen === undefined ? [] : [chosen])] : undefined;
    const measured: Recommendation = await this.#store.recommend({
      sampleSize,
      bytes,
      signal,
      onProgress: ({ done, total }) => onProgress?.(done / total),
    });
    const curve = { ...measured, chosen };
    this.#curves.set(key, curve);
    return curve;
  }

  async search(question: Question, signal?: AbortSignal): Promise<Answer> {
    const { metric } = await this.#store.stats();
    try {
      return await searchStore(this.#store, question, metric, this.#plane, signal);
    } catch (error) {
      const wordless = error instanceof ThermoclineError && error.code === "UNSUPPORTED" && question.text !== "";
      if (!wordless) throw error;
      const how = `make one with: thermocline search ${this.#name} words`;
      const what = "This file has no index of words, and it was opened only to be read";
      throw new ThermoclineError("UNSUPPORTED", `${what}; ${how}, and reload this page.`, { cause: error });
    }
  }

  async page({ namespace, conditions, offset, limit }: PageQuestion, signal?: AbortSignal): Promise<Page> {
    const filter = filterOf(conditions);
    const total = await this.#store.count(filter, { namespace, signal });
    const cursors = this.#cursors(namespace, conditions, total);
    const found = await cursors.page(offset, limit, signal);
    const records = found.map(({ id, tier, text = "", metadata }): RecordView => {
      return { id, tier, text: text.length > BEGINNING ? `${text.slice(0, BEGINNING)}…` : text, metadata };
    });
    return { records, total };
  }

  async record({ namespace, id }: RecordQuestion): Promise<RecordView | undefined> {
    const [found] = await this.#store.get([id], { namespace });
    return found && { id, tier: found.tier, text: found.text ?? "", metadata: found.metadata };
  }

  /** Cursors of a listing; new ones when as many records match no more. */
  #cursors(namespace: string, conditions: readonly Condition[], total: number): Cursors {
    const key = JSON.stringify([namespace, conditions]);
    const kept = this.#listings.get(key);
    this.#listings.delete(key);
    const listing =
      kept?.total === total ? kept : { total, cursors: new Cursors(this.#store, namespace, filterOf(conditions)) };
    this.#listings.set(key, listing);
    const [oldest] = this.#listings.keys();
    if (this.#listings.size > LISTINGS && oldest !== undefined) this.#listings.delete(oldest);
    return listing.cursors;
  }
}
