/**
 * Thermocline behind LlamaIndex.TS: nodes in one SQLite file, or in memory, as a vector store. LlamaIndex.TS is deprecated; its
 * fork `@vectorstores/core` has the same class at `@thermocline/llamaindex/vectorstores`.
 *
 * @packageDocumentation
 */
export { type ErrorCode, ThermoclineError } from "@thermocline/core";
export { type EmbedModelOptions, ThermoclineVectorStore } from "./llamaindex-vector-store.js";
export type { AddOptions, SignalOptions, ThermoclineConfig, ThermoclineQueryParams, ViewOptions } from "./options.js";
