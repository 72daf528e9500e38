/**
 * Thermocline behind LangChain.js: vectors in one SQLite file, or in memory, as a vector store.
 *
 * @packageDocumentation
 */
export { type ErrorCode, type Filter, ThermoclineError } from "@thermocline/core";
export type { ThermoclineFilter } from "./filter.js";
export type { AddOptions, DeleteOptions, ThermoclineConfig, ViewOptions } from "./options.js";
export { ThermoclineVectorStore } from "./vector-store.js";
