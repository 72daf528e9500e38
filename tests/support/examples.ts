import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
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

/** What code printed, and what its comments say that it prints. */
export interface Printed {
  readonly printed: string[];
  readonly promised: string[];
}

async function run(code: string, names: Readonly<Record<string, unknown>>): Promise<Printed> {
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(format(...values));
  await new AsyncFunction(...Object.keys(names), "console", code)(...Object.values(names), { log });
  return {
    printed,
    promised: [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment = ""]) => comment),
  };
}

/** Runs an example with core's names at hand. */
export function runExample(code: string): Promise<Printed> {
  return run(code, core);
}

/** Runs a README's program in an empty folder, its imports taken from `modules`. */
export async function runProgram(program: string, modules: Readonly<Record<string, unknown>>): Promise<Printed> {
  const code = program.replace(/^import (\{.*\}) from (".*");$/gm, "var $1 = modules[$2];");
  const home = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), "thermocline-readme-"));
  try {
    process.chdir(folder);
    return await run(code, { modules });
  } finally {
    process.chdir(home);
    await rm(folder, { recursive: true, force: true });
  }
}
