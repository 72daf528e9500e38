import { afterCoding, codingError, type Fit } from "../calibration/drift.js";
import { gather } from "../calibration/rows.js";
import type { Transaction } from "../catalogue/transaction.js";
import type { HotBatch } from "../kernel/kernel.js";
import { type Pace, throwIfAborted } from "../pace.js";
import { BLOCK_ROWS, type CodeBlock, pickCodes, placeCodes } from "./code-block.js";
import { ENCODED_ROWS, encodersOf, MOVED_ROWS } from "./demote.js";
import { type Codebook, type Engine, hotCapacity, hotRows, partitionOf, scored } from "./engine.js";
import { encodeHalves, encodeOriginal } from "./original.js";

/** Vectors of a batch that are coded at once, at least: fewer would fill blocks by rewriting them again and again. */
const CODED_ROWS = 256;

/** Rows that are laid out for the hot tier in one call of the kernel. */
const ARRIVING = 32;

/** Vectors that are to be stored, one after the other, as given. */
export interface Vectors {
  readonly dim: number;
  readonly values: Float32Array;
  readonly count: number;
}

/** Vectors being coded while their records are written. */
export interface Coding {
  readonly codebook: Codebook;
  /** Of all vectors, in their order. */
  readonly codes: Promise<Uint8Array>;
}

/** Rows and the places of their vectors among those of the batch; both ascend. */
interface Written {
  readonly rows: readonly number[];
  readonly places: readonly number[];
}

/** Code blocks that took rows in, and how well the codebook fits since. */
interface ColdArrivals {
  readonly codebook: Codebook;
  readonly fit: Fit;
  readonly blocks: readonly CodeBlock[];
}

/**
 * Begins to code a batch for which there is no room in the hot tier: its rows would only pass through there, and those that
 * queries return would have to leave for them. Undefined where rows go into the hot tier.
 */
export function beginCoding(engine: Engine, vectors: Vectors, signal: AbortSignal | undefined): Coding | undefined {
  const { codebook, settings } = engine;
  const { dim, count } = vectors;
  const full = hotRows(engine) + count > hotCapacity(engine);
  if (!codebook || dim !== engine.dim || settings.originals === "none" || count < CODED_ROWS || !full) return undefined;
  const codes = encode(engine, codebook, vectors, signal);
  // It may reject before anyone awaits it.
  codes.catch(() => {});
  return { codebook, codes };
}

async function encode(
  engine: Engine,
  { codec }: Codebook,
  { dim, values, count }: Vectors,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const codes = new Uint8Array(count * codec.bytes);
  let next = 0;
  const encoder = async () => {
    while (next < count) {
      throwIfAborted(signal);
      const at = next;
      next += ENCODED_ROWS;
      const some = values.subarray(at * dim, Math.min(next, count) * dim);
      codes.set(await codec.encode(scored(engine, some, dim)), at * codec.bytes);
    }
  };
  await Promise.all(Array.from({ length: encodersOf(engine) }, encoder));
  return codes;
}

/** Where rows are written. */
interface Arrival {
  readonly engine: Engine;
  readonly transaction: Transaction;
  readonly namespace: number;
  readonly vectors: Vectors;
  readonly pace: Pace;
}

/** Rows that were written: those into the hot tier, laid out for it, and the blocks of the others. */
export interface Arrivals {
  readonly hot: readonly number[];
  readonly batch: HotBatch;
  readonly cold: ColdArrivals | undefined;
}

/**
 * Writes the vectors of records that were written: with `coding` into the cold tier, but for those that are to be pinned, else
 * into the hot one. `onShare` is told what share of them is done.
 */
export async function writeVectors(
  arrival: Arrival,
  { rows, places, pinned }: Written & { readonly pinned: readonly number[] },
  coding: Coding | undefined,
  onShare: (share: number) => void,
): Promise<Arrivals> {
  const { engine, transaction } = arrival;
  // A calibration may have come between.
  const codebook = coding?.codebook.number === engine.codebook?.number ? engine.codebook : undefined;
  const stay = new Set(codebook ? pinned : rows);
  const share = (test: (row: number) => boolean): Written => ({
    rows: rows.filter(test),
    places: places.filter((_, i) => test(rows[i] ?? 0)),
  });
  const hot = share((row) => stay.has(row));
  const batch = await writeHot(arrival, hot, (done) => onShare(done / rows.length));
  for (const row of pinned) transaction.pin(row);
  if (!coding || !codebook) return { hot: hot.rows, batch, cold: undefined };
  const codes = await coding.codes;
  const onRows = (done: number) => onShare((hot.rows.length + done) / rows.length);
  const cold = await writeCold(
    arrival,
    { codebook, codes },
    share((row) => !stay.has(row)),
    onRows,
  );
  return { hot: hot.rows, batch, cold };
}

/** Writes rows into the hot tier's table, and lays them out for RAM. */
async function writeHot(
  { engine, transaction, vectors: { dim, values }, pace }: Arrival,
  { rows, places }: Written,
  onRows: (rows: number) => void,
): Promise<HotBatch> {
  const batch = engine.kernel.hotBatch(dim);
  for (let at = 0; at < rows.length; at += ARRIVING) {
    const some = rows.slice(at, at + ARRIVING);
    const vectors = gather(values, dim, places.slice(at, at + ARRIVING));
    for (const [i, row] of some.entries()) {
      transaction.insertHot(row, encodeOriginal(engine.kernel, vectors.subarray(i * dim, (i + 1) * dim), 32));
    }
    batch.add(Uint32Array.from(some), scored(engine, vectors, dim));
    if (!pace.due) continue;
    onRows(at + some.length);
    await pace.pause();
  }
  return batch;
}

/** Writes rows into the cold tier's tables, with their codes and what the store keeps of their vectors. */
async function writeCold(
  { engine, transaction, namespace, vectors: { dim, values }, pace }: Arrival,
  { codebook, codes }: { readonly codebook: Codebook; readonly codes: Uint8Array },
  { rows, places }: Written,
  onRows: (rows: number) => void,
): Promise<ColdArrivals> {
  const { codec } = codebook;
  const blocks = new Map<number, CodeBlock>();
  let fit: Fit = transaction.codebooks.fit(codebook.number);
  for (let at = 0; at < rows.length; at += BLOCK_ROWS) {
    const end = Math.min(at + BLOCK_ROWS, rows.length);
    const some = places.slice(at, end);
    const numbers = Uint32Array.from(rows.slice(at, end));
    const taken = pickCodes(codes, codec.bytes, some);
    const placed = placeCodes(transaction, namespace, codebook, numbers, taken);
    blocks.set(placed.block, placed);
    if (pace.due) await pace.pause();
    const vectors = gather(values, dim, some);
    for (let from = 0; from < numbers.length; from += MOVED_ROWS) {
      const to = Math.min(from + MOVED_ROWS, numbers.length);
      const part = vectors.subarray(from * dim, to * dim);
      const { originals } = engine.settings;
      const halves = originals === "float16" ? encodeHalves(engine.kernel, dim, part) : [];
      for (let i = from; i < to; i++) {
        const whole = () => encodeOriginal(engine.kernel, vectors.subarray(i * dim, (i + 1) * dim), 32);
        const half = halves[i - from];
        const original = half ? { bits: 16, vector: half } : { bits: 32, vector: whole() };
        transaction.insertCold(numbers[i] ?? 0, placed.block, original);
      }
      if (!pace.due) continue;
      onRows(at + to);
      await pace.pause();
    }
    const loss = await codingError(codec, dim, scored(engine, vectors, dim), taken);
    fit = afterCoding(fit, loss, numbers.length);
  }
  transaction.setFit(codebook.number, fit);
  return { codebook, fit, blocks: [...blocks.values()] };
}

/** Puts into RAM what is committed. */
export function applyArrivals(engine: Engine, namespace: number, dim: number, { hot, batch, cold }: Arrivals): void {
  const partition = partitionOf(engine, namespace, dim);
  partition.takeHot(batch);
  for (const row of hot) engine.heat.arrive(row);
  if (!cold) return;
  const { codebook, fit, blocks } = cold;
  engine.codebook = { ...codebook, fit };
  for (const { block, rows, codes, live } of blocks) partition.setBlock(block, codebook.codec, rows, codes, live);
}
