import type { StoreStats, Thermocline } from "@thermocline/core";

/** What of a store an inspector needs: it reads. A store in a worker gives its stats by promise. */
export type Inspected = Pick<
  Thermocline,
  "query" | "get" | "listPage" | "count" | "namespaces" | "spectrum" | "recommend"
> & {
  stats(): StoreStats | Promise<StoreStats>;
};
