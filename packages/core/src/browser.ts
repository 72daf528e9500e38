/**
 * Vector memory in a page, a worker or an edge runtime: the same stores, on WebAssembly, and nothing of Node.
 *
 * @packageDocumentation
 */
export * from "./portable.js";
export { type InWorkerOptions, openInWorker } from "./worker/open-in-worker.js";
export { removeStore } from "./worker/remove-store.js";
export { serveStores } from "./worker/serve-stores.js";
export { StoreInWorker } from "./worker/store-in-worker.js";
export { verifyInWorker } from "./worker/verify-in-worker.js";
