import type { Filter, OpenOptions, UpsertOptions } from "@thermocline/core";
import type { ThermoclineFilter } from "./filter.js";
import { isList } from "./lists.js";

/** How a vector store looks at the records of its namespace, whoever opened the underlying store. */
export interface ViewOptions {
  /** Whose documents these are; those of other namespaces are never seen. Default `"default"`. */
  readonly namespace?: string | undefined;
  /** Whether returned documents carry ids that the store generated; ids that you gave are always there. Default true. */
  readonly exposeIds?: boolean | undefined;
  /** Holds for every search, and for `delete` by filter or of all, beside the call's own filter. Ids see past it. */
  readonly filter?: ThermoclineFilter | undefined;
}

/**
 * How to open a vector store: the options of `Thermocline.open`, and how to look at what is in it. Without `path` it
 * lives in memory; without `dim` the first vectors decide.
 *
 * @example
 * const config: ThermoclineConfig = { path: "memory.db", namespace: "alice", cold: { bytes: 24 } };
 */
export interface ThermoclineConfig extends OpenOptions, ViewOptions {}

/**
 * Options of `addDocuments` and `addVectors`. `ids` are one for each document; where it has none, the document's own id
 * counts, and where that is missing too, one is generated.
 *
 * @example
 * const options: AddOptions = { ids: ["a", "b"], onProgress: ({ done, total }) => console.log(`${done} of ${total}`) };
 */
export interface AddOptions extends Pick<UpsertOptions, "signal" | "onProgress"> {
  readonly ids?: readonly (string | undefined)[] | undefined;
}

/**
 * What `delete` is about. Exactly one must be given, and only `deleteAll: true` means everything.
 *
 * @example
 * const old: DeleteOptions = { filter: { year: { $lt: 2015 } } };
 */
export interface DeleteOptions {
  readonly ids?: readonly string[] | undefined;
  readonly filter?: Filter | undefined;
  readonly deleteAll?: boolean | undefined;
}

/** Options of adding, of which a bare list of ids is the short form. */
export function addOptions(options: AddOptions | readonly string[]): AddOptions {
  return isList(options) ? { ids: options } : (options ?? {});
}
