import type { IndexConfig } from "@langchain/langgraph-checkpoint";
import { type OpenOptions, ThermoclineError } from "@thermocline/core";
import { type FieldPath, parsePath } from "./paths.js";

/**
 * How long items last. Times are in minutes.
 *
 * @example
 * const ttl: TTLConfig = { defaultTtl: 7 * 24 * 60, refreshOnRead: true };
 */
export interface TTLConfig {
  /** Of items that are put without a `ttl` of their own. Default: for ever. */
  readonly defaultTtl?: number | undefined;
  /** Whether an item's time begins anew whenever `get` or `search` returns it. Default true, where there is a `ttl` at all. */
  readonly refreshOnRead?: boolean | undefined;
  /**
   * Between two sweeps, which delete what has expired; it is not found any more in any case. Default: the `sweepInterval` of the
   * underlying store, a minute. Of a store that is lent, its own counts.
   */
  readonly sweepIntervalMinutes?: number | undefined;
}

/** What a put may say beside the value and what of it to index. */
export interface PutOptions {
  /** For how many minutes the item lasts. Default `ttl.defaultTtl` of the store. */
  readonly ttl?: number | undefined;
}

/**
 * What a store does with items, whoever opened the underlying store.
 *
 * @example
 * const view: StoreViewOptions = { index: { dims: 1536, embeddings, fields: ["text"] }, ttl: { defaultTtl: 60 } };
 */
export interface StoreViewOptions {
  /** The embeddings to search by, and what of a value is embedded. Without it, items are found by keys and filters only. */
  readonly index?: IndexConfig | undefined;
  readonly ttl?: TTLConfig | undefined;
  /**
   * What the namespaces of the underlying store begin with that hold this store's items: the item's labels follow, with colons
   * between them. No colon in it. Default `"langgraph"`.
   */
  readonly namespace?: string | undefined;
}

/**
 * How to open a store: the options of `Thermocline.open`, and what to do with items. Without `path` it lives in memory.
 *
 * @example
 * const config: ThermoclineStoreConfig = { path: "memory.db", index: { dims: 1536, embeddings } };
 */
export interface ThermoclineStoreConfig extends Omit<OpenOptions, "metric" | "dim">, StoreViewOptions {}

/** What is embedded, and by what. */
export interface Index {
  readonly dims: number;
  readonly embeddings: IndexConfig["embeddings"];
  readonly paths: readonly FieldPath[];
}

/** `StoreViewOptions`, complete and checked. */
export interface View {
  readonly root: string;
  readonly index: Index | undefined;
  /** In milliseconds; undefined: for ever. */
  readonly ttl: number | undefined;
  readonly refreshOnRead: boolean;
}

export function viewOf({ index, ttl, namespace = "langgraph" }: StoreViewOptions): View {
  if (typeof namespace !== "string" || namespace === "" || namespace.includes(":")) {
    throw new ThermoclineError("ARGUMENT", `namespace is ${JSON.stringify(namespace)}; give a name without a colon.`);
  }
  const refreshOnRead = ttl !== undefined && (ttl.refreshOnRead ?? true);
  if (typeof refreshOnRead !== "boolean") {
    throw new ThermoclineError("ARGUMENT", `ttl.refreshOnRead is ${String(refreshOnRead)}; give true or false.`);
  }
  return {
    root: namespace,
    index: index && indexOf(index),
    ttl: milliseconds("defaultTtl", ttl?.defaultTtl),
    refreshOnRead,
  };
}

/** Minutes that the caller gave as `name`, in milliseconds. */
export function milliseconds(name: string, minutes: unknown): number | undefined {
  if (minutes === undefined || minutes === null) return undefined;
  if (typeof minutes === "number" && minutes > 0 && minutes < Number.POSITIVE_INFINITY) return minutes * 60_000;
  throw new ThermoclineError("ARGUMENT", `${name} is ${String(minutes)}; give a number of minutes above 0.`);
}

function indexOf({ dims, embeddings, fields = ["$"] }: IndexConfig): Index {
  if (!Number.isInteger(dims) || dims < 1) {
    throw new ThermoclineError("ARGUMENT", `index.dims is ${String(dims)}; give the length of the embeddings.`);
  }
  if (typeof embeddings?.embedDocuments !== "function" || typeof embeddings.embedQuery !== "function") {
    throw new ThermoclineError(
      "ARGUMENT",
      "index.embeddings has no embedDocuments and embedQuery; give an Embeddings.",
    );
  }
  return { dims, embeddings, paths: pathsOf("index.fields", fields) };
}

/** Paths that the caller gave as `name`. */
export function pathsOf(name: string, fields: unknown): FieldPath[] {
  if (Array.isArray(fields)) return fields.map(parsePath);
  throw new ThermoclineError("ARGUMENT", `${name} is ${JSON.stringify(fields)}; give a list of paths, as ["$"].`);
}
