import type { Filter, Hit, StoredRecord, Thermocline } from "@thermocline/core";
import { byNamespace, headOf, ITEMS, readItems, textOf } from "./items.js";
import { type Labels, labelsOf } from "./namespaces.js";
import type { Search } from "./operations.js";

/** The record of an item that was found, and how similar it is to the query, if there was one. */
export interface Found {
  readonly record: StoredRecord;
  readonly score?: number;
}

/** Hits whose items are read at a time. */
const PAGE = 64;

/** How often a search that puts overtake is begun at most. */
const ATTEMPTS = 4;

/** The most that core can be asked for. */
const MOST = 2 ** 31;

/** Namespaces of the underlying store that hold items below a prefix, in the order in which they were made. */
async function namesBelow(core: Thermocline, root: string, prefix: Labels): Promise<string[]> {
  const names = (await core.namespaces()).map(({ name }) => name);
  return names.filter((name) => {
    const labels = labelsOf(root, name);
    return labels !== undefined && prefix.every((label, i) => label === labels[i]);
  });
}

/** Items that meet a filter, namespace by namespace, in the order in which they were put. */
export async function filtered(
  core: Thermocline,
  root: string,
  { prefix, filter, limit, offset }: Search,
  refreshing: boolean,
): Promise<Found[]> {
  const found: Found[] = [];
  if (limit === 0) return found;
  let passed = 0;
  for (const namespace of await namesBelow(core, root, prefix)) {
    const written = core.list({ namespace, filter: { $and: [ITEMS, filter] } });
    for await (const record of refreshing ? await inOrder(written) : written) {
      passed += 1;
      if (passed > offset) found.push({ record });
      if (found.length === limit) return found;
    }
  }
  return found;
}

/** Where reading writes records anew, the order in which they were written is not that of puts. */
async function inOrder(records: AsyncIterable<StoredRecord>): Promise<StoredRecord[]> {
  const all: StoredRecord[] = [];
  for await (const record of records) all.push(record);
  return all.sort((a, b) => headOf(a).order - headOf(b).order);
}

/**
 * Items by the similarity of the best of their texts, best first. An item that is put while its texts are looked for would be
 * missing; where that happens again and again, the search is done by `alone`, which keeps puts waiting.
 */
export async function ranked(
  core: Thermocline,
  root: string,
  search: Search,
  vector: readonly number[],
  alone: <T>(work: () => Promise<T>) => Promise<T>,
): Promise<Found[]> {
  const attempt = () => bestItems(core, root, search, vector);
  for (let n = 1; n < ATTEMPTS; n++) {
    const { items, overtaken } = await attempt();
    if (!overtaken) return items;
  }
  return (await alone(attempt)).items;
}

async function bestItems(
  core: Thermocline,
  root: string,
  { prefix, filter, limit, offset }: Search,
  vector: readonly number[],
): Promise<{ readonly items: Found[]; readonly overtaken: boolean }> {
  if (limit === 0) return { items: [], overtaken: false };
  const begun = Date.now();
  const wanted = Math.min(offset + limit, MOST);
  const names = await namesBelow(core, root, prefix);
  for (let depth = wanted; ; depth = Math.min(4 * depth, MOST)) {
    const { hits, floor } = await bestHits(core, names, vector, depth, filter);
    const { items, stale } = await itemsOf(core, hits, floor, wanted);
    const overtaken = stale.some((record) => headOf(record).updated >= begun);
    if (overtaken || items.length === wanted || floor === Number.NEGATIVE_INFINITY) {
      return { items: items.slice(offset), overtaken };
    }
  }
}

/** Hits of all namespaces, best first. Those at least as good as `floor` are all that there are. */
async function bestHits(
  core: Thermocline,
  names: readonly string[],
  vector: readonly number[],
  depth: number,
  filter: Filter,
): Promise<{ readonly hits: readonly Hit[]; readonly floor: number }> {
  let floor = Number.NEGATIVE_INFINITY;
  const hits: Hit[] = [];
  for (const namespace of names) {
    const some = await core.query({ vector, k: depth, filter, namespace });
    const last = some.at(-1);
    if (last && some.length === depth) floor = Math.max(floor, last.score);
    hits.push(...some);
  }
  return { hits: hits.sort((a, b) => b.score - a.score), floor };
}

/** The items that hits are about, each once, as many as are wanted, and those of which a text is not one of theirs any more. */
async function itemsOf(
  core: Thermocline,
  hits: readonly Hit[],
  floor: number,
  wanted: number,
): Promise<{ readonly items: Found[]; readonly stale: readonly StoredRecord[] }> {
  const found = new Map<string, Found>();
  const stale: StoredRecord[] = [];
  for (let at = 0; at < hits.length && found.size < wanted; at += PAGE) {
    const page = hits.slice(at, at + PAGE).filter(({ score }) => score >= floor);
    const records = await recordsOf(core, page);
    for (const hit of page) {
      const { key, version } = textOf(hit);
      const place = JSON.stringify([hit.namespace, key]);
      const record = records.get(place);
      if (!record || found.has(place) || found.size === wanted) continue;
      if (headOf(record).version === version) found.set(place, { record, score: hit.score });
      else stale.push(record);
    }
  }
  return { items: [...found.values()], stale };
}

async function recordsOf(core: Thermocline, hits: readonly Hit[]): Promise<ReadonlyMap<string, StoredRecord>> {
  const records = new Map<string, StoredRecord>();
  for (const [namespace, some] of byNamespace(hits, (hit) => hit.namespace)) {
    const keys = new Set(some.map((hit) => textOf(hit).key));
    for (const [key, record] of await readItems(core, namespace, [...keys])) {
      records.set(JSON.stringify([namespace, key]), record);
    }
  }
  return records;
}
