/**
 * What every platform has: Node (`index.ts`), pages, workers and edge runtimes (`browser.ts`).
 *
 * @packageDocumentation
 */
export type { Estimate } from "./calibration/estimate.js";
export type { CurvePoint } from "./calibration/rate-distortion.js";
export type { Recommendation, TargetBytes } from "./calibration/recommend.js";
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
export { filterPredicate } from "./filter/predicate.js";
export type { TypedCondition, TypedFilter, TypedOperators } from "./filter/typed-filter.js";
export { hashingVector } from "./hashing-vector.js";
export type { WasmModules } from "./kernel/wasm-modules.js";
export { recommend } from "./recommend.js";
export {
  type CalibrateEmbeddingsOptions,
  calibrateFromEmbeddings,
  type DocumentEmbeddings,
  type TextEmbeddings,
} from "./spectral/calibrate-embeddings.js";
export { type CalibrateModelOptions, calibrateSpectralRotation } from "./spectral/calibrate-model.js";
export { type CalibrateVectorsOptions, calibrateFromVectors } from "./spectral/calibrate-vectors.js";
export type { DecoderModel, ModelInputs, ModelTensor, TextTokenizer } from "./spectral/decoder-model.js";
export type { EncoderVectors } from "./spectral/encoder-vectors.js";
export { decodeNpy, type NpyHeader, parseNpyHeader } from "./spectral/npy.js";
export { type Codebooks, SpectralQuantizer, type SpectralQuantizerOptions } from "./spectral/quantizer.js";
export { SpectralRotation, type SpectralRotationFields } from "./spectral/rotation.js";
export { type CodeArray, SpectralCodes, type SpectralCodesArrays } from "./spectral/spectral-codes.js";
export { SpectralEncoder, type SpectralEncoderOptions } from "./spectral/spectral-encoder.js";
export { type SpectralHits, SpectralIndex, type SpectralIndexOptions } from "./spectral/spectral-index.js";
export { computeParticipationRatio, computeSpectralGap } from "./spectral/spectrum.js";
export type { Vectors } from "./spectral/vectors.js";
export { type WaterFillOptions, waterFillBits } from "./spectral/water-fill.js";
export { Thermocline } from "./thermocline.js";
export type {
  CalibrateOptions,
  CallOptions,
  ColdOptions,
  CompactOptions,
  CompactReport,
  DemoteOptions,
  Drift,
  Durability,
  Explain,
  ExplainedHit,
  ExplainedHits,
  FromBytesOptions,
  GetOptions,
  Hit,
  HitExplanation,
  HotOptions,
  IndexedField,
  IndexTextsOptions,
  JsonValue,
  ListOptions,
  ListPageOptions,
  Metadata,
  Metric,
  MmrOptions,
  NamespaceOptions,
  NamespaceSummary,
  OpenOptions,
  Originals,
  Progress,
  PromoteOptions,
  QueryBatchOptions,
  QueryExplanation,
  QueryOptions,
  QueryPage,
  QueryPageOptions,
  RecommendOptions,
  RecordInput,
  RecordPage,
  RecordPredicate,
  SearchOptions,
  Selection,
  SnippetOptions,
  Spectrum,
  SpectrumOptions,
  SpectrumPoint,
  StoredRecord,
  StoreModules,
  StoreRecommendOptions,
  StoreStats,
  SweepOptions,
  TextIndexCheck,
  TextIndexStats,
  TextOptions,
  Tier,
  UpsertOptions,
  VerifyOptions,
  VerifyProblem,
  VerifyReport,
} from "./types.js";
export type { WasmSource } from "./wasm-source.js";
