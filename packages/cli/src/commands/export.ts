import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { filterOf } from "../filter-argument.js";
import { count, type Screen } from "../screen.js";
import { withStore } from "../stored.js";

export interface ExportFlags {
  readonly namespace?: string;
  readonly filter?: string;
}

/** Writes records as JSONL that `import` reads. The file appears under its name when it is whole. */
export async function exportRecords(
  path: string,
  target: string,
  { namespace, filter }: ExportFlags,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  const chosen = filter === undefined ? undefined : filterOf(filter);
  await withStore(path, { readOnly: true }, async (store) => {
    const total = await store.count(chosen, { namespace, signal });
    const part = `${target}.${process.pid}.part`;
    const file = createWriteStream(part);
    let records = 0;
    try {
      for await (const record of store.list({ namespace, filter: chosen, includeVectors: true, signal })) {
        const { id, text, metadata, vector = [] } = record;
        if (!file.write(`${JSON.stringify({ id, text, metadata, vector: Array.from(vector) })}\n`)) {
          await once(file, "drain", { signal });
        }
        records += 1;
        screen.progress("exporting", records, total);
      }
      file.end();
      await finished(file);
      await rename(part, target);
    } catch (error) {
      file.destroy();
      await rm(part, { force: true });
      throw error;
    }
    screen.result({ path, target, records }, () => [`${count(records)} records exported to ${target}.`]);
  });
}
