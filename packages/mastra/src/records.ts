import type { Metadata, RecordInput, StoredRecord } from "@thermocline/core";
import { type Condition, filterOf, narrowing, predicateOf } from "./condition.js";
import type { Index } from "./indexes.js";

/** Records that a condition holds for, in the order in which they were written. */
export async function* matching(
  { store }: Index,
  condition: Condition,
  includeVectors: boolean,
): AsyncGenerator<StoredRecord> {
  const filter = filterOf(condition);
  if (filter) {
    yield* store.list({ filter, includeVectors });
    return;
  }
  const holds = predicateOf(condition);
  for await (const record of store.list({ filter: narrowing(condition), includeVectors })) {
    if (holds(record.metadata)) yield record;
  }
}

/** Their ids. */
export async function idsOf(index: Index, condition: Condition): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of matching(index, condition, false)) ids.push(id);
  return ids;
}

/**
 * Writes records and deletes those of the ids, but for what is written, in one transaction: a record that expired long ago deletes what
 * has its id and is not written itself, and of two with the same id the last one counts.
 */
export async function replace(
  index: Index,
  records: readonly RecordInput[],
  deleted: readonly string[],
): Promise<void> {
  await index.store.upsert([...deleted.map((id) => ({ id, expiresAt: 0 })), ...records]);
}

/** What `updateVector` puts in a record's place: its vector, its metadata, or both; metadata are replaced whole. */
export interface Update {
  readonly vector: readonly number[] | undefined;
  readonly metadata: Metadata | undefined;
}

export function updated(record: StoredRecord, update: Update): RecordInput {
  const { id, text, expiresAt } = record;
  const vector = update.vector ?? record.vector;
  return { id, text, expiresAt, ...(vector && { vector }), metadata: update.metadata ?? record.metadata };
}
