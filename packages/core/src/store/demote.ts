import { afterCoding, type CodingError, codingError, type Fit } from "../calibration/drift.js";
import type { OriginalRow } from "../catalogue/reader.js";
import type { Transaction } from "../catalogue/transaction.js";
import { abortedAfter, Pace, throwIfAborted } from "../pace.js";
import type { DemoteOptions, Selection } from "../types.js";
import { calibrate } from "./calibrate.js";
import { BLOCK_ROWS, type Picked, pick, placeCodes } from "./code-block.js";
import { type Codebook, type Engine, isPromoting, partitionOf } from "./engine.js";
import { decodeOriginals, encodeHalves } from "./original.js";
import { validSelection } from "./selection.js";
import { validNamespace } from "./validate.js";
import { selectedRows } from "./write.js";

/** Rows that are handed to the codec at a time: their vectors are copied while others wait. */
export const ENCODED_ROWS = 512;

/** Rows whose originals are read and written at a time: a millisecond's work or two. */
export const MOVED_ROWS = 32;

/** The codebook in use, fitted first if there is none. */
async function ensureCodebook(engine: Engine, options: DemoteOptions): Promise<Codebook | undefined> {
  if (!engine.codebook) await calibrate(engine, { signal: options.signal, onProgress: options.onProgress });
  return engine.codebook;
}

/** Moves the selected hot rows of a namespace to the cold tier and returns how many moved. */
export async function demoteSelected(engine: Engine, selection: Selection, options: DemoteOptions): Promise<number> {
  const selected = validSelection(selection);
  const name = validNamespace(options.namespace);
  throwIfAborted(options.signal);
  const { namespace, rows } = await engine.catalogue.read(async () => {
    const namespace = engine.namespaces.get(name);
    const rows: number[] = [];
    const pace = new Pace(options.signal);
    for await (const some of selectedRows(engine, engine.catalogue.reader, namespace, selected, pace)) {
      for (const row of some) if (engine.heat.isFree(row)) rows.push(row);
    }
    return { namespace, rows };
  });
  return namespace === undefined ? 0 : demoteRows(engine, namespace, rows, options, WISH);
}

/** Why rows move down, and how many of them in a transaction. */
export interface Reason {
  /** Whether for want of room: a caller's wish says nothing of what other rows are worth. */
  readonly room: boolean;
  readonly slice: number;
}

const WISH: Reason = { room: false, slice: BLOCK_ROWS };

/** Moves hot rows of one namespace that are not pinned to the cold tier, a block at a time. */
export async function demoteRows(
  engine: Engine,
  namespace: number,
  rows: readonly number[],
  options: DemoteOptions,
  reason: Reason,
): Promise<number> {
  if (rows.length === 0) return 0;
  const codebook = await ensureCodebook(engine, options);
  if (!codebook) return 0;
  const ascending = Uint32Array.from(rows).sort();
  let moved = 0;
  try {
    for (let at = 0; at < ascending.length; at += reason.slice) {
      throwIfAborted(options.signal);
      const slice = ascending.subarray(at, at + reason.slice);
      moved += await demoteBlock(engine, namespace, slice, reason.room, options.signal);
      options.onProgress?.({ phase: "demote", done: Math.min(at + reason.slice, rows.length), total: rows.length });
    }
  } catch (error) {
    throw moved > 0 ? abortedAfter(error, `${moved} of ${rows.length} rows had moved, and stay cold`) : error;
  }
  return moved;
}

/** Rows of a block to be, and what coded them. */
interface Coded extends Picked {
  readonly codebook: Codebook;
  /** What coding made of these rows, on average. */
  readonly loss: CodingError;
}

/** Codes up to a block of rows and moves them in one transaction, leaving out those that are gone by then. */
async function demoteBlock(
  engine: Engine,
  namespace: number,
  wanted: Uint32Array,
  room: boolean,
  signal: AbortSignal | undefined,
): Promise<number> {
  // Coded before the transaction, so that neither reads nor writes wait for it: a row's vector never changes.
  const coded = await encodeHot(engine, namespace, wanted, signal);
  if (!coded) return 0;
  const { codebook } = coded;
  const { moved } = await engine.catalogue.write(
    async (transaction) => {
      const { dim } = engine;
      const { rows: moved, codes } = stillHot(engine, coded);
      if (engine.codebook?.number !== codebook.number || dim === undefined || moved.length === 0) {
        return { moved: moved.subarray(0, 0), added: undefined, fit: codebook.fit };
      }
      const partition = partitionOf(engine, namespace, dim);
      const added = placeCodes(transaction, namespace, codebook, moved, codes);
      const pace = new Pace(signal);
      for (let at = 0; at < moved.length; at += MOVED_ROWS) {
        const rows = Array.from(moved.subarray(at, at + MOVED_ROWS));
        transaction.moveToCold(rows, added.block, kept(engine, transaction, dim, rows));
        if (pace.due) await pace.pause();
      }
      const fit: Fit = afterCoding(transaction.codebooks.fit(codebook.number), coded.loss, moved.length);
      transaction.setFit(codebook.number, fit);
      return { moved, added: { ...added, partition }, fit };
    },
    ({ moved, added, fit }) => {
      if (!added) return;
      engine.codebook = { ...codebook, fit };
      added.partition.setBlock(added.block, codebook.codec, added.rows, added.codes, added.live);
      added.partition.removeHot(moved);
      for (const row of moved) {
        if (room) engine.heat.release(row, isPromoting(engine));
        else engine.heat.forget(row);
      }
      engine.demotions += moved.length;
    },
  );
  return moved.length;
}

/** How many parts are coded at a time: one thread is left to searches. */
export function encodersOf({ kernel }: Engine): number {
  return Math.max(1, kernel.threads - 1);
}

async function encodeHot(
  engine: Engine,
  namespace: number,
  wanted: Uint32Array,
  signal: AbortSignal | undefined,
): Promise<Coded | undefined> {
  const { codebook, dim } = engine;
  if (!codebook || dim === undefined) return undefined;
  const { codec } = codebook;
  const rows = new Uint32Array(wanted.length);
  const vectors = new Float32Array(wanted.length * dim);
  const codes = new Uint8Array(wanted.length * codec.bytes);
  let coded = 0;
  const encode = async (at: number) => {
    throwIfAborted(signal);
    const found = await engine.catalogue.read(() => {
      if (engine.codebook?.number !== codebook.number) return undefined;
      const hot = wanted.subarray(at, at + ENCODED_ROWS).filter((row) => engine.heat.has(row));
      return { hot, vectors: partitionOf(engine, namespace, dim).hotVectors(hot) };
    });
    return found && { ...found, codes: found.hot.length > 0 ? await codec.encode(found.vectors) : new Uint8Array() };
  };
  const encoders = encodersOf(engine);
  for (let at = 0; at < wanted.length; at += encoders * ENCODED_ROWS) {
    const parts = Array.from({ length: encoders }, (_, i) => at + i * ENCODED_ROWS).filter(
      (part) => part < wanted.length,
    );
    for (const part of await Promise.all(parts.map(encode))) {
      if (!part) return undefined;
      rows.set(part.hot, coded);
      vectors.set(part.vectors, coded * dim);
      codes.set(part.codes, coded * codec.bytes);
      coded += part.hot.length;
    }
  }
  if (coded === 0) return undefined;
  const all = { rows: rows.subarray(0, coded), codes: codes.subarray(0, coded * codec.bytes) };
  const loss = await codingError(codec, dim, vectors.subarray(0, coded * dim), all.codes);
  return { codebook, ...all, loss };
}

/** Those of coded rows that have not been deleted, replaced, moved or pinned since. */
function stillHot(engine: Engine, { codebook, rows, codes }: Coded): Picked {
  const hot = Array.from(rows.keys()).filter((i) => engine.heat.isFree(rows[i] ?? 0));
  return hot.length === rows.length ? { rows, codes } : pick(rows, codes, codebook.codec.bytes, hot);
}

/** What the store keeps of the vectors of hot rows that become cold. */
function kept(
  engine: Engine,
  transaction: Transaction,
  dim: number,
  rows: readonly number[],
): ReadonlyMap<number, OriginalRow> {
  const { originals } = engine.settings;
  if (originals === "none") return new Map();
  const found = transaction.hotOriginals(rows);
  if (originals === "float32") return found;
  const kept = new Map(found);
  const whole = [...found].filter(([, { bits }]) => bits !== 16);
  const vectors = decodeOriginals(
    engine.kernel,
    dim,
    whole.map(([, original]) => original),
  );
  const halves = encodeHalves(engine.kernel, dim, vectors);
  for (const [i, [row]] of whole.entries()) kept.set(row, { bits: 16, vector: halves[i] ?? new Uint8Array() });
  return kept;
}
