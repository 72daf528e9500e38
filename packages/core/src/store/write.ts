import type { ExpiringRow, Reader } from "../catalogue/reader.js";
import type { Transaction } from "../catalogue/transaction.js";
import { ThermoclineError } from "../errors.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { Progress, RecordInput, Selection, UpsertOptions } from "../types.js";
import { applyArrivals, beginCoding, writeVectors } from "./arrivals.js";
import type { Engine } from "./engine.js";
import { hasExpired } from "./expiry.js";
import { matchingRows } from "./matching.js";
import { type Selected, validSelection } from "./selection.js";
import { refuseMisfit } from "./settings.js";
import { expiryAfter, refuseDim, validBatch, validNamespace } from "./validate.js";

/** Rows that a transaction takes out of RAM. */
export class Departures {
  /** Hot rows, and those in no tier. */
  readonly loose: number[] = [];
  readonly cold = new Map<number, number[]>();

  /** A row, and its block if it is cold. */
  add(row: number, block: number | null): void {
    const before = block === null ? this.loose : this.cold.get(block);
    if (before) before.push(row);
    else if (block !== null) this.cold.set(block, [row]);
  }
}

/** What left a namespace: hot rows and those in no tier, and cold ones by block, or whole blocks. */
export interface Removal {
  readonly loose: readonly number[];
  readonly cold: readonly { readonly block: number; readonly rows: readonly number[]; readonly whole: boolean }[];
}

export async function remove(transaction: Transaction, departures: Departures, pace: Pace): Promise<Removal> {
  const cold = [];
  for (const [block, rows] of departures.cold) {
    cold.push({ block, rows, whole: transaction.clearLive(block, rows) });
    if (pace.due) await pace.pause();
  }
  return { loose: departures.loose, cold };
}

export function applyRemoval(engine: Engine, namespace: number, removal: Removal): void {
  const hot = removal.loose.filter((row) => !engine.plain.remove(namespace, row));
  const partition = engine.partitions.get(namespace);
  if (!partition) return;
  partition.removeHot(Uint32Array.from(hot));
  for (const row of hot) engine.heat.forget(row);
  for (const { block, rows, whole } of removal.cold) {
    for (const row of rows) engine.heat.forget(row);
    if (whole) partition.dropBlock(block);
    else partition.removeCold(block, Uint32Array.from(rows));
  }
}

/** Writes records in one transaction. Those with a vector are hot; those of the same id before them are gone. */
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
  const prepared = checked.then((batch) => {
    const { dim, vectors: values, hasVector } = batch;
    const vectors = dim === undefined ? undefined : { dim, values, count: hasVector.filter((has) => has).length };
    return { batch, vectors, coding: vectors && beginCoding(engine, vectors, signal) };
  });

  await catalogue.write(
    async (transaction) => {
      const { batch, vectors, coding } = await prepared;
      const { dim } = batch;
      const total = batch.ids.length;
      const report = (done: number) => onProgress?.({ phase: "write", done, total } satisfies Progress);
      const pace = new Pace(signal);
      throwIfAborted(signal);
      // Another first write may have come before.
      if (dim !== undefined && engine.dim !== undefined && engine.dim !== dim) {
        refuseDim("The first record's vector", dim, engine.dim);
      }
      if (dim !== undefined && engine.dim === undefined) {
        refuseMisfit(settings, dim);
        transaction.setSetting("dim", String(dim));
      }
      const namespace = transaction.namespace(name);
      const departures = new Departures();
      const rows: number[] = [];
      const places: number[] = [];
      const withoutVector: number[] = [];
      const expiring: ExpiringRow[] = [];
      const pinned: number[] = [];
      const discard = (id: string) => {
        const before = transaction.placeOf(namespace, id);
        if (!before) return undefined;
        transaction.deleteRecord(before.row);
        departures.add(before.row, before.block);
        return before.row;
      };
      /** Vectors of the batch up to now, written or not. */
      let passed = 0;
      for (const [i, id] of batch.ids.entries()) {
        const expires = batch.expires[i] ?? null;
        const plain = !batch.hasVector[i];
        const place = plain ? passed : passed++;
        if (hasExpired({ expires }, Date.now())) {
          discard(id);
          continue;
        }
        const [text, metadata] = [batch.texts[i] ?? null, batch.metadata[i] ?? "{}"];
        const insert = () =>
          transaction.insertRecord({ namespace, id, text, metadata, expires, plain: plain ? 1 : null });
        let row = insert();
        let before: number | undefined;
        if (row === undefined) {
          before = discard(id);
          row = insert();
          if (row === undefined)
            throw new ThermoclineError("CORRUPT", `Record ${id} is there twice. Restore a backup.`);
        }
        if (expires !== null) expiring.push({ row, expires });
        if (plain) withoutVector.push(row);
        else {
          rows.push(row);
          places.push(place);
        }
        if (before !== undefined && !plain && engine.heat.isPinned(before)) pinned.push(row);
        if (pace.due) {
          report(Math.floor(i / 2));
          await pace.pause();
        }
      }
      // Before blocks take rows in, so that none takes in what has left it.
      const removal = await remove(transaction, departures, pace);
      const written = { rows, places, pinned };
      const arrived =
        vectors &&
        (await writeVectors({ engine, transaction, namespace, vectors, pace }, written, coding, (share) =>
          report(Math.floor((total * (1 + share)) / 2)),
        ));
      // While it can still be undone: what the callback throws rejects the call.
      report(total);
      return { dim, namespace, arrived, withoutVector, expiring, pinned, removal };
    },
    ({ dim, namespace, arrived, withoutVector, expiring, pinned, removal }) => {
      engine.dim = dim ?? engine.dim;
      engine.namespaces.set(name, namespace);
      applyRemoval(engine, namespace, removal);
      if (dim !== undefined && arrived) applyArrivals(engine, namespace, dim, arrived);
      for (const row of withoutVector) engine.plain.add(namespace, row);
      for (const row of pinned) engine.heat.pin(row);
      engine.expiry.add(expiring);
    },
    prepared,
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
