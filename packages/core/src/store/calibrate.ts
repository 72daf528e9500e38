import { isLive } from "../catalogue/live.js";
import { abortedAfter, Pace, throwIfAborted } from "../catalogue/pace.js";
import { ThermoclineError } from "../errors.js";
import type { CalibrateOptions } from "../types.js";
import { type Engine, partitionOf, scored, storedRows } from "./engine.js";
import { decodeOriginal } from "./original.js";
import { codecSpec, integer } from "./settings.js";

const SAMPLE_ROWS = 20_000;

/** Vectors of rows spread evenly over the store's row numbers, as they are scored: `[n][dim]`. */
async function sampleVectors(engine: Engine, dim: number, size: number, signal: AbortSignal | undefined) {
  const { reader } = engine.catalogue;
  const range = reader.rowRange();
  const rows = new Set<number>();
  const pace = new Pace(signal);
  if (range) {
    const numbers = range.greatest - range.least + 1;
    const step = Math.max(1, numbers / size);
    for (let at = range.least; at <= range.greatest; at += step) {
      const row = reader.rowFrom(Math.floor(at));
      if (row !== undefined) rows.add(row);
      if (pace.due) await pace.pause();
    }
  }
  const sample = new Float32Array(rows.size * dim);
  let found = 0;
  for (const row of rows) {
    const original = reader.original(row);
    if (original) {
      sample.set(decodeOriginal(engine.kernel, dim, original), found * dim);
      found += 1;
    }
    if (pace.due) await pace.pause();
  }
  return scored(engine, sample.subarray(0, found * dim), dim);
}

/** Fits a codebook on what is stored, and keeps it. Cold rows are then coded anew from their originals. */
export async function calibrate(engine: Engine, options: CalibrateOptions): Promise<void> {
  const { signal, onProgress } = options;
  const { kernel, settings, catalogue } = engine;
  const size = integer("sampleSize", options.sampleSize ?? SAMPLE_ROWS, 1, 2 ** 24);
  throwIfAborted(signal);
  const { dim, blocks } = await catalogue.read(() => ({ dim: engine.dim, blocks: catalogue.reader.blockNumbers() }));
  const nothing = "There is nothing to calibrate on; upsert records first (1,000 or more give a good codebook).";
  if (dim === undefined) throw new ThermoclineError("ARGUMENT", nothing);
  const spec = codecSpec(settings, dim, storedRows(engine));
  if (blocks.length > 0 && settings.originals === "none") {
    const why = 'a store with originals "none" cannot code its cold rows anew; make a new store with originals kept';
    throw new ThermoclineError("UNSUPPORTED", `The store is calibrated already, and ${why}.`);
  }
  const sample = await catalogue.read(() => sampleVectors(engine, dim, size, signal));
  const sampleRows = sample.length / dim;
  if (sampleRows === 0) throw new ThermoclineError("ARGUMENT", nothing);
  onProgress?.({ phase: "calibrate", done: 0, total: blocks.length + 1 });
  const bytes = await kernel.fit(spec, settings.metric, dim, sample, { signal });
  throwIfAborted(signal);
  const codec = kernel.codec(bytes);
  await catalogue.write(
    (transaction) => ({
      number: transaction.insertCodebook(settings.codec, sampleRows, bytes),
      codec,
      bytes: bytes.length,
      sampleRows,
    }),
    (codebook) => {
      engine.codebook = codebook;
    },
  );
  onProgress?.({ phase: "calibrate", done: 1, total: blocks.length + 1 });
  let coded = 0;
  try {
    for (const block of blocks) {
      throwIfAborted(signal);
      await recode(engine, dim, block);
      coded += 1;
      onProgress?.({ phase: "calibrate", done: coded + 1, total: blocks.length + 1 });
    }
  } catch (error) {
    throw abortedAfter(error, `the new codebook is in use, and ${coded} of ${blocks.length} blocks are coded with it`);
  }
  if (blocks.length > 0) await catalogue.write((transaction) => transaction.deleteUnusedCodebooks());
}

/**
 * Codes one block anew from originals. Blocks of two codebooks may be searched side by side meanwhile: their candidates
 * are all rescored from originals, which such a store has.
 */
async function recode(engine: Engine, dim: number, block: number): Promise<void> {
  await engine.catalogue.write(
    async (transaction) => {
      const { codebook } = engine;
      // Deleting its last row may have taken the block away since.
      if (!codebook || !transaction.blockNumbers().includes(block)) return undefined;
      const { namespace, rows, live } = transaction.block(block);
      const kept = rows.filter((_, i) => isLive(live, i));
      const vectors = new Float32Array(kept.length * dim);
      const pace = new Pace();
      for (const [i, row] of kept.entries()) {
        const original = transaction.original(row);
        if (!original)
          throw new ThermoclineError("CORRUPT", `The original of row ${row} is missing. Restore a backup.`);
        vectors.set(decodeOriginal(engine.kernel, dim, original), i * dim);
        if (pace.due) await pace.pause();
      }
      const codes = await codebook.codec.encode(scored(engine, vectors, dim));
      const bits = transaction.replaceBlock(block, codebook.number, kept, codes);
      return { namespace, kept, codes, bits, codec: codebook.codec };
    },
    (done) => {
      if (!done) return;
      const partition = partitionOf(engine, done.namespace, dim);
      partition.setBlock(block, done.codec, done.kept, done.codes, done.bits);
    },
  );
}
