import type { Filter } from "@thermocline/core";

/** What every framework's document, node or row says, whatever it is called there. */
export interface Entry {
  readonly id?: string | undefined;
  readonly text: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** An entry that a search found. */
export interface FoundEntry extends Entry {
  /** Similarity, higher is better. */
  readonly score: number;
}

/**
 * A store behind an adapter, in the suite's words. `Native` is what the framework calls a document. Texts become vectors by
 * `wordVector`, be it through the framework's embeddings or by the driver itself.
 */
export interface StoreDriver<Native = unknown> {
  /** The framework's own document; one without an id has none unless the framework makes it then and there. */
  document(entry: Entry): Native;
  /** What such a document says, to see that adding left it as it was. */
  read(document: Native): Entry;
  /** Adds documents, and gives their ids in their order. `ids`, where given, come before what the documents say. */
  add(documents: readonly Native[], ids?: readonly string[]): Promise<readonly string[]>;
  delete(ids: readonly string[]): Promise<void>;
  /** Up to `k` entries, best first. */
  search(text: string, k: number, filter?: Filter): Promise<readonly FoundEntry[]>;
  /** Entries by id, in the order of the ids, without those that are not there. Left out where the framework has no such call. */
  getByIds?(ids: readonly string[]): Promise<readonly Entry[]>;
  close(): Promise<void>;
}

/** Where a store is to live. */
export interface Place {
  /** The file; in memory without. */
  readonly path?: string | undefined;
  /** The tenant, or collection, or index. */
  readonly namespace?: string | undefined;
}

/** An adapter to be tested. */
export interface Adapter<Native = unknown> {
  open(place: Place): Promise<StoreDriver<Native>>;
  /** What the adapter or its framework cannot, so that the facts about it are passed over. */
  readonly lacks?: readonly ("getByIds" | "filters" | "namespaces" | "ids in add")[] | undefined;
}
