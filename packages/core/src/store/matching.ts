import type { Condition, Reader } from "../catalogue/reader.js";
import { Pace, throwIfAborted } from "../pace.js";
import { type Engine, heldRecords } from "./engine.js";
import type { Filtering } from "./masks.js";
import { addRows, noRows, rowsIn } from "./row-bits.js";
import { EVERYTHING } from "./selection.js";

/** Row numbers looked at in one statement, or ids. */
const SPAN = 2_048;

/** Among fewer rows than one in this many of a span, those that are there are found one by one. */
const FEW = 16;

/** How often records are counted beside writes, before writes must wait. */
const ATTEMPTS = 4;

/** Rows of a namespace that meet a filter and have not expired, or without one all, ascending, some at a time. */
export async function* matchingRows(
  engine: Engine,
  reader: Reader,
  namespace: number,
  filtering: Filtering | undefined,
  pace: Pace,
): AsyncGenerator<readonly number[]> {
  const held = heldRecords(engine, namespace);
  const condition = engine.expiry.unexpired(EVERYTHING, Date.now());
  if (!filtering) {
    yield* allRows(reader, namespace, EVERYTHING, pace);
    return;
  }
  const mask = engine.masks.of(namespace, filtering);
  while (!mask.covers(reader)) await mask.grow(reader, held, pace);
  const bits = mask.bits();
  const last = 8 * bits.length - 1;
  for (let after = 0; after < last; after += SPAN) {
    const rows = rowsIn(bits, after, after + SPAN);
    if (rows.length === 0) continue;
    if (FEW * rows.length < SPAN) yield reader.rowsAmong(namespace, rows, condition);
    else {
      const wanted = new Set(rows);
      yield reader.rowsBetween(namespace, after, after + SPAN, condition).filter((row) => wanted.has(row));
    }
    if (pace.due) await pace.pause();
  }
}

/** How many records of a namespace meet a filter (default: all) and have not expired, at one moment. */
export async function countRecords(
  engine: Engine,
  name: string,
  filtering: Filtering | undefined,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { catalogue } = engine;
  const counted = async (reader: Reader) => {
    throwIfAborted(signal);
    const namespace = engine.namespaces.get(name);
    if (namespace === undefined) return 0;
    if (!filtering && Date.now() < engine.expiry.next) return heldRecords(engine, namespace);
    const pace = new Pace(signal);
    const found = filtering
      ? matchingRows(engine, reader, namespace, filtering, pace)
      : allRows(reader, namespace, engine.expiry.unexpired(EVERYTHING, Date.now()), pace);
    let count = 0;
    for await (const rows of found) count += rows.length;
    return count;
  };
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = catalogue.commits;
    const count = await counted(catalogue.reader);
    if (catalogue.commits === before) return count;
  }
  // Writes come faster than it can be counted between two of them.
  return catalogue.write(counted);
}

/** The rows of a namespace that meet a condition, ascending. Its index of ids, which holds them too, is smaller than the records. */
export async function* allRows(
  reader: Reader,
  namespace: number,
  condition: Condition,
  pace: Pace,
): AsyncGenerator<readonly number[]> {
  const last = reader.lastRow();
  const bits = noRows(last);
  for (let id: string | undefined = ""; id !== undefined; ) {
    const page = reader.rowsByIds(namespace, id, SPAN, condition);
    addRows(bits, page.rows);
    id = page.last;
    if (pace.due) await pace.pause();
  }
  for (let after = 0; after < last; after += SPAN) {
    const rows = rowsIn(bits, after, after + SPAN);
    if (rows.length > 0) yield rows;
    if (pace.due) await pace.pause();
  }
}
