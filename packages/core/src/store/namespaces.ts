import { isLive } from "../catalogue/live.js";
import type { ExpiringRow } from "../catalogue/reader.js";
import type { Transaction } from "../catalogue/transaction.js";
import { ThermoclineError } from "../errors.js";
import { Pace, throwIfAborted } from "../pace.js";
import type { NamespaceOptions, NamespaceSummary, Progress } from "../types.js";
import { pick } from "./code-block.js";
import { type Engine, heldRecords, partitionOf } from "./engine.js";
import { matchingRows } from "./matching.js";
import { scoredOriginals } from "./original.js";
import { shown } from "./settings.js";
import { validNamespace } from "./validate.js";

/** Records that are read at a time, to be copied. */
const PAGE = 256;

/** The namespaces that hold records, in the order in which they were made. */
export function namespacesOf(engine: Engine): NamespaceSummary[] {
  const found: NamespaceSummary[] = [];
  for (const [name, number] of [...engine.namespaces].sort(([, a], [, b]) => a - b)) {
    const records = heldRecords(engine, number);
    const { hot, cold } = engine.partitions.get(number)?.count() ?? { hot: 0, cold: 0 };
    if (records > 0) found.push({ name, records, hot, cold, withoutVector: engine.plain.count(number) });
  }
  return found;
}

/** Calls `step` for each of the rows, a few milliseconds at a time, and says how far it is. */
async function forEachRow(
  rows: readonly number[],
  phase: Progress["phase"],
  { signal, onProgress }: NamespaceOptions,
  step: (row: number) => void,
): Promise<void> {
  const pace = new Pace(signal);
  for (const [i, row] of rows.entries()) {
    step(row);
    if (!pace.due) continue;
    onProgress?.({ phase, done: i + 1, total: rows.length });
    await pace.pause();
  }
  // While it can still be undone: what the callback throws rejects the call.
  onProgress?.({ phase, done: rows.length, total: rows.length });
}

/** All rows of a namespace, ascending. */
async function allOf(engine: Engine, reader: Transaction, namespace: number, { signal }: NamespaceOptions) {
  const rows: number[] = [];
  for await (const some of matchingRows(engine, reader, namespace, undefined, new Pace(signal))) {
    for (const row of some) rows.push(row);
  }
  return rows;
}

/** Forgets a namespace with all of its records in one transaction, and returns how many there were. */
export async function dropNamespace(engine: Engine, given: string, options: NamespaceOptions): Promise<number> {
  const name = requiredNamespace("name", given);
  throwIfAborted(options.signal);
  const dropped = await engine.catalogue.write(
    async (transaction) => {
      throwIfAborted(options.signal);
      const number = engine.namespaces.get(name);
      if (number === undefined) return { number, rows: [] };
      const rows = await allOf(engine, transaction, number, options);
      await forEachRow(rows, "delete", options, (row) => transaction.deleteRecord(row));
      for (const block of transaction.blocks.numbersOf(number)) transaction.deleteBlock(block);
      transaction.deleteNamespace(number);
      return { number, rows };
    },
    ({ number, rows }) => {
      if (number === undefined) return;
      engine.namespaces.delete(name);
      engine.partitions.delete(number);
      for (const row of rows) if (!engine.plain.remove(number, row)) engine.heat.forget(row);
    },
  );
  return dropped.rows.length;
}

/** Copies all records of a namespace to one that has none, tiers and codes included, in one transaction. */
export async function copyNamespace(
  engine: Engine,
  source: string,
  target: string,
  options: NamespaceOptions,
): Promise<number> {
  const from = requiredNamespace("source", source);
  const to = requiredNamespace("target", target);
  throwIfAborted(options.signal);
  const copied = await engine.catalogue.write(
    async (transaction) => {
      throwIfAborted(options.signal);
      const number = engine.namespaces.get(from);
      const { dim } = engine;
      const rows = number === undefined ? [] : await allOf(engine, transaction, number, options);
      refuseTaken(engine, engine.namespaces.get(to), to);
      if (number === undefined || rows.length === 0) return undefined;
      const copies = await copyRecords(engine, transaction, rows, transaction.namespace(to), dim, options);
      return { ...copies, dim, blocks: await copyBlocks(transaction, number, copies, options) };
    },
    (copy) => {
      if (!copy) return;
      const { namespace, dim, hot, plain, expiring, arrivals, blocks } = copy;
      engine.namespaces.set(to, namespace);
      for (const row of plain) engine.plain.add(namespace, row);
      engine.expiry.add(expiring);
      if (dim === undefined) return;
      const partition = partitionOf(engine, namespace, dim);
      if (arrivals) partition.takeHot(arrivals);
      for (const { row, bits, pinned } of hot) {
        engine.heat.arrive(row, true, bits);
        if (pinned) engine.heat.pin(row);
      }
      for (const { codebook, block, rows, codes, live } of blocks) {
        if (codebook !== engine.codebook?.number) throw new Error("A block has another codebook than the one in use.");
        partition.setBlock(block, engine.codebook.codec, rows, codes, live);
      }
    },
  );
  return copied?.newRows.size ?? 0;
}

/** A namespace that must be named: the default is not to be dropped or written over by a slip. */
function requiredNamespace(what: string, name: unknown): string {
  if (name !== undefined) return validNamespace(name);
  throw new ThermoclineError("ARGUMENT", `${what} is undefined; give the name of a namespace.`);
}

function refuseTaken(engine: Engine, number: number | undefined, name: string): void {
  const taken = number === undefined ? 0 : heldRecords(engine, number);
  if (taken === 0) return;
  throw new ThermoclineError(
    "ARGUMENT",
    `The namespace ${shown(name)} holds ${taken} records; copy to one that holds none, or drop it first.`,
  );
}

/** Copies records and vectors; `dim` is undefined where there are none. Cold rows get their block when it is copied. */
async function copyRecords(
  engine: Engine,
  transaction: Transaction,
  rows: readonly number[],
  namespace: number,
  dim: number | undefined,
  options: NamespaceOptions,
) {
  const { kernel, settings } = engine;
  const newRows = new Map<number, number>();
  const hot: { readonly row: number; readonly bits: number; readonly pinned: boolean }[] = [];
  const plain: number[] = [];
  const expiring: ExpiringRow[] = [];
  const arrivals = dim === undefined ? undefined : kernel.hotBatch(dim);
  let page = transaction.records([]);
  await forEachRow(rows, "write", options, (row) => {
    if (!page.has(row)) page = transaction.records(rows.slice(newRows.size, newRows.size + PAGE));
    const record = page.get(row);
    if (!record) throw new ThermoclineError("CORRUPT", `Record ${row} is missing. Restore a backup.`);
    const copy = transaction.insertRecord({ ...record, namespace });
    if (copy === undefined) throw new ThermoclineError("CORRUPT", `Record ${row} is there twice. Restore a backup.`);
    if (record.expires !== null) expiring.push({ row: copy, expires: record.expires });
    newRows.set(row, copy);
    if (record.plain !== null) plain.push(copy);
    if (dim === undefined || !engine.heat.has(row)) return;
    const original = transaction.original(row);
    if (!original) throw new ThermoclineError("CORRUPT", `Row ${row} is hot but its vector is missing.`);
    transaction.insertHot(copy, original.vector, original.bits);
    arrivals?.add(Uint32Array.of(copy), scoredOriginals(kernel, settings.metric, dim, [original]));
    const pinned = engine.heat.isPinned(row);
    if (pinned) transaction.pin(copy);
    hot.push({ row: copy, bits: original.bits, pinned });
  });
  return { namespace, newRows, hot, plain, expiring, arrivals };
}

/** Copies what is live of each code block, and gives the copies of its rows their place there. */
async function copyBlocks(
  transaction: Transaction,
  from: number,
  { namespace, newRows }: { readonly namespace: number; readonly newRows: ReadonlyMap<number, number> },
  { signal }: NamespaceOptions,
) {
  const pace = new Pace(signal);
  const blocks = [];
  for (const number of transaction.blocks.numbersOf(from)) {
    const source = transaction.blocks.get(number);
    const places = Array.from(source.rows.keys()).filter((i) => isLive(source.live, i));
    const { rows, codes } = pick(source.rows, source.codes, source.codes.length / source.rows.length, places);
    // Copies are numbered in the order of their sources, so these ascend, too.
    const copies = rows.map((row) => newRows.get(row) ?? 0);
    const { block, live } = transaction.insertBlock(namespace, source.codebook, copies, codes);
    for (const [i, row] of rows.entries()) {
      transaction.insertCold(copies[i] ?? 0, block, transaction.original(row));
      if (pace.due) await pace.pause();
    }
    blocks.push({ block, codebook: source.codebook, rows: copies, codes, live });
  }
  return blocks;
}
