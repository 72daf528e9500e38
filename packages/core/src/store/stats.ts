import { driftOf } from "../calibration/drift.js";
import type { Originals, StoreStats } from "../types.js";
import { type Engine, heldNamespaces, hotCapacity, hotRows } from "./engine.js";

/** Bytes of a row's number in its code block. */
const ROW_NUMBER = 4;

/** Bytes of what is kept of a cold row's vector. */
const ORIGINAL: Readonly<Record<Originals, (dim: number) => number>> = {
  float32: (dim) => 4 * dim,
  float16: (dim) => 4 + 2 * dim,
  none: () => 0,
};

/** See {@link StoreStats}. */
export function statsOf(engine: Engine): StoreStats {
  const { kernel, settings, codebook, dim, heat } = engine;
  const { hot, cold } = engine.served;
  const { reader } = engine.catalogue;
  const tokenizer = reader.tokenizer();
  const components = dim ?? 0;
  const partitions = [...engine.partitions.values()];
  const sum = (of: (partition: (typeof partitions)[number]) => number) =>
    partitions.reduce((total, partition) => total + of(partition), 0);
  const coldRows = sum((partition) => partition.count().cold);
  return {
    dim,
    metric: settings.metric,
    records: hotRows(engine) + coldRows + engine.plain.count(),
    withoutVector: engine.plain.count(),
    namespaces: heldNamespaces(engine).length,
    hot: {
      rows: hotRows(engine),
      pinned: heat.pinned,
      capacity: hotCapacity(engine),
      ramBytes: sum((partition) => partition.hotBytes),
      diskBytes: (hotRows(engine) - heat.halves) * 4 * components + heat.halves * (4 + 2 * components),
    },
    cold: {
      rows: coldRows,
      codec: settings.codec,
      bytesPerRow: settings.bytes === "auto" ? undefined : settings.bytes,
      auto: settings.auto,
      ramBytes: sum((partition) => partition.coldBytes),
      diskBytes: coldRows * (ROW_NUMBER + (codebook?.codec.bytes ?? 0) + ORIGINAL[settings.originals](components)),
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
    textIndex: tokenizer && { tokenizer, texts: reader.texts.size() },
    promotions: engine.promotions,
    served: { hot, cold, hotShare: hot + cold > 0 ? hot / (hot + cold) : undefined },
    diskBytes: engine.catalogue.bytes,
    formatVersion: engine.catalogue.formatVersion,
    durability: engine.catalogue.durability,
    kernel: {
      backend: kernel.backend,
      isa: kernel.isa,
      threads: settings.threads ?? kernel.threads,
      fallback: kernel.fallback,
    },
  };
}
