import type { Metadata, StoredRecord } from "../types.js";
import { type Engine, partitionOf } from "./engine.js";
import { hasExpired } from "./expiry.js";
import { stored, tierOfRecord, vectorOf } from "./hits.js";

/** Records by id, in the order of the ids; undefined where there is none. */
export function getRecords<M extends Metadata>(
  engine: Engine,
  name: string,
  ids: readonly string[],
  includeVectors: boolean,
): (StoredRecord<M> | undefined)[] {
  const { dim, catalogue } = engine;
  const namespace = engine.namespaces.get(name);
  const now = Date.now();
  return ids.map((id) => {
    const record = namespace === undefined ? undefined : catalogue.reader.recordById(namespace, id);
    if (!record || namespace === undefined || hasExpired(record, now)) return undefined;
    const tier = tierOfRecord(record);
    const found = stored<M>(record, name, tier);
    if (!includeVectors || tier === "none" || dim === undefined) return found;
    return { ...found, vector: vectorOf(engine, partitionOf(engine, namespace, dim), dim, record.row) };
  });
}
