import { createHash } from "node:crypto";
import { type Filter, type Metadata, type StoredRecord, type Thermocline, ThermoclineError } from "@thermocline/core";
import type { EmbeddingProvider } from "../../embedding/provider.js";
import { SETTINGS } from "../../embedding/remembered.js";
import { misuse } from "../../failure.js";
import type { Input, Output } from "./schemas.js";

/** What the tools do, on a store. */
export class Memory {
  readonly #store: Thermocline;
  readonly #embedding: EmbeddingProvider | undefined;
  readonly #namespace: string | undefined;

  /** Without an embedding memories have no vectors, and are recalled by their words. */
  constructor(store: Thermocline, embedding: EmbeddingProvider | undefined, namespace: string | undefined) {
    [this.#store, this.#embedding, this.#namespace] = [store, embedding, namespace];
  }

  async remember(
    { text, id = idOf(text), namespace: named, metadata, ttl }: Input<"remember">,
    signal: AbortSignal,
  ): Promise<Output<"remember">> {
    const namespace = this.#namespaceOf(named);
    const vector = await this.#vectorOf(text, signal);
    const [before] = await this.#store.get([id], { namespace });
    const expiresAt = ttl === undefined ? undefined : Date.now() + 1000 * ttl;
    const record = { id, text, metadata: metadata as Metadata | undefined, expiresAt };
    await this.#store.upsert([vector ? { ...record, vector } : record], { namespace, signal });
    return { id, replaced: before !== undefined, ...timeOf(expiresAt) };
  }

  async recall(
    { query, k, filter, namespace: named, mode }: Input<"recall">,
    signal: AbortSignal,
  ): Promise<Output<"recall">> {
    const namespace = this.#namespaceOf(named);
    const { text, vector, ...how } = await this.#ask(query, mode, signal);
    const hits = await this.#store.query({ text, vector, k, filter: filter as Filter | undefined, namespace, signal });
    return { ...how, memories: hits.map((hit) => ({ ...memoryOf(hit), score: hit.score })) };
  }

  async forget({ ids, filter, namespace: named }: Input<"forget">, signal: AbortSignal): Promise<Output<"forget">> {
    const namespace = this.#namespaceOf(named);
    if ((ids === undefined) === (filter === undefined))
      misuse("Say which memories to forget; give either ids or filter.");
    if (filter !== undefined && matchesAll(filter)) {
      misuse(
        "The filter is empty and would forget everything; name a field, or give the ids that recall and list give.",
      );
    }
    const selection = ids ? { ids } : { filter: filter as Filter };
    return { forgotten: await this.#store.delete(selection, { namespace, signal }) };
  }

  async list({ filter, namespace: named, limit, cursor }: Input<"list">, signal: AbortSignal): Promise<Output<"list">> {
    const namespace = this.#namespaceOf(named);
    const options = { filter: filter as Filter | undefined, namespace, limit, cursor, signal };
    const page = await this.#store.listPage(options);
    const memories = page.records.map(memoryOf);
    return page.cursor === undefined ? { memories } : { memories, cursor: page.cursor };
  }

  /** One memory; undefined where there is none. */
  async read(id: string, named?: string): Promise<object | undefined> {
    const [record] = await this.#store.get([id], { namespace: this.#namespaceOf(named) });
    return record && { ...memoryOf(record), namespace: record.namespace };
  }

  #namespaceOf(named: string | undefined): string | undefined {
    if (named === SETTINGS) misuse(`The namespace ${SETTINGS} is the server's own; choose another.`);
    return named ?? this.#namespace;
  }

  /** What a query is asked by: what `mode` says, or words alone where there is no vector to be had. */
  async #ask(
    query: string,
    mode: Input<"recall">["mode"],
    signal: AbortSignal,
  ): Promise<{ mode: typeof mode; text?: string; vector?: ArrayLike<number>; note?: string }> {
    if (mode === "keyword") return { mode, text: query };
    const words = (why: string) => {
      if (mode === "hybrid") return { mode: "keyword" as const, text: query, note: why };
      const how = 'give mode "keyword", or start the server with the embedding that the store was filled with';
      throw new ThermoclineError("UNSUPPORTED", `${why}; ${how}.`);
    };
    if (!this.#embedding) return words("This store is searched by words only: the server has no embedding for it");
    try {
      const vector = await this.#vectorOf(query, signal);
      return mode === "vector" ? { mode, vector: vector ?? [] } : { mode, text: query, vector: vector ?? [] };
    } catch (error) {
      if (signal.aborted) throw error;
      return words(`The query could not be embedded (${error instanceof Error ? error.message : String(error)})`);
    }
  }

  async #vectorOf(text: string, signal: AbortSignal): Promise<ArrayLike<number> | undefined> {
    return (await this.#embedding?.embed([text], signal))?.[0];
  }
}

/** The same text has the same id, so what is remembered twice is there once. */
function idOf(text: string): string {
  return `memory-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
}

function memoryOf({ id, text = "", metadata, tier, expiresAt }: StoredRecord) {
  return { id, text, metadata: { ...metadata }, tier, ...timeOf(expiresAt) };
}

function timeOf(expiresAt: number | undefined): { expiresAt?: string } {
  return expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() };
}

/** Whether a filter names no field, so that nothing is left out by it. */
function matchesAll(filter: unknown): boolean {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) return false;
  return Object.entries(filter).every(([key, value]) => {
    if (!Array.isArray(value)) return false;
    if (key === "$and") return value.every(matchesAll);
    return key === "$or" && value.some(matchesAll);
  });
}
