import type { OpenOptions, StoreStats } from "@thermocline/core";
import { afterEach, vi } from "vitest";
import type { Opening } from "../../packages/core/src/worker/protocol.js";
import { serveStores } from "../../packages/core/src/worker/serve-stores.js";
import { StoreInWorker } from "../../packages/core/src/worker/store-in-worker.js";
import { type Backend, type Bench, backends, bench } from "./stores.js";

export const ways = [...backends, "in a worker"] as const;

/** What stores and their proxies both have. */
export type AnyStore = Omit<StoreInWorker, "stats" | "persisted"> & { stats(): StoreStats | Promise<StoreStats> };

/** Opens stores as `bench` does, or both ends of a worker's port on this thread: all of the proxy but the worker itself. */
export function openWays(way: (typeof ways)[number]): (options?: OpenOptions) => Promise<AnyStore> {
  const { open }: Bench = bench(way === "in a worker" ? "in memory" : (way as Backend));
  if (way !== "in a worker") return open;
  const served: StoreInWorker[] = [];
  afterEach(async () => {
    await Promise.all(served.splice(0).map((store) => store.close().catch(() => {})));
  });
  return async (options = {}) => {
    let hear: ((event: { data: Opening }) => void) | undefined;
    vi.stubGlobal("addEventListener", (_: string, listener: typeof hear) => {
      hear = listener;
    });
    serveStores();
    vi.unstubAllGlobals();
    const { port1, port2 } = new MessageChannel();
    const opened = new Promise<void>((resolve, reject) => {
      port1.onmessage = ({ data }) => {
        if (data.kind === "result") resolve();
        else if (data.kind === "error") reject(new Error(data.error.message));
      };
    });
    hear?.({ data: { thermocline: "open", options, bytes: undefined, port: port2 as unknown as Opening["port"] } });
    await opened;
    const store = new StoreInWorker(port1 as unknown as Opening["port"], false, () => {});
    served.push(store);
    return store;
  };
}
