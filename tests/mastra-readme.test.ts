import { readFileSync } from "node:fs";
import * as storage from "@mastra/core/storage";
import * as memory from "@mastra/memory";
import * as mastra from "@thermocline/mastra";
import { expect, it } from "vitest";
import { runProgram } from "./support/examples.js";

const page = readFileSync(new URL("../packages/mastra/README.md", import.meta.url), "utf8");
const program = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block]) => block).join("\n");
const modules = { "@mastra/core/storage": storage, "@mastra/memory": memory, "@thermocline/mastra": mastra };

it("the README's blocks, run one after the other, print what their comments say", async () => {
  const { printed, promised } = await runProgram(program, modules);
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThan(5);
});
