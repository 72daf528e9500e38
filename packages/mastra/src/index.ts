/**
 * Thermocline behind Mastra: indexes of vectors, each in an SQLite file of its own, or in memory, as a vector store.
 *
 * @packageDocumentation
 */
export { type ErrorCode, ThermoclineError } from "@thermocline/core";
export type { ThermoclineVectorFilter } from "./filter.js";
export type { QueryParams, ThermoclineVectorConfig, UpdateParams, UpsertParams } from "./options.js";
export { ThermoclineVector } from "./vector.js";
