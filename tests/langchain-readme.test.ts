import { readFileSync } from "node:fs";
import * as cacheBacked from "@langchain/classic/embeddings/cache_backed";
import * as memory from "@langchain/classic/vectorstores/memory";
import * as documents from "@langchain/core/documents";
import * as indexing from "@langchain/core/indexing";
import * as testing from "@langchain/core/utils/testing";
import * as langchain from "@thermocline/langchain";
import * as langgraph from "@thermocline/langchain/langgraph";
import { expect, it } from "vitest";
import { runProgram } from "./support/examples.js";

const page = readFileSync(new URL("../packages/langchain/README.md", import.meta.url), "utf8");
const program = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block]) => block).join("\n");
const modules = {
  "@langchain/classic/embeddings/cache_backed": cacheBacked,
  "@langchain/classic/vectorstores/memory": memory,
  "@langchain/core/documents": documents,
  "@langchain/core/indexing": indexing,
  "@langchain/core/utils/testing": testing,
  "@thermocline/langchain": langchain,
  "@thermocline/langchain/langgraph": langgraph,
};

it("the README's blocks, run one after the other, print what their comments say", async () => {
  const { printed, promised } = await runProgram(program, modules);
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThan(5);
});
