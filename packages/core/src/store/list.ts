import { verdictOf } from "../filter/verdict.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { ListPageOptions, Metadata, RecordPage } from "../types.js";
import { listCursor, listPlace } from "./cursor.js";
import { type Engine, partitionOf } from "./engine.js";
import { STRETCH } from "./field-indexes.js";
import { stored, tierOfRecord, vectorOf } from "./hits.js";
import { type Filtering, LEAST_INDEXED } from "./masks.js";
import { rowsIn } from "./row-bits.js";
import { EVERYTHING, filteringOf } from "./selection.js";
import { integer } from "./settings.js";
import { validNamespace } from "./validate.js";

/** Row numbers looked at in one statement: few milliseconds, whatever the filter. */
const SPAN = 2_048;

/** One page of a listing. */
export async function recordPage<M extends Metadata>(
  engine: Engine,
  options: ListPageOptions<M>,
): Promise<RecordPage<M>> {
  const { signal, includeVectors } = options;
  const limit = integer("limit", options.limit ?? 100, 1, 10_000);
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
  if (filtering && !place) engine.indexes.use(filtering.paths);
  if (filtering && last - begin > LEAST_INDEXED) engine.indexes.start();
  // One more than asked for tells whether a page follows.
  let next = reader.rowAfter(begin);
  while (next !== undefined && next <= last && records.length <= limit) {
    const { from, to } = candidates(engine, filtering, next);
    const end = Math.min(to, last);
    const wanted = limit + 1 - records.length;
    const found = from > end ? [] : reader.recordsBetween(namespace, from - 1, end, condition, wanted);
    // With its vectors in the same turn: a record may be deleted in the next one.
    for (const record of found) {
      rows.push(record.row);
      const tier = tierOfRecord(record);
      const listed = stored<M>(record, name, tier);
      const vector =
        includeVectors && tier !== "none" && dim !== undefined
          ? { vector: vectorOf(engine, partitionOf(engine, namespace, dim), dim, record.row) }
          : {};
      records.push({ ...listed, ...vector });
    }
    if (pace.due) await pace.pause();
    next = reader.rowAfter(end);
  }
  if (records.length <= limit) return { records, cursor: undefined };
  return { records: records.slice(0, limit), cursor: listCursor({ row: rows[limit - 1] ?? last, last }) };
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
