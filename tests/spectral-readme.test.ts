import { expect, it } from "vitest";
import { codeBlocks, readPage } from "./support/code-blocks.js";
import { runProgram } from "./support/examples.js";

const page = readPage("packages/core/README.md");
const section = page.split(/^## /m).find((part) => part.startsWith("SpectralQuant's names")) ?? "";
const [block] = codeBlocks("packages/core/README.md", section);

it("the README's program under SpectralQuant's names prints what its comments say", { timeout: 60_000 }, async () => {
  const { printed, promised } = await runProgram(block?.code ?? "");
  expect(printed).toEqual(promised);
  expect(printed.length).toBe(4);
});
