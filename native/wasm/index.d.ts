export * as search from "./dist/search.js";
/** Runs calls of a module that name what they call. An object to call a method of is made from its recipe, and kept for a while. */
export class Runner {
  constructor(binding: object);
  run(
    call: {
      readonly on?: { readonly key: number; readonly type: string; readonly parts: readonly unknown[] } | undefined;
      readonly method: string;
      readonly args: readonly unknown[];
    },
    progress: ((done: number) => boolean) | undefined,
  ): unknown;
}
/** The binding of the second module. */
export function calibrate(): Promise<typeof import("./dist/calibrate.js")>;
interface Builds {
  simd(): URL;
  portable(): URL;
}
/** Where a module lies: with SIMD instructions or without. */
export const modules: { readonly search: Builds; readonly calibrate: Builds };
/** Where the program of a worker thread of Node lies. */
export function worker(): URL;
