import { readFileSync } from "node:fs";
import { format } from "node:util";
import * as core from "@thermocline/core";

/** Of an async function's constructor, which is no global. */
const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...given: unknown[]) => Promise<void>;

/** The `@example` blocks in the docstrings of a source file of core. */
export function examplesOf(file: string): string[] {
  const source = readFileSync(new URL(`../../packages/core/src/${file}`, import.meta.url), "utf8");
  return [...source.matchAll(/\* @example\n((?: *\* .*\n)+)/g)].map(([, block = ""]) =>
    block.replace(/^ *\* ?(?!\/)/gm, "").trimEnd(),
  );
}

/** Runs an example with core's names at hand: what it printed, and what its comments say that it prints. */
export async function runExample(code: string): Promise<{ printed: string[]; promised: string[] }> {
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(format(...values));
  await new AsyncFunction(...Object.keys(core), "console", code)(...Object.values(core), { log });
  return {
    printed,
    promised: [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment = ""]) => comment),
  };
}
