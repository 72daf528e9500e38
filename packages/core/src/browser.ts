/**
 * Vector memory in a page, a worker or an edge runtime: the same stores, on WebAssembly, and nothing of Node.
 *
 * @packageDocumentation
 */
export * from "./portable.js";
export { removeStore } from "./worker/remove-store.js";
export { openInWorker, type InWorkerOptions } from "./worker/open-in-worker.js";
export { serveStores } from "./worker/serve-stores.js";
export { StoreInWorker } from "./worker/store-in-worker.js";
