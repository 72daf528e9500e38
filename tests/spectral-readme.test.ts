import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "node:util";
import * as core from "@thermocline/core";
import { expect, it } from "vitest";

const page = readFileSync(new URL("../packages/core/README.md", import.meta.url), "utf8");
const section = page.split(/^## /m).find((part) => part.startsWith("SpectralQuant's names")) ?? "";
const program = /^```ts\n([\s\S]*?)^```/m.exec(section)?.[1] ?? "";

/** Of an async function's constructor, which is no global. */
const AsyncFunction = (async () => {}).constructor as new (
  ...source: string[]
) => (...given: unknown[]) => Promise<void>;

it("the README's program under SpectralQuant's names prints what its comments say", async () => {
  const code = program.replace(/^import (\{.*\}) from "@thermocline\/core";$/m, "const $1 = core;");
  const promised = [...program.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, comment]) => comment);
  const printed: string[] = [];
  const home = process.cwd();
  const folder = await mkdtemp(join(tmpdir(), "thermocline-readme-"));
  try {
    process.chdir(folder);
    const log = (...values: unknown[]) => printed.push(format(...values));
    await new AsyncFunction("core", "console", code)(core, { log });
  } finally {
    process.chdir(home);
    await rm(folder, { recursive: true, force: true });
  }
  expect(printed).toEqual(promised);
  expect(printed.length).toBe(4);
});
