import { expect, it } from "vitest";
import { wholeProgram } from "./support/code-blocks.js";
import { runProgram } from "./support/examples.js";

it("the README's blocks, run one after the other, print what their comments say", { timeout: 60_000 }, async () => {
  const { printed, promised } = await runProgram(wholeProgram("packages/mastra/README.md"));
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThan(5);
});
