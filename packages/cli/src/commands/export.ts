import { type StoredRecord, ThermoclineError } from "@thermocline/core";
import { misuse } from "../failure.js";
import { filterOf } from "../filter-argument.js";
import { NpyWriter } from "../npy-writer.js";
import { PartFile } from "../part-file.js";
import { count, type Screen } from "../screen.js";
import { withStore } from "../stored.js";

export interface ExportFlags {
  readonly vectors?: string;
  readonly namespace?: string;
  readonly filter?: string;
}

/** Writes records as JSONL that `import` reads, and vectors beside them if asked to. Files appear under their names when they are whole. */
export async function exportRecords(
  path: string,
  target: string,
  { vectors, namespace, filter }: ExportFlags,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  if (vectors !== undefined && !vectors.endsWith(".npy"))
    misuse(`${vectors} is no .npy file; give a name that ends so.`);
  const chosen = filter === undefined ? undefined : filterOf(filter);
  await withStore(path, { readOnly: true }, async (store) => {
    const total = await store.count(chosen, { namespace, signal });
    const { dim } = store.stats();
    if (vectors !== undefined && dim === undefined) misuse(`${path} has no vectors; leave --vectors out.`);
    const lines = await PartFile.open(target);
    let npy: NpyWriter | undefined;
    let records = 0;
    try {
      npy = vectors === undefined ? undefined : await NpyWriter.open(vectors, dim ?? 0);
      for await (const record of store.list({ namespace, filter: chosen, includeVectors: true, signal })) {
        const { id, text, metadata, vector } = record;
        await npy?.write(vector ?? refuseWithoutVector(record));
        const inLine = npy || !vector ? {} : { vector: Array.from(vector) };
        await lines.append(Buffer.from(`${JSON.stringify({ id, text, metadata, ...inLine })}\n`));
        records += 1;
        screen.progress("exporting", records, total);
      }
      await lines.finish();
      await npy?.finish();
      await lines.publish();
      await npy?.file.publish();
    } catch (error) {
      await lines.discard();
      await npy?.file.discard();
      throw error;
    }
    screen.result({ path, target, ...(vectors !== undefined && { vectors }), records }, () => [
      `${count(records)} records exported to ${target}${vectors === undefined ? "" : `, their vectors to ${vectors}`}.`,
    ]);
  });
}

function refuseWithoutVector({ id }: StoredRecord): never {
  throw new ThermoclineError(
    "ARGUMENT",
    `The record ${id} has no vector, so that rows and lines would not belong together; leave --vectors out, or give a --filter.`,
  );
}
