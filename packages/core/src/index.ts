/**
 * Vector memory in one file: recent rows exact in RAM, old rows in a few spectral bytes, searched as one store.
 *
 * @packageDocumentation
 */
export { type ErrorCode, ThermoclineError } from "./errors.js";
export type {
  FieldFilter,
  Filter,
  FilterBound,
  FilterCondition,
  FilterOperators,
  FilterScalar,
  LogicalFilter,
} from "./filter/filter.js";
export { computeParticipationRatio, computeSpectralGap } from "./spectral/spectrum.js";
export { type WaterFillOptions, waterFillBits } from "./spectral/water-fill.js";
export { Thermocline } from "./thermocline.js";
export type {
  CalibrateOptions,
  CallOptions,
  ColdOptions,
  DemoteOptions,
  GetOptions,
  Hit,
  JsonValue,
  Metadata,
  Metric,
  OpenOptions,
  Originals,
  Progress,
  QueryOptions,
  RecordInput,
  RecordPredicate,
  Selection,
  StoredRecord,
  StoreStats,
  Tier,
  UpsertOptions,
} from "./types.js";
