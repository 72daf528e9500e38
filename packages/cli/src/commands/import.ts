import { type Metric, type RecordInput, Thermocline, ThermoclineError } from "@thermocline/core";
import { misuse } from "../failure.js";
import { type Line, linesOf } from "../jsonl.js";
import { NpyFile } from "../npy-file.js";
import { count, type Screen } from "../screen.js";

/** Rows a transaction: what a kill can undo. */
const BATCH = 1024;

export interface ImportOptions {
  readonly vectors?: string;
  readonly namespace?: string;
  readonly metric?: Metric;
  readonly replace?: boolean;
}

/**
 * Adds the lines of a JSONL file to a store, which it makes where there is none. Records that are there are passed over, so the
 * same command goes on where an earlier one was ended.
 */
export async function importFile(
  path: string,
  source: string,
  options: ImportOptions,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  if (!/\.(jsonl|ndjson)(\.gz)?$/.test(source)) misuse(`${source} is no .jsonl or .jsonl.gz file; give one.`);
  const vectors = options.vectors === undefined ? undefined : await NpyFile.open(options.vectors);
  try {
    const total = vectors?.rows ?? 0;
    // Before the store is made, so that files that do not belong together leave none behind.
    if (vectors) await refuseOtherCount(source, vectors);
    const { metric } = options;
    const store = await Thermocline.open({
      path,
      ...(vectors ? { dim: vectors.dim } : {}),
      ...(metric ? { metric } : {}),
    });
    const done = { read: 0, imported: 0, present: 0 };
    try {
      for await (const batch of batches(source)) {
        if (signal.aborted) throw new ThermoclineError("ABORTED", "Interrupted.");
        const rows = await vectors?.read(done.read, batch.length);
        const there = options.replace
          ? []
          : await store.get(
              batch.map(({ id }) => id),
              scope(options),
            );
        const records = batch.flatMap((line, i) => (there[i] ? [] : [recordOf(source, line, rows?.[i])]));
        if (records.length > 0) await store.upsert(records, { ...scope(options), signal });
        done.read += batch.length;
        done.imported += records.length;
        done.present += batch.length - records.length;
        screen.progress("importing", done.read, total);
      }
    } finally {
      await store.close();
    }
    screen.result({ path, source, ...done }, () => [
      `${count(done.imported)} records imported to ${path}${done.present > 0 ? `, ${count(done.present)} were there` : ""}.`,
    ]);
  } finally {
    await vectors?.close();
  }
}

function scope({ namespace }: ImportOptions): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

async function refuseOtherCount(source: string, vectors: NpyFile): Promise<void> {
  let lines = 0;
  for await (const _ of linesOf(source)) lines += 1;
  if (lines !== vectors.rows) {
    misuse(
      `${source} has ${lines} records and ${vectors.path} ${vectors.rows} vectors; give a vector for each record.`,
    );
  }
}

async function* batches(source: string): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  for await (const line of linesOf(source)) {
    batch.push(line);
    if (batch.length === BATCH) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

function recordOf(source: string, line: Line, row: Float32Array | undefined): RecordInput {
  const vector = row ?? line.vector;
  if (!vector) {
    return misuse(
      `The record ${line.id} of ${source} has no vector; give --vectors documents.npy, or a field "vector".`,
    );
  }
  return { id: line.id, vector, text: line.text, metadata: line.metadata };
}
