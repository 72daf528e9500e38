export * as search from "./dist/search.js";
/** The binding of the second module. */
export function calibrate(): Promise<typeof import("./dist/calibrate.js")>;
interface Builds {
  simd(): URL;
  portable(): URL;
}
/** Where a module lies: with SIMD instructions or without. */
export const modules: { readonly search: Builds; readonly calibrate: Builds };
/** Where the script of a worker thread of Node lies. */
export function worker(): URL;
