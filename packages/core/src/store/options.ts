import { ThermoclineError } from "../errors.js";
import type { CalibrateEmbeddingsOptions } from "../spectral/calibrate-embeddings.js";
import type { CalibrateModelOptions } from "../spectral/calibrate-model.js";
import type { CalibrateVectorsOptions } from "../spectral/calibrate-vectors.js";
import type { SpectralQuantizerOptions } from "../spectral/quantizer.js";
import type {
  CalibrateOptions,
  CallOptions,
  ColdOptions,
  CompactOptions,
  DemoteOptions,
  FromBytesOptions,
  GetOptions,
  IndexTextsOptions,
  ListPageOptions,
  MmrOptions,
  NamespaceOptions,
  OpenOptions,
  PromoteOptions,
  QueryBatchOptions,
  QueryOptions,
  QueryPageOptions,
  RecommendOptions,
  SearchOptions,
  SnippetOptions,
  SpectrumOptions,
  StoreRecommendOptions,
  SweepOptions,
  TextOptions,
  UpsertOptions,
  VerifyOptions,
} from "../types.js";
import { shown } from "./settings.js";

/** Every option of a type, so that one that is added to the type cannot be forgotten here. */
type All<Options> = Readonly<Record<keyof Options, true>>;

const CALL: All<CallOptions> = { namespace: true, signal: true };
const WRITE: All<DemoteOptions & PromoteOptions> = { ...CALL, onProgress: true };

const SEARCH: All<SearchOptions> = {
  ...CALL,
  k: true,
  filter: true,
  tiers: true,
  rerank: true,
  minScore: true,
  mmr: true,
  includeVectors: true,
  explain: true,
};

const TEXT: All<TextOptions> = { text: true, textMatch: true, snippet: true, fusion: true, alpha: true };

const NAMESPACE: All<NamespaceOptions> = { signal: true, onProgress: true };
const CALIBRATE: All<CalibrateOptions> = { ...WRITE, sampleSize: true, queries: true };
const RECOMMEND: All<Omit<StoreRecommendOptions, "sampleSize">> = {
  targets: true,
  bytes: true,
  queries: true,
  rows: true,
  signal: true,
  onProgress: true,
};

const FROM_BYTES: All<FromBytesOptions> = {
  dim: true,
  metric: true,
  hot: true,
  cold: true,
  originals: true,
  kernel: true,
  threads: true,
  sweepInterval: true,
  indexedFields: true,
  wasm: true,
};

const KNOWN = {
  open: { path: true, durability: true, readOnly: true, ...FROM_BYTES } satisfies All<OpenOptions>,
  fromBytes: FROM_BYTES,
  hot: { capacity: true, bytes: true, promote: true } satisfies All<NonNullable<OpenOptions["hot"]>>,
  cold: {
    codec: true,
    bytes: true,
    targetRecall: true,
    scoring: true,
    effort: true,
    seed: true,
  } satisfies All<ColdOptions>,
  upsert: { ...WRITE, ttl: true } satisfies All<UpsertOptions>,
  mmr: { lambda: true, fetchK: true } satisfies All<MmrOptions>,
  query: { ...SEARCH, ...TEXT, vector: true } satisfies All<QueryOptions>,
  queryPage: { ...SEARCH, ...TEXT, vector: true, cursor: true } satisfies All<QueryPageOptions>,
  queryBatch: { ...SEARCH, vectors: true } satisfies All<QueryBatchOptions>,
  snippet: { tokens: true, open: true, close: true, ellipsis: true } satisfies All<SnippetOptions>,
  indexTexts: { tokenizer: true, signal: true, onProgress: true } satisfies All<IndexTextsOptions>,
  get: { ...CALL, includeVectors: true } satisfies All<GetOptions>,
  listPage: {
    ...CALL,
    filter: true,
    limit: true,
    cursor: true,
    offset: true,
    includeVectors: true,
  } satisfies All<ListPageOptions>,
  verify: { signal: true, onProgress: true, kernel: true, wasm: true } satisfies All<VerifyOptions>,
  compact: { signal: true, onProgress: true } satisfies All<CompactOptions>,
  copyNamespace: NAMESPACE,
  dropNamespace: NAMESPACE,
  delete: CALL,
  sweep: { signal: true } satisfies All<SweepOptions>,
  count: CALL,
  demote: WRITE,
  promote: WRITE,
  pin: WRITE,
  unpin: CALL,
  calibrate: CALIBRATE,
  recalibrate: CALIBRATE,
  "store.recommend": { ...RECOMMEND, sampleSize: true } satisfies All<StoreRecommendOptions>,
  spectrum: { sampleSize: true, points: true, bytes: true, signal: true } satisfies All<SpectrumOptions>,
  recommend: { ...RECOMMEND, metric: true, effort: true, seed: true } satisfies All<RecommendOptions>,
  calibrateSpectralRotation: {
    numSamples: true,
    sequenceLength: true,
    device: true,
    texts: true,
    signal: true,
    onProgress: true,
  } satisfies All<CalibrateModelOptions>,
  calibrateFromEmbeddings: {
    batchSize: true,
    signal: true,
    onProgress: true,
  } satisfies All<CalibrateEmbeddingsOptions>,
  calibrateFromVectors: { layerNames: true } satisfies All<CalibrateVectorsOptions>,
  SpectralQuantizer: {
    rotation: true,
    signalBits: true,
    noiseBits: true,
    useWaterFilling: true,
    signalDims: true,
    codebooks: true,
  } satisfies All<SpectralQuantizerOptions>,
};

/** Refuses options that are no object, have a name that is not known, or could not be called when it is time to. */
export function checkOptions(of: keyof typeof KNOWN, options: unknown): void {
  const names = Object.keys(KNOWN[of]);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ThermoclineError(
      "ARGUMENT",
      `The options of ${of} are ${shown(options)}; give an object of ${names.join(", ")}.`,
    );
  }
  const unknown = Object.keys(options).find((key) => !names.includes(key));
  if (unknown !== undefined) {
    throw new ThermoclineError(
      "ARGUMENT",
      `Unknown option ${shown(unknown)} of ${of}; the options are ${names.join(", ")}.`,
    );
  }
  const { signal, onProgress, includeVectors } = options as Record<string, unknown>;
  if (signal !== undefined && !(typeof signal === "object" && signal !== null && "aborted" in signal)) {
    throw new ThermoclineError("ARGUMENT", `signal is ${shown(signal)}; give an AbortSignal.`);
  }
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new ThermoclineError("ARGUMENT", `onProgress is ${shown(onProgress)}; give a function.`);
  }
  if (includeVectors !== undefined && typeof includeVectors !== "boolean") {
    throw new ThermoclineError("ARGUMENT", `includeVectors is ${shown(includeVectors)}; give true or false.`);
  }
}
