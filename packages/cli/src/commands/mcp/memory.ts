import { createHash } from "node:crypto";
import { type Filter, type Metadata, type StoredRecord, type Thermocline, ThermoclineError } from "@thermocline/core";
import { misuse } from "../../failure.js";
import type { Input, Output } from "./schemas.js";

/** From texts to vectors. */
export interface Embedding {
  readonly name: string;
  embed(texts: readonly string[], signal: AbortSignal): Promise<readonly ArrayLike<number>[]>;
}

/** What the tools do, on a store. */
export class Memory {
  readonly #store: Thermocline;
  readonly #embedding: Embedding | undefined;
  readonly #namespace: string | undefined;

  /** Without an embedding memories have no vectors, and are recalled by their words. */
  constructor(store: Thermocline, embedding: Embedding | undefined, namespace: string | undefined) {
    [this.#store, this.#embedding, this.#namespace] = [store, embedding, namespace];
  }

  async remember(
    { text, id = idOf(text), namespace = this.#namespace, metadata, ttl }: Input<"remember">,
    signal: AbortSignal,
  ): Promise<Output<"remember">> {
    const vector = await this.#vectorOf(text, signal);
    const [before] = await this.#store.get([id], { namespace });
    const expiresAt = ttl === undefined ? undefined : Date.now() + 1000 * ttl;
    const record = { id, text, metadata: metadata as Metadata | undefined, expiresAt };
    await this.#store.upsert([vector ? { ...record, vector } : record], { namespace, signal });
    return { id, replaced: before !== undefined, ...timeOf(expiresAt) };
  }

  async recall(
    { query, k, filter, namespace = this.#namespace, mode }: Input<"recall">,
    signal: AbortSignal,
  ): Promise<Output<"recall">> {
    const asked = await this.#ask(query, mode, signal);
    const { note, text, vector } = asked;
    const options = { k, filter: filter as Filter | undefined, namespace, signal };
    const hits = await this.#store.query({
      ...options,
      ...(text === undefined ? {} : { text }),
      ...(vector === undefined ? {} : { vector }),
    });
    return {
      mode: asked.mode,
      ...(note === undefined ? {} : { note }),
      memories: hits.map((hit) => ({ ...memoryOf(hit), score: hit.score })),
    };
  }

  async forget(
    { ids, filter, namespace = this.#namespace }: Input<"forget">,
    signal: AbortSignal,
  ): Promise<Output<"forget">> {
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

  async list(
    { filter, namespace = this.#namespace, limit, cursor }: Input<"list">,
    signal: AbortSignal,
  ): Promise<Output<"list">> {
    const options = { filter: filter as Filter | undefined, namespace, limit, cursor, signal };
    const page = await this.#store.listPage(options);
    const memories = page.records.map(memoryOf);
    return page.cursor === undefined ? { memories } : { memories, cursor: page.cursor };
  }

  /** One memory; undefined where there is none. */
  async read(id: string, namespace = this.#namespace): Promise<object | undefined> {
    const [record] = await this.#store.get([id], { namespace });
    return record && { ...memoryOf(record), namespace: record.namespace };
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
