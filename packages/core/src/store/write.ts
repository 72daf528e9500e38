import type { ExpiringRow, Reader } from "../catalogue/reader.js";
import type { Transaction } from "../catalogue/transaction.js";
import { ThermoclineError } from "../errors.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { Progress, RecordInput, Selection, UpsertOptions } from "../types.js";
import { type Engine, partitionOf, scored } from "./engine.js";
import { hasExpired } from "./expiry.js";
import { matchingRows } from "./matching.js";
import { encodeOriginal } from "./original.js";
import { type Selected, validSelection } from "./selection.js";
import { refuseMisfit } from "./settings.js";
import { expiryAfter, refuseDim, validBatch, validNamespace } from "./validate.js";

/** Rows that are laid out for the hot tier in one call of the kernel. */
const ARRIVING = 32;

/** Rows that a transaction takes out of the tiers. */
export class Departures {
  readonly hot: number[] = [];
  readonly cold = new Map<number, number[]>();

  add(row: number, block: number | null): void {
    const before = block === null ? this.hot : this.cold.get(block);
    if (before) before.push(row);
    else if (block !== null) this.cold.set(block, [row]);
  }
}

/** What left a partition: hot rows, and cold ones by block, or whole blocks. */
export interface Removal {
  readonly hot: readonly number[];
  readonly cold: readonly { readonly block: number; readonly rows: readonly number[]; readonly whole: boolean }[];
}

export async function remove(transaction: Transaction, departures: Departures, pace: Pace): Promise<Removal> {
  const cold = [];
  for (const [block, rows] of departures.cold) {
    cold.push({ block, rows, whole: transaction.clearLive(block, rows) });
    if (pace.due) await pace.pause();
  }
  return { hot: departures.hot, cold };
}

export function applyRemoval(engine: Engine, namespace: number, removal: Removal): void {
  const partition = engine.partitions.get(namespace);
  if (!partition) return;
  partition.removeHot(Uint32Array.from(removal.hot));
  for (const row of removal.hot) engine.heat.forget(row);
  for (const { block, rows, whole } of removal.cold) {
    for (const row of rows) engine.heat.forget(row);
    if (whole) partition.dropBlock(block);
    else partition.removeCold(block, Uint32Array.from(rows));
  }
}

/** Writes records in one transaction. They are hot; those of the same id before them are gone. */
export async function upsertRecords(
  engine: Engine,
  records: readonly RecordInput[],
  options: UpsertOptions,
): Promise<void> {
  const { kernel, catalogue, settings } = engine;
  const { signal, onProgress } = options;
  const name = validNamespace(options.namespace);
  throwIfAborted(signal);
  const otherwise = expiryAfter(options.ttl);
  if (Array.isArray(records) && records.length === 0) return;
  const checked = validBatch(kernel, settings.metric, engine.dim, records, otherwise, signal);

  await catalogue.write(
    async (transaction) => {
      const batch = await checked;
      const { dim } = batch;
      const total = batch.ids.length;
      const report = (done: number) => onProgress?.({ phase: "write", done, total } satisfies Progress);
      const pace = new Pace(signal);
      throwIfAborted(signal);
      // Another first write may have come before.
      if (engine.dim !== undefined && engine.dim !== dim) refuseDim("The first record's vector", dim, engine.dim);
      if (engine.dim === undefined) {
        refuseMisfit(settings, dim);
        transaction.setSetting("dim", String(dim));
      }
      const namespace = transaction.namespace(name);
      const departures = new Departures();
      const rows: number[] = [];
      const expiring: ExpiringRow[] = [];
      const pinned: number[] = [];
      const arrivals = kernel.hotBatch(dim);
      let arrived = 0;
      /** Takes in the rows that were written since the last time, whose vectors end before record `end`. */
      const arrive = (end: number) => {
        const some = Uint32Array.from(rows.slice(arrived));
        const vectors = batch.vectors.subarray((end - some.length) * dim, end * dim);
        if (some.length > 0) arrivals.add(some, scored(engine, vectors, dim));
        arrived = rows.length;
      };
      const discard = (id: string) => {
        const before = transaction.placeOf(namespace, id);
        if (!before) return undefined;
        transaction.deleteRecord(before.row);
        departures.add(before.row, before.block);
        return before.row;
      };
      for (const [i, id] of batch.ids.entries()) {
        const expires = batch.expires[i] ?? null;
        if (hasExpired({ expires }, Date.now())) {
          arrive(i);
          discard(id);
          continue;
        }
        const insert = () =>
          transaction.insertRecord(namespace, id, batch.texts[i] ?? null, batch.metadata[i] ?? "{}", expires);
        let row = insert();
        if (row === undefined) {
          const before = discard(id);
          row = insert();
          if (row === undefined)
            throw new ThermoclineError("CORRUPT", `Record ${id} is there twice. Restore a backup.`);
          if (before !== undefined && engine.heat.isPinned(before)) {
            transaction.pin(row);
            pinned.push(row);
          }
        }
        transaction.insertHot(row, encodeOriginal(kernel, batch.vectors.subarray(i * dim, (i + 1) * dim), 32));
        rows.push(row);
        if (expires !== null) expiring.push({ row, expires });
        if (rows.length - arrived === ARRIVING) arrive(i + 1);
        if (pace.due) {
          report(i);
          await pace.pause();
        }
      }
      arrive(batch.ids.length);
      const removal = await remove(transaction, departures, pace);
      // While it can still be undone: what the callback throws rejects the call.
      report(total);
      return { dim, namespace, rows, expiring, pinned, arrivals, removal };
    },
    ({ dim, namespace, rows, expiring, pinned, arrivals, removal }) => {
      engine.dim = dim;
      engine.namespaces.set(name, namespace);
      applyRemoval(engine, namespace, removal);
      partitionOf(engine, namespace, dim).takeHot(arrivals);
      for (const row of rows) engine.heat.arrive(row);
      for (const row of pinned) engine.heat.pin(row);
      engine.expiry.add(expiring);
    },
    checked,
  );
}

/** Deletes records in one transaction and returns how many there were. Ids that are not there are passed over. */
export async function deleteRecords(
  engine: Engine,
  selection: Selection,
  options: { readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  const selected = validSelection(selection);
  const name = validNamespace(options.namespace);
  throwIfAborted(options.signal);
  const { count } = await engine.catalogue.write(
    async (transaction) => {
      const pace = new Pace(options.signal);
      throwIfAborted(options.signal);
      const namespace = engine.namespaces.get(name);
      const departures = new Departures();
      let count = 0;
      for await (const rows of selectedRows(engine, transaction, namespace, selected, pace)) {
        for (const row of rows) {
          const block = transaction.blockOf(row);
          if (block === undefined) continue;
          transaction.deleteRecord(row);
          departures.add(row, block);
          count += 1;
          if (pace.due) await pace.pause();
        }
      }
      return { namespace, count, removal: await remove(transaction, departures, pace) };
    },
    ({ namespace, removal }) => {
      if (namespace !== undefined) applyRemoval(engine, namespace, removal);
    },
  );
  return count;
}

/** Row numbers of a selection, some at a time, in no particular order; ids that are not there have none. */
export async function* selectedRows(
  engine: Engine,
  reader: Reader,
  namespace: number | undefined,
  selected: Selected,
  pace: Pace,
): AsyncGenerator<readonly number[]> {
  if (namespace === undefined) return;
  if ("filtering" in selected) yield* matchingRows(engine, reader, namespace, selected.filtering, pace);
  else {
    for (const id of new Set(selected.ids)) {
      const place = reader.placeOf(namespace, id);
      if (place) yield [place.row];
    }
  }
}
