import { Meter } from "../calibration/meter.js";
import { concatenate } from "../catalogue/blob.js";
import type { BlockRow } from "../catalogue/code-blocks.js";
import { isLive } from "../catalogue/live.js";
import type { Transaction } from "../catalogue/transaction.js";
import { abortedAfter, Pace, throwIfAborted } from "../pace.js";
import type { CompactOptions, CompactReport } from "../types.js";
import { BLOCK_ROWS, type Picked, pick } from "./code-block.js";
import type { Engine } from "./engine.js";

/** A block that is kept, and how many rows it has by now. */
interface Kept {
  readonly block: number;
  readonly rows: number;
}

/** What a step made of a block. */
interface Step {
  /** The number of the block it looked at. */
  readonly block: number;
  /** The block that later ones may be put into. */
  readonly kept: Kept;
  readonly written: (Picked & { readonly block: number; readonly live: Uint8Array }) | undefined;
  readonly dropped: number | undefined;
}

/**
 * Rewrites code blocks without the rows that are gone, puts small ones together, forgets codebooks that no block has and what
 * indexes of fields say of rows that are gone, and gives free pages back. Each block is a transaction of its own, after which every answer is what it was before.
 */
export async function compactStore(engine: Engine, options: CompactOptions): Promise<CompactReport> {
  const { catalogue } = engine;
  const { signal } = options;
  throwIfAborted(signal);
  const before = await catalogue.read(() => sizes(engine));
  const namespaces = await catalogue.read(() => [...engine.partitions.keys()].sort((a, b) => a - b));
  const meter = new Meter("compact", before.rows + before.pages, options.onProgress);
  try {
    await meter.part(before.rows, async (done) => {
      let rows = 0;
      for (const namespace of namespaces) {
        rows += await compactBlocks(engine, namespace, signal, (so) => done((rows + so) / Math.max(before.rows, 1)));
      }
    });
    await catalogue.write((transaction) => {
      if (transaction.codebooks.count() > 1) transaction.deleteOldCodebooks();
    });
    await engine.indexes.clean(signal);
    await meter.part(before.pages, (done) => catalogue.shrink(signal, done));
  } catch (error) {
    throw abortedAfter(error, "what had been compacted stays so, and every record is as it was");
  }
  const after = await catalogue.read(() => sizes(engine));
  return {
    diskBytes: { before: before.diskBytes, after: after.diskBytes },
    ramBytes: { before: before.ramBytes, after: after.ramBytes },
  };
}

function sizes({ catalogue, partitions }: Engine) {
  const all = [...partitions.values()];
  return {
    diskBytes: catalogue.bytes,
    pages: catalogue.pages,
    ramBytes: all.reduce((sum, { hotBytes, coldBytes }) => sum + hotBytes + coldBytes, 0),
    rows: all.reduce((sum, partition) => sum + partition.count().cold, 0),
  };
}

/** Goes through a namespace's blocks, and returns how many rows they hold. */
async function compactBlocks(
  engine: Engine,
  namespace: number,
  signal: AbortSignal | undefined,
  onRows: (rows: number) => void,
): Promise<number> {
  let last: Step | undefined;
  let rows = 0;
  for (;;) {
    throwIfAborted(signal);
    const before: Step | undefined = last;
    last = await engine.catalogue.write(
      (transaction) => compactNext(transaction, namespace, before, signal),
      (step) => step && show(engine, namespace, step),
    );
    if (!last) return rows + (before?.kept.rows ?? 0);
    if (before && last.kept.block !== before.kept.block) rows += before.kept.rows;
    onRows(rows + last.kept.rows);
  }
}

/** Looks at the block after the last one: put into the one that is kept if there is room, else rewritten if rows are gone. */
async function compactNext(
  transaction: Transaction,
  namespace: number,
  last: Step | undefined,
  signal: AbortSignal | undefined,
): Promise<Step | undefined> {
  const number = transaction.blocks.after(last?.block ?? 0, namespace);
  if (number === undefined) return undefined;
  const block = transaction.blocks.get(number);
  const live = living(block);
  const target = last && roomIn(transaction, last.kept, live.rows.length);
  if (last && target) {
    const { block: kept } = last.kept;
    const all = merged(target, live);
    const bits = transaction.replaceBlock(kept, block.codebook, all.rows, all.codes);
    const pace = new Pace(signal);
    for (const row of live.rows) {
      transaction.moveToBlock(row, kept);
      if (pace.due) await pace.pause();
    }
    transaction.deleteBlock(number);
    const written = { ...all, block: kept, live: bits };
    return { block: number, kept: { block: kept, rows: all.rows.length }, written, dropped: number };
  }
  const kept = { block: number, rows: live.rows.length };
  if (live.rows.length === block.rows.length) return { block: number, kept, written: undefined, dropped: undefined };
  const bits = transaction.replaceBlock(number, block.codebook, live.rows, live.codes);
  return { block: number, kept, written: { ...live, block: number, live: bits }, dropped: undefined };
}

/** What is in the block that is kept, if it has room for so many rows: writes go on between two steps, so it may be gone, or full. */
function roomIn(transaction: Transaction, { block, rows }: Kept, more: number): Picked | undefined {
  if (rows + more > BLOCK_ROWS || !transaction.blocks.has(block)) return undefined;
  const found = living(transaction.blocks.get(block));
  return found.rows.length + more > BLOCK_ROWS ? undefined : found;
}

function show({ partitions, codebook }: Engine, namespace: number, { written, dropped }: Step): void {
  const partition = partitions.get(namespace);
  if (!partition || !codebook) return;
  if (written) partition.setBlock(written.block, codebook.codec, written.rows, written.codes, written.live);
  if (dropped !== undefined) partition.dropBlock(dropped);
}

/** The rows of a block that are still to be found, and their codes. */
function living({ rows, codes, live }: BlockRow): Picked {
  const places = Array.from(rows.keys()).filter((i) => isLive(live, i));
  return places.length === rows.length ? { rows, codes } : pick(rows, codes, codes.length / rows.length, places);
}

/** Two sets of rows in ascending order. */
function merged(a: Picked, b: Picked): Picked {
  const rows = Uint32Array.of(...a.rows, ...b.rows);
  const codes = concatenate([a.codes, b.codes]);
  const places = Array.from(rows.keys()).sort((i, j) => (rows[i] ?? 0) - (rows[j] ?? 0));
  return pick(rows, codes, codes.length / rows.length, places);
}
