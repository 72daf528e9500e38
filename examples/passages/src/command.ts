import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SetUpError } from "./models.js";

/** This repository's own docs. */
export const DOCS = fileURLToPath(new URL("../../../docs", import.meta.url));

/** The path of a database of an example, in its folder `.data`. */
export function dataFile(example: string, name: string): string {
  const folder = new URL(`../../${example}/.data/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  return fileURLToPath(new URL(`${name.replace(/[^\w.-]+/g, "-")}.db`, folder));
}

/**
 * Reads the command line `[--<option> VALUE]… [LINE]`. Without a line, `lines` are those that are typed, or piped, until the end
 * of the input.
 */
export function commandLine<Option extends string>(
  example: string,
  options: readonly Option[],
): { readonly given: Partial<Record<Option, string>>; readonly lines: AsyncIterable<string> } {
  try {
    const config = Object.fromEntries(options.map((option) => [option, { type: "string" as const }]));
    const { values, positionals } = parseArgs({ allowPositionals: true, options: config });
    const lines = positionals.length > 0 ? only(positionals.join(" ")) : typedLines();
    return { given: values as Partial<Record<Option, string>>, lines };
  } catch (error) {
    const usage = options.map((option) => `[--${option} VALUE] `).join("");
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetUpError(`${reason}\nusage: npm run example:${example} -- ${usage}[LINE]`, { cause: error });
  }
}

async function* only(line: string): AsyncGenerator<string> {
  yield line;
}

async function* typedLines(): AsyncGenerator<string> {
  const { stdin: input, stdout: output } = process;
  const lines = createInterface({ input, prompt: "\n> ", ...(input.isTTY && { output }) });
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== "") yield line.trim();
    lines.prompt();
  }
}

/** Runs an example. What the person at the terminal can set right is said without a stack. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
