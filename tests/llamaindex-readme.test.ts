import { readFileSync } from "node:fs";
import { BaseEmbedding } from "@llamaindex/core/embeddings";
import * as adapter from "@thermocline/llamaindex";
import * as vectorstoresAdapter from "@thermocline/llamaindex/vectorstores";
import * as vectorstores from "@vectorstores/core";
import * as llamaindex from "llamaindex";
import { expect, it } from "vitest";
import { runProgram } from "./support/examples.js";
import { wordVector } from "./support/word-vector.js";

const page = readFileSync(new URL("../packages/llamaindex/README.md", import.meta.url), "utf8");
const program = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block]) => block).join("\n");

class WordEmbedding extends BaseEmbedding {
  // biome-ignore lint/complexity/noUselessConstructor: the base's is protected
  constructor() {
    super();
  }

  override async getTextEmbedding(text: string): Promise<number[]> {
    return wordVector(text);
  }
}

const modules = {
  "@thermocline/llamaindex": adapter,
  "@thermocline/llamaindex/vectorstores": vectorstoresAdapter,
  "@vectorstores/core": vectorstores,
  llamaindex,
};

it("the README's blocks, run one after the other, print what their comments say", async () => {
  // The one name that the page leaves to its reader.
  const given = { ...modules, embedding: { embedModel: new WordEmbedding() } };
  const { printed, promised } = await runProgram(`import { embedModel } from "embedding";\n${program}`, given);
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThan(8);
});
