import type { OpenOptions, Thermocline, UpsertOptions } from "@thermocline/core";

/** How a vector store looks at the records of an underlying store, whoever opened that. */
export interface ViewOptions {
  /** Whose nodes these are; those of other namespaces are never seen. Default `"default"`. */
  readonly namespace?: string | undefined;
  /**
   * Whether nodes must have embeddings. With `false`, those without are kept, too: words, filters and documents find them,
   * vectors do not. Default true: `add` refuses them, as a node that was forgotten would never be found.
   */
  readonly requireEmbeddings?: boolean | undefined;
}

/**
 * How to open a vector store: the options of `Thermocline.open`, and how to look at what is in it. Without `path` it lives
 * in memory; without `dim` the first nodes decide. Or a `client` that is open already, and stays yours to close.
 *
 * @example
 * const file: ThermoclineConfig = { path: "memory.db", namespace: "alice", cold: { bytes: 24 } };
 * const shared: ThermoclineConfig = { client: await Thermocline.open({ path: "memory.db" }), namespace: "bob" };
 */
export type ThermoclineConfig = ViewOptions &
  ((OpenOptions & { readonly client?: undefined }) | { readonly client: Thermocline });

/**
 * Options of `add`.
 *
 * @example
 * const options: AddOptions = { onProgress: ({ done, total }) => console.log(`${done} of ${total}`) };
 */
export type AddOptions = Pick<UpsertOptions, "signal" | "onProgress">;

/**
 * Options of `query` and `delete`.
 *
 * @example
 * const options: SignalOptions = { signal: AbortSignal.timeout(1_000) };
 */
export interface SignalOptions {
  /** Aborting rejects with code `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A query's `customParams`: what the frameworks' retrievers do not hand on, or have no word for. What the mode has no use
 * for is passed over; a key that is not one of these is an error.
 *
 * @example
 * const retriever = index.asRetriever({ mode: "hybrid", customParams: { alpha: 0.7 } satisfies ThermoclineQueryParams });
 */
export interface ThermoclineQueryParams {
  /** As the query's own, which comes first. */
  readonly alpha?: number | undefined;
  /** As the query's own, which comes first. */
  readonly mmrThreshold?: number | undefined;
  /** How many of the most similar nodes `mmr` chooses from, at least `similarityTopK`. Default max(20, 4 · `similarityTopK`). */
  readonly fetchK?: number | undefined;
  /** How words and vector become one ranking; see core's `QueryOptions`. Default `rrf`, or `relative` where `alpha` is given. */
  readonly fusion?: "rrf" | "relative" | undefined;
  /** Whether texts must have `any` (default) or `all` of the words, or the `phrase`. */
  readonly textMatch?: "any" | "all" | "phrase" | undefined;
}
