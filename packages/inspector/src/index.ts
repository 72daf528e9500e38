/**
 * The inspector's page for Node: a store as the page sees it, and a server on this machine alone.
 *
 * @packageDocumentation
 */
export type { Inspected } from "./inspected.js";
export { type ServeOptions, type Serving, serveInspector } from "./server/serve.js";
export type * from "./source.js";
export { StoreSource } from "./store-source.js";
