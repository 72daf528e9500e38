/**
 * Thermocline behind LangGraph.js: long-term memory in one SQLite file, or in memory, as a `BaseStore`.
 *
 * @packageDocumentation
 */
export { type ErrorCode, ThermoclineError } from "@thermocline/core";
export type { PutOptions, StoreViewOptions, ThermoclineStoreConfig, TTLConfig } from "./options.js";
export { ThermoclineStore } from "./store.js";
