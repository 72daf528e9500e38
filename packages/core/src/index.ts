/**
 * Vector memory in one file: recent rows exact in RAM, old rows in a few spectral bytes, searched as one store.
 *
 * @packageDocumentation
 */
export * from "./portable.js";
export { loadCachedRotations, saveRotations } from "./spectral/files.js";
