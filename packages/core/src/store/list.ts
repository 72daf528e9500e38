import type { Condition } from "../catalogue/reader.js";
import { verdictOf } from "../filter/verdict.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { ListPageOptions, Metadata, RecordPage } from "../types.js";
import { listCursor, listPlace } from "./cursor.js";
import { type Engine, heldRecords, partitionOf } from "./engine.js";
import { STRETCH } from "./field-indexes.js";
import { stored, tierOfRecord, vectorOf } from "./hits.js";
import { type Filtering, LEAST_INDEXED } from "./masks.js";
import { allRows } from "./matching.js";
import { rowsIn } from "./row-bits.js";
import { EVERYTHING, filteringOf } from "./selection.js";
import { integer } from "./settings.js";
import { validNamespace } from "./validate.js";

/** Row numbers looked at in one statement: few milliseconds, whatever the filter. */
const SPAN = 2_048;

/** How many rows can be passed over in the time in which one is found by its id. */
const FEW = 16;

/** One page of a listing. */
export async function recordPage<M extends Metadata>(
  engine: Engine,
  options: ListPageOptions<M>,
): Promise<RecordPage<M>> {
  const { signal, includeVectors } = options;
  const limit = integer("limit", options.limit ?? 100, 1, 10_000);
  let offset = integer("offset", options.offset ?? 0, 0, 2 ** 31);
  const place = options.cursor === undefined ? undefined : listPlace(options.cursor);
  const filtering = filteringOf(options.filter);
  const name = validNamespace(options.namespace);
  throwIfAborted(signal);

  const { reader } = engine.catalogue;
  const condition = engine.expiry.unexpired(filtering?.condition ?? EVERYTHING, Date.now());
  const namespace = engine.namespaces.get(name);
  const { dim } = engine;
  const rows: number[] = [];
  const records: RecordPage<M>["records"][number][] = [];
  if (namespace === undefined) return { records, cursor: undefined };
  const pace = new Pace(signal);
  const { row: begin, last } = place ?? { row: 0, last: reader.lastRow() };
  const page: Page = { namespace, filtering, condition, begin, last, limit };
  // One more than asked for tells whether a page follows.
  for await (const [after, end] of stretches(engine, page, pace)) {
    let from = after;
    if (offset > 0) {
      const passed = reader.rowsBetween(namespace, after, end, condition);
      from = (passed[offset] ?? end + 1) - 1;
      offset -= Math.min(offset, passed.length);
    }
    // With its vectors in the same turn: a record may be deleted in the next one.
    for (const record of reader.recordsBetween(namespace, from, end, condition, limit + 1 - records.length)) {
      rows.push(record.row);
      const tier = tierOfRecord(record);
      const listed = stored<M>(record, name, tier);
      const vector =
        includeVectors && tier !== "none" && dim !== undefined
          ? { vector: vectorOf(engine, partitionOf(engine, namespace, dim), dim, record.row) }
          : {};
      records.push({ ...listed, ...vector });
    }
    if (records.length > limit) break;
    if (pace.due) await pace.pause();
  }
  if (records.length <= limit) return { records, cursor: undefined };
  return { records: records.slice(0, limit), cursor: listCursor({ row: rows[limit - 1] ?? last, last }) };
}

/** A page of a listing: `limit` of what follows row `begin`, up to row `last`. */
interface Page {
  readonly namespace: number;
  readonly filtering: Filtering | undefined;
  readonly condition: Condition;
  readonly begin: number;
  readonly last: number;
  readonly limit: number;
}

/**
 * What to look at for a page, as rows after one up to another, ascending. A namespace that has few of the store's rows is found
 * by its ids, all of it for each page.
 */
async function* stretches(
  engine: Engine,
  { namespace, filtering, condition, begin, last, limit }: Page,
  pace: Pace,
): AsyncGenerator<readonly [after: number, end: number]> {
  const { indexes } = engine;
  const { reader } = engine.catalogue;
  const held = heldRecords(engine, namespace);
  if (FEW * held * Math.max(1, held / limit) < last - begin) {
    for await (const rows of allRows(reader, namespace, condition, pace)) {
      for (const row of rows) if (row > begin && row <= last) yield [row - 1, row];
    }
    return;
  }
  if (filtering && begin === 0) indexes.use(filtering.paths);
  if (filtering && last - begin > LEAST_INDEXED) indexes.start();
  for (let next = reader.rowAfter(begin); next !== undefined && next <= last; ) {
    const { from, to } = candidates(engine, filtering, next);
    const end = Math.min(to, last);
    if (from <= end) yield [from - 1, end];
    else if (pace.due) await pace.pause();
    next = reader.rowAfter(end);
  }
}

/** The next rows to look at, from `row` on: those of which indexes say that they do not match are passed over. */
function candidates(
  engine: Engine,
  filtering: Filtering | undefined,
  row: number,
): { readonly from: number; readonly to: number } {
  const base = row - (row % STRETCH);
  const { reader } = engine.catalogue;
  const verdict = filtering && verdictOf(filtering.node, STRETCH, (path) => engine.indexes.pieces(reader, path, base));
  if (!verdict) return { from: row, to: row + SPAN };
  const rows = rowsIn(verdict.possible, row - base - 1, STRETCH - 1);
  const from = base + (rows[0] ?? STRETCH);
  return { from, to: Math.min(base + (rows.at(-1) ?? STRETCH - 1), from + SPAN) };
}
