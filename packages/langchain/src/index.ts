/**
 * Thermocline behind LangChain.js: vectors in one SQLite file, or in memory, as a vector store and a record manager; beside them
 * a byte store and a cache of models' answers. LangGraph's store is in `@thermocline/langchain/langgraph`.
 *
 * @packageDocumentation
 */
export { type ErrorCode, type Filter, ThermoclineError } from "@thermocline/core";
export { type ByteStoreConfig, ThermoclineByteStore } from "./byte-store.js";
export type { ThermoclineFilter } from "./filter.js";
export { HashingEmbeddings } from "./hashing-embeddings.js";
export type { MemoryVectors } from "./moving-in/memory-vector-store.js";
export type {
  AddOptions,
  AddProgress,
  AddVectorsOptions,
  DeleteOptions,
  ListDocumentsOptions,
  MoveConfig,
  ThermoclineConfig,
  ViewOptions,
} from "./options.js";
export { type RecordManagerOptions, ThermoclineRecordManager } from "./record-manager.js";
export { type RetrieverFields, ThermoclineRetriever, type ThermoclineRetrieverInput } from "./retriever.js";
export type { ExplainedSearch, MmrFields, SearchFields, SearchRequest, SearchType } from "./search.js";
export { type SemanticCacheConfig, type SemanticCacheOptions, ThermoclineSemanticCache } from "./semantic-cache.js";
export { ThermoclineVectorStore } from "./vector-store.js";
