import type { Metadata } from "../types.js";
import { evaluateFilter } from "./evaluate.js";
import type { Filter } from "./filter.js";
import { parseFilter } from "./parse.js";

/**
 * A filter as a function of metadata, which says of each record what queries with the filter say: for metadata that are not in a
 * store, or as a part of a predicate that also says what filters cannot. The filter is checked once, here.
 *
 * @throws `FILTER` for what is no filter
 * @example
 * const recent = filterPredicate({ year: { $gte: 2015 } });
 * const hits = await store.query({ vector, filter: ({ text, metadata }) => recent(metadata) && /storm/i.test(text ?? "") });
 */
export function filterPredicate<M extends Metadata = Metadata>(filter: Filter<M>): (metadata: M) => boolean {
  const node = parseFilter(filter);
  return (metadata) => evaluateFilter(node, metadata);
}
