import type { Item } from "@langchain/langgraph-checkpoint";
import {
  type Metadata,
  type RecordInput,
  type StoredRecord,
  type Thermocline,
  ThermoclineError,
} from "@thermocline/core";
import { filterableOf } from "./fields.js";
import { labelsOf } from "./namespaces.js";
import type { Content, Put } from "./operations.js";

/**
 * An item is one record without a vector, which holds its value as text, and one with a vector for each of its embedded texts.
 * A put writes them all, and takes away those of the put before, in one transaction. The records of texts are named after the
 * put that wrote them (`version`), and count only while the item is of that version: so none can speak for another value.
 */
interface ItemHead {
  readonly kind: "item";
  readonly key: string;
  readonly version: string;
  /** How many texts it has. */
  readonly texts: number;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly updated: number;
  /** By what items are ordered: the time of the last put, in fractions of a millisecond where others were put in it. */
  readonly order: number;
  /** How long it lasts from a put or, where they count, a read on, in milliseconds. */
  readonly ttl?: number;
  /** Until when the records of its texts last. */
  readonly textsUntil?: number;
}

/** Items that one call of core reads. */
const PAGE = 256;

/** Holds for the records of items, and not for those of their texts. */
export const ITEMS = { kind: "item" } as const;

const GONE = new Date(0);

/** The least that doubles tell apart in today's milliseconds, with room. */
const STEP = 2 ** -10;

let lastOrder = 0;

function nextOrder(now: number): number {
  lastOrder = Math.max(now, lastOrder + STEP);
  return lastOrder;
}

export function itemId(key: string): string {
  return `item:${key}`;
}

function textIds({ version, texts }: Pick<ItemHead, "version" | "texts">): string[] {
  return Array.from({ length: texts }, (_, i) => `text:${version}:${i}`);
}

/** What the record of an item says of it. */
export function headOf({ id, metadata }: StoredRecord): ItemHead {
  if (metadata["kind"] === "item") return metadata as unknown as ItemHead;
  throw new ThermoclineError("CORRUPT", `The record ${JSON.stringify(id)} is not one that a put wrote.`);
}

/** The item that a record holds. */
export function itemOf(root: string, record: StoredRecord): Item {
  const { key, created, updated } = headOf(record);
  const namespace = [...(labelsOf(root, record.namespace) ?? [])];
  return {
    value: JSON.parse(record.text ?? "null"),
    key,
    namespace,
    createdAt: new Date(created),
    updatedAt: new Date(updated),
  };
}

/** Which item a record of a text is about: its key, and of which version it is. */
export function textOf({ metadata }: StoredRecord): { readonly key: string; readonly version: string } {
  return metadata as unknown as { readonly key: string; readonly version: string };
}

/** The records of items by key; those that are not there, or have expired, are left out. */
export async function readItems(
  core: Thermocline,
  namespace: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, StoredRecord>> {
  const found = new Map<string, StoredRecord>();
  for (let at = 0; at < keys.length; at += PAGE) {
    const page = keys.slice(at, at + PAGE);
    const records = await core.get(page.map(itemId), { namespace });
    for (const [i, key] of page.entries()) {
      const record = records[i];
      if (record) found.set(key, record);
    }
  }
  return found;
}

/** Puts and deletes items of one namespace, in one transaction; of several puts to a key the last one counts. */
export async function writeItems(
  core: Thermocline,
  namespace: string,
  puts: readonly Put[],
  vectorOf: (text: string) => readonly number[] | undefined,
): Promise<void> {
  const last = new Map<string, Content | undefined>();
  for (const { key, content } of puts) {
    // Deleted first, so that the order is that of the last puts.
    last.delete(key);
    last.set(key, content);
  }
  const before = await readItems(core, namespace, [...last.keys()]);
  const records: RecordInput[] = [];
  const now = Date.now();
  for (const [key, content] of last) {
    const old = before.get(key);
    const head = old && headOf(old);
    // A record that has expired before it is written takes the place of the one that is there, and is not there itself.
    if (head) for (const id of textIds(head)) records.push({ id, expiresAt: GONE });
    if (content) records.push(...recordsOf(key, content, now, head, vectorOf));
    else if (head) records.push({ id: itemId(key), expiresAt: GONE });
  }
  if (records.length > 0) await core.upsert(records, { namespace });
}

function recordsOf(
  key: string,
  { json, value, texts, ttl }: Content,
  now: number,
  old: ItemHead | undefined,
  vectorOf: (text: string) => readonly number[] | undefined,
): RecordInput[] {
  const vectors = texts.flatMap((text) => [vectorOf(text)]).filter((vector) => vector !== undefined);
  const version = crypto.randomUUID();
  const lasting = ttl === undefined ? {} : { ttl, textsUntil: now + 2 * ttl };
  const head: ItemHead = {
    kind: "item",
    key,
    version,
    texts: vectors.length,
    created: old?.created ?? now,
    // Later than before, also within a millisecond and where a clock is put back.
    updated: Math.max(now, (old?.updated ?? 0) + 1),
    order: nextOrder(now),
    ...lasting,
  };
  const filterable = filterableOf(value);
  const about: Metadata = { kind: "text", key, version, ...filterable };
  const ids = textIds(head);
  return [
    { id: itemId(key), text: json, metadata: { ...head, ...filterable }, expiresAt: ttl && now + ttl },
    ...vectors.map((vector, i): RecordInput => {
      return { id: ids[i] ?? "", vector, metadata: about, expiresAt: lasting.textsUntil };
    }),
  ];
}

/**
 * Lets items of one namespace last from now on as long as when they were put. Their texts are given twice that time, so that only
 * few reads have to write vectors. Items that are others by now are passed over.
 */
export async function refreshItems(core: Thermocline, namespace: string, seen: readonly StoredRecord[]): Promise<void> {
  const versions = new Map(seen.map(headOf).map(({ key, version }) => [key, version]));
  const records: RecordInput[] = [];
  const now = Date.now();
  for (const record of (await readItems(core, namespace, [...versions.keys()])).values()) {
    const head = headOf(record);
    const { key, version, ttl, textsUntil = 0 } = head;
    if (ttl === undefined || version !== versions.get(key)) continue;
    const until = now + ttl > textsUntil && head.texts > 0 ? now + 2 * ttl : textsUntil;
    const { id, text, metadata } = record;
    records.push({ id, text, metadata: { ...metadata, textsUntil: until }, expiresAt: now + ttl });
    if (until === textsUntil) continue;
    for (const of of await core.get(textIds(head), { namespace, includeVectors: true })) {
      if (of?.vector) records.push({ id: of.id, vector: of.vector, metadata: of.metadata, expiresAt: until });
    }
  }
  if (records.length > 0) await core.upsert(records, { namespace });
}

/** What belongs to each namespace of the underlying store. */
export function byNamespace<T>(values: readonly T[], of: (value: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(of(value));
    if (group) group.push(value);
    else groups.set(of(value), [value]);
  }
  return groups;
}
