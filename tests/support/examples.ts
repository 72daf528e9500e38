import { readFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { format } from "node:util";
import * as core from "@thermocline/core";
import { transformSync } from "esbuild";

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
  return { printed, promised: promisesOf(code) };
}

/** What the comments after `console.log(…);` say that code prints. */
export function promisesOf(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment = ""]) => comment);
}

/** Runs an example with core's names at hand. */
export function runExample(code: string): Promise<Printed> {
  return run(code, core);
}

/**
 * Runs a page's program in an empty folder: types are taken out, and what it imports is loaded as the tests load it, so that our packages
 * come from source, but for what `given` has. `found` names what lies in the folder, and what each is a copy of.
 */
export async function runProgram(
  program: string,
  given: Readonly<Record<string, unknown>> = {},
  found: Readonly<Record<string, string>> = {},
): Promise<Printed> {
  const importing = /^import (\w+|\{[^}]*\}) from "([^"]+)";.*$/gm;
  const modules: Record<string, unknown> = { ...given };
  for (const [, , name = ""] of program.matchAll(importing)) modules[name] ??= await import(/* @vite-ignore */ name);
  const typed = program.replace(importing, (_, names: string, name: string) =>
    names.startsWith("{")
      ? `var ${names.replace(/\btype \w+,?/g, "").replaceAll(" as ", ": ")} = modules["${name}"];`
      : `var ${names} = modules["${name}"].default;`,
  );
  const { code } = transformSync(typed, { loader: "ts", target: "node20" });
  const home = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), "thermocline-readme-"));
  try {
    for (const [name, original] of Object.entries(found)) await cp(original, join(folder, name), { recursive: true });
    process.chdir(folder);
    const { printed } = await run(code, { modules });
    return { printed, promised: promisesOf(program) };
  } finally {
    process.chdir(home);
    await rm(folder, { recursive: true, force: true });
  }
}
