import { readFileSync } from "node:fs";
import * as core from "@thermocline/core";
import { expect, it } from "vitest";
import { runProgram } from "./support/examples.js";

const page = readFileSync(new URL("../packages/core/README.md", import.meta.url), "utf8");
const section = page.split(/^## /m).find((part) => part.startsWith("SpectralQuant's names")) ?? "";
const program = /^```ts\n([\s\S]*?)^```/m.exec(section)?.[1] ?? "";

it("the README's program under SpectralQuant's names prints what its comments say", async () => {
  const { printed, promised } = await runProgram(program, { "@thermocline/core": core });
  expect(printed).toEqual(promised);
  expect(printed.length).toBe(4);
});
