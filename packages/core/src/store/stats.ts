import { driftOf } from "../calibration/drift.js";
import type { StoreStats } from "../types.js";
import { type Engine, hotRows } from "./engine.js";

/** See {@link StoreStats}. */
export function statsOf(engine: Engine): StoreStats {
  const { kernel, settings, codebook, dim } = engine;
  const partitions = [...engine.partitions.values()];
  const sum = (of: (partition: (typeof partitions)[number]) => number) =>
    partitions.reduce((total, partition) => total + of(partition), 0);
  const coldRows = sum((partition) => partition.coldRows);
  return {
    dim,
    metric: settings.metric,
    records: hotRows(engine) + coldRows,
    namespaces: partitions.filter((partition) => partition.hotRows + partition.coldRows > 0).length,
    hot: { rows: hotRows(engine), capacity: settings.hotCapacity, ramBytes: sum((partition) => partition.hotBytes) },
    cold: {
      rows: coldRows,
      codec: settings.codec,
      bytesPerRow: settings.bytes === "auto" ? undefined : settings.bytes,
      auto: settings.auto,
      ramBytes: sum((partition) => partition.coldBytes),
    },
    originals: settings.originals,
    codebook: codebook && {
      id: codebook.number,
      bytes: codebook.bytes,
      sampleRows: codebook.sampleRows,
      queries: codebook.queries,
    },
    drift: codebook && driftOf(codebook.fit, codebook.sampleRows),
    demotions: engine.demotions,
    indexes: engine.indexes.stats(),
    diskBytes: engine.catalogue.bytes,
    durability: engine.catalogue.durability,
    kernel: {
      backend: kernel.backend,
      isa: kernel.isa,
      threads: settings.threads ?? kernel.threads,
      fallback: kernel.fallback,
    },
  };
}
