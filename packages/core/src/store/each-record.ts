import type { ListOptions, ListPageOptions, Metadata, RecordPage, StoredRecord } from "../types.js";
import { integer } from "./settings.js";

/** Records read at a time: some milliseconds' work. */
const PAGE = 256;

/** The records of page after page, until there are no more or `limit` is reached. */
export async function* eachRecord<M extends Metadata>(
  page: (options: ListPageOptions<M>) => Promise<RecordPage<M>>,
  options: ListOptions<M>,
): AsyncGenerator<StoredRecord<M>, void, undefined> {
  let left = options?.limit === undefined ? Number.POSITIVE_INFINITY : integer("limit", options.limit, 1, 2 ** 31);
  let cursor = options?.cursor;
  do {
    const next = await page({ ...options, cursor, limit: Math.min(left, PAGE) });
    yield* next.records;
    left -= next.records.length;
    cursor = next.cursor;
  } while (cursor !== undefined && left > 0);
}
