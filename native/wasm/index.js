// The bindings, and where the modules lie. Bundlers know `new URL(…, import.meta.url)` in exactly this form.

export * as search from "./dist/search.js";
export { Runner } from "./runner.js";

/** The binding of the second module. */
export const calibrate = () => import("./dist/calibrate.js");

/** Where a module lies: with SIMD instructions or without. */
export const modules = {
  search: {
    simd: () => new URL("./dist/search_bg.wasm", import.meta.url),
    portable: () => new URL("./dist/portable/search_bg.wasm", import.meta.url),
  },
  calibrate: {
    simd: () => new URL("./dist/calibrate_bg.wasm", import.meta.url),
    portable: () => new URL("./dist/portable/calibrate_bg.wasm", import.meta.url),
  },
};

/** Where the program of a worker thread of Node lies: worker.js, bundled. */
export const worker = () => new URL("./dist/worker.mjs", import.meta.url);
