/**
 * Thermocline behind `@vectorstores/core`: nodes in one SQLite file, or in memory, as a vector store.
 *
 * @packageDocumentation
 */
export { type ErrorCode, ThermoclineError } from "@thermocline/core";
export type { AddOptions, SignalOptions, ThermoclineConfig, ThermoclineQueryParams, ViewOptions } from "./options.js";
export { ThermoclineVectorStore } from "./vectorstores-vector-store.js";
