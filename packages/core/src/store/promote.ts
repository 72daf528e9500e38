import type { OriginalRow } from "../catalogue/reader.js";
import type { Transaction } from "../catalogue/transaction.js";
import { ThermoclineError } from "../errors.js";
import { abortedAfter, Pace, throwIfAborted } from "../pace.js";
import type { CallOptions, Progress, PromoteOptions, Selection } from "../types.js";
import { type Engine, partitionOf } from "./engine.js";
import { scoredOriginals } from "./original.js";
import { validSelection } from "./selection.js";
import { validNamespace } from "./validate.js";
import { Departures, remove, selectedRows } from "./write.js";

/** Rows moved up in one transaction: a few milliseconds' work. */
export const PROMOTED_ROWS = 256;

/** What is done with rows beside moving those up that are cold. */
interface Purpose {
  /** Whether to pin them: then rows that are hot already count, unless they are pinned. */
  readonly pin: boolean;
  /** Whether moving up counts as a use: a caller's wish does. */
  readonly touch: boolean;
}

/** Moves the selected cold rows of a namespace to the hot tier and returns how many moved. */
export async function promoteSelected(engine: Engine, selection: Selection, options: PromoteOptions): Promise<number> {
  const { namespace, rows } = await selected(engine, selection, options);
  if (namespace === undefined) return 0;
  const cold = rows.filter((row) => !engine.heat.has(row));
  return promoteRows(engine, namespace, cold, { pin: false, touch: true }, options);
}

/** Pins the selected rows of a namespace, moves up those that are cold, and returns how many were not pinned before. */
export async function pinSelected(engine: Engine, selection: Selection, options: PromoteOptions): Promise<number> {
  const { namespace, rows } = await selected(engine, selection, options);
  if (namespace === undefined) return 0;
  const free = rows.filter((row) => !engine.heat.isPinned(row));
  return promoteRows(engine, namespace, free, { pin: true, touch: true }, options);
}

/** Unpins the selected rows of a namespace in one transaction and returns how many were pinned. */
export async function unpinSelected(engine: Engine, selection: Selection, options: CallOptions): Promise<number> {
  const checked = validSelection(selection);
  const name = validNamespace(options.namespace);
  throwIfAborted(options.signal);
  const unpinned = await engine.catalogue.write(
    async (transaction) => {
      const pace = new Pace(options.signal);
      throwIfAborted(options.signal);
      const namespace = engine.namespaces.get(name);
      const pinned: number[] = [];
      for await (const rows of selectedRows(engine, transaction, namespace, checked, pace)) {
        for (const row of rows) {
          if (!engine.heat.isPinned(row)) continue;
          transaction.unpin(row);
          pinned.push(row);
          if (pace.due) await pace.pause();
        }
      }
      return pinned;
    },
    (rows) => {
      for (const row of rows) engine.heat.unpin(row);
    },
  );
  return unpinned.length;
}

async function selected(engine: Engine, selection: Selection, options: CallOptions) {
  const checked = validSelection(selection);
  const name = validNamespace(options.namespace);
  throwIfAborted(options.signal);
  return engine.catalogue.read(async () => {
    const namespace = engine.namespaces.get(name);
    const rows: number[] = [];
    const pace = new Pace(options.signal);
    for await (const some of selectedRows(engine, engine.catalogue.reader, namespace, checked, pace)) {
      for (const row of some) if (!engine.plain.has(row)) rows.push(row);
    }
    // Before anything moves: a call that is refused has changed nothing.
    if (engine.settings.originals === "none") refuseCold(rows.filter((row) => !engine.heat.has(row)).length);
    return { namespace, rows };
  });
}

function refuseCold(rows: number): void {
  if (rows === 0) return;
  throw new ThermoclineError(
    "UNSUPPORTED",
    `${rows} of these records are cold, and with originals "none" their vectors are gone; write them anew to make them hot.`,
  );
}

/** Moves cold rows of one namespace to the hot tier, some at a time, each time in a transaction of its own. */
export async function promoteRows(
  engine: Engine,
  namespace: number,
  rows: readonly number[],
  purpose: Purpose,
  { signal, onProgress }: PromoteOptions = {},
): Promise<number> {
  const ascending = [...rows].sort((a, b) => a - b);
  const phase: Progress["phase"] = purpose.pin ? "pin" : "promote";
  let moved = 0;
  try {
    for (let at = 0; at < ascending.length; at += PROMOTED_ROWS) {
      throwIfAborted(signal);
      moved += await promoteSome(engine, namespace, ascending.slice(at, at + PROMOTED_ROWS), purpose, signal);
      onProgress?.({ phase, done: Math.min(at + PROMOTED_ROWS, ascending.length), total: ascending.length });
    }
  } catch (error) {
    const done = purpose.pin ? "rows had been pinned, and stay so" : "rows had moved, and stay hot";
    throw moved > 0 ? abortedAfter(error, `${moved} of ${rows.length} ${done}`) : error;
  }
  return moved;
}

/** Moves those of the rows up that are still cold, in one transaction; returns how many moved, or were pinned. */
async function promoteSome(
  engine: Engine,
  namespace: number,
  wanted: readonly number[],
  { pin, touch }: Purpose,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { kernel, settings, catalogue } = engine;
  const { done } = await catalogue.write(
    async (transaction) => {
      const { dim } = engine;
      if (dim === undefined) return { done: 0 };
      const pace = new Pace(signal);
      const departures = new Departures();
      const arrivals = kernel.hotBatch(dim);
      const moved: { readonly row: number; readonly bits: number }[] = [];
      const pinned: number[] = [];
      for (const row of wanted) {
        const block = transaction.blockOf(row);
        if (block === undefined) continue;
        if (block !== null) {
          const original = originalOf(transaction, row);
          transaction.moveToHot(row, original);
          arrivals.add(Uint32Array.of(row), scoredOriginals(kernel, settings.metric, dim, [original]));
          departures.add(row, block);
          moved.push({ row, bits: original.bits });
        }
        if (pin && !engine.heat.isPinned(row)) {
          transaction.pin(row);
          pinned.push(row);
        }
        if (pace.due) await pace.pause();
      }
      const removal = await remove(transaction, departures, pace);
      const partition = partitionOf(engine, namespace, dim);
      return { done: pin ? pinned.length : moved.length, change: { partition, arrivals, moved, pinned, removal } };
    },
    ({ change }) => {
      if (!change) return;
      const { partition, arrivals, moved, pinned, removal } = change;
      for (const { block, rows, whole } of removal.cold) {
        if (whole) partition.dropBlock(block);
        else partition.removeCold(block, Uint32Array.from(rows));
      }
      partition.takeHot(arrivals);
      for (const { row, bits } of moved) engine.heat.arrive(row, touch, bits);
      for (const row of pinned) engine.heat.pin(row);
      engine.promotions += moved.length;
    },
  );
  return done;
}

function originalOf(transaction: Transaction, row: number): OriginalRow {
  const original = transaction.original(row);
  if (original) return original;
  throw new ThermoclineError("CORRUPT", `The original of row ${row} is missing. Restore a backup.`);
}
