import { existsSync } from "node:fs";
import { type Metric, Thermocline, ThermoclineError } from "@thermocline/core";
import { embeddingProvider, PROVIDERS } from "../embedding/provider.js";
import type { EmbeddingFlags } from "../embedding/remembered.js";
import { Interrupted, misuse } from "../failure.js";
import { type ImportedCounts, Importing } from "../importing.js";
import { NpyFile } from "../npy-file.js";
import { count, type Screen } from "../screen.js";
import type { FieldNames } from "../sources/fields.js";
import { openSource, type Source, type SourceRecord } from "../sources/source.js";

/** Records a transaction: what a kill can undo. Embedding takes longer than writing, so fewer. */
const BATCH = 1_024;
const EMBEDDED_BATCH = 64;

export interface ImportFlags extends EmbeddingFlags {
  readonly vectors?: string;
  readonly namespace?: string;
  readonly metric?: Metric;
  readonly replace?: boolean;
  readonly idField?: string;
  readonly textField?: string;
}

/**
 * Adds the records of a file, or of a folder of Markdown, to a store, which it makes where there is none. Records that are there with the
 * same text are passed over, so the same command goes on where an earlier one was ended.
 */
export async function importFile(
  path: string,
  from: string,
  flags: ImportFlags,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const named = flags.embed !== undefined && flags.embed !== "none";
  const provider = named ? embeddingProvider(flags.embed, { model: flags.model }) : undefined;
  if (flags.vectors !== undefined && flags.embed !== undefined) misuse("Give either --vectors or --embed, not both.");
  const names: FieldNames = { id: flags.idField, text: flags.textField };
  const source = await openSource(from, names);
  const vectors = flags.vectors === undefined ? undefined : await NpyFile.open(flags.vectors);
  try {
    // Before the store is made, so that what cannot be imported leaves none behind.
    if (vectors) await refuseOtherCount(from, source, vectors);
    const records = source.records();
    const first = await records.next();
    const embeds = !vectors && first.value !== undefined && first.value.vector === undefined;
    if (embeds && first.value && flags.embed === undefined && !existsSync(path)) refuseWithoutVector(from, first.value);
    if (embeds) await provider?.ready();

    const { metric } = flags;
    const store = await Thermocline.open({
      path,
      ...(vectors ? { dim: vectors.dim } : {}),
      ...(metric ? { metric } : {}),
    });
    const refuse = (record: SourceRecord) => refuseWithoutVector(from, record);
    const passages = source.passages === true;
    const importing = new Importing({ store, flags, vectors, passages, signal, refuse });
    try {
      for await (const batch of batches(first, records, embeds ? EMBEDDED_BATCH : BATCH)) {
        if (signal.aborted) throw new ThermoclineError("ABORTED", "Interrupted.");
        await importing.add(batch);
        screen.progress("importing", importing.counts.read, 0, source.share());
      }
      if (passages) await importing.deleteOutdated();
    } catch (error) {
      if (!signal.aborted) throw error;
      const { imported, present } = importing.counts;
      const there = `${count(imported)} records imported${present > 0 ? ` and ${count(present)} that were there` : ""}`;
      throw new Interrupted(`Interrupted; ${path} is whole, with ${there}. Run the same command again to go on.`);
    } finally {
      await records.return(undefined);
      await store.close();
    }
    const { counts } = importing;
    screen.result(
      { path, source: from, ...counts, ...(importing.embedding && { embedding: importing.embedding }) },
      () => [sentence(path, counts)],
    );
  } finally {
    await vectors?.close();
  }
}

function sentence(path: string, { imported, present, outdated }: ImportedCounts): string {
  const there = present > 0 ? `, ${count(present)} were there` : "";
  const gone = outdated > 0 ? `, ${count(outdated)} outdated ones deleted` : "";
  return `${count(imported)} records imported to ${path}${there}${gone}.`;
}

async function refuseOtherCount(from: string, source: Source, vectors: NpyFile): Promise<void> {
  let records = 0;
  for await (const _ of source.records()) records += 1;
  if (records !== vectors.rows) {
    misuse(
      `${from} has ${records} records and ${vectors.path} ${vectors.rows} vectors; give a vector for each record.`,
    );
  }
}

function refuseWithoutVector(from: string, { id }: SourceRecord): never {
  const how = `--embed ${PROVIDERS.join("|")}, --vectors documents.npy, or a field "vector"; or --embed none, to search by words only`;
  return misuse(`The record ${id} of ${from} has no vector; give ${how}.`);
}

async function* batches(
  first: IteratorResult<SourceRecord>,
  records: AsyncGenerator<SourceRecord>,
  size: number,
): AsyncGenerator<SourceRecord[]> {
  let batch: SourceRecord[] = [];
  for (let next = first; !next.done; next = await records.next()) {
    batch.push(next.value);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
