import type { QueryResult } from "@mastra/core/vector";
import type { Filter, Hit, StoredRecord } from "@thermocline/core";
import { type Condition, filterOf, predicateOf } from "./condition.js";
import type { Index } from "./indexes.js";
import { matching } from "./records.js";

/** A condition as core's queries take it: a filter, or where core's language has no words for a part of it, a function. */
export function searchable(condition: Condition): Filter | ((record: StoredRecord) => boolean) {
  const filter = filterOf(condition);
  if (filter) return filter;
  const holds = predicateOf(condition);
  return ({ metadata }) => holds(metadata);
}

/** The first records that a condition holds for, with the score 0: nothing was compared. */
export async function listed(
  index: Index,
  condition: Condition,
  limit: number,
  includeVector: boolean,
): Promise<QueryResult[]> {
  const results: QueryResult[] = [];
  for await (const record of matching(index, condition, includeVector)) {
    results.push(result(record, 0));
    if (results.length === limit) break;
  }
  return results;
}

/** A record as Mastra's callers get it. */
export function result({ id, metadata, vector }: Hit | StoredRecord, score: number): QueryResult {
  return { id, score, metadata, ...(vector && { vector: Array.from(vector) }) };
}
