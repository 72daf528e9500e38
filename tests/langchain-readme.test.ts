import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "node:util";
import * as documents from "@langchain/core/documents";
import * as testing from "@langchain/core/utils/testing";
import * as langchain from "@thermocline/langchain";
import { expect, it } from "vitest";

const page = readFileSync(new URL("../packages/langchain/README.md", import.meta.url), "utf8");
const program = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block]) => block).join("\n");
const modules = {
  "@langchain/core/documents": documents,
  "@langchain/core/utils/testing": testing,
  "@thermocline/langchain": langchain,
};

/** Of an async function's constructor, which is no global. */
const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...given: unknown[]) => Promise<void>;

it("the README's blocks, run one after the other, print what their comments say", async () => {
  const code = program.replace(/^import (\{.*\}) from (".*");$/gm, "var $1 = modules[$2];");
  const promised = [...program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment]) => comment);
  const printed: string[] = [];
  const home = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), "thermocline-readme-"));
  try {
    process.chdir(folder);
    const log = (...values: unknown[]) => printed.push(format(...values));
    await new AsyncFunction("modules", "console", code)(modules, { log });
  } finally {
    process.chdir(home);
    await rm(folder, { recursive: true, force: true });
  }
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThan(5);
});
