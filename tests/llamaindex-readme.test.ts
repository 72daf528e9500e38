import { BaseEmbedding } from "@llamaindex/core/embeddings";
import { expect, it } from "vitest";
import { wholeProgram } from "./support/code-blocks.js";
import { runProgram } from "./support/examples.js";
import { wordVector } from "./support/word-vector.js";

class WordEmbedding extends BaseEmbedding {
  // biome-ignore lint/complexity/noUselessConstructor: the base's is protected
  constructor() {
    super();
  }

  override async getTextEmbedding(text: string): Promise<number[]> {
    return wordVector(text);
  }
}

it("the README's blocks, run one after the other, print what their comments say", { timeout: 60_000 }, async () => {
  const program = wholeProgram("packages/llamaindex/README.md");
  // The one name that the page leaves to its reader.
  const given = { embedding: { embedModel: new WordEmbedding() } };
  const { printed, promised } = await runProgram(`import { embedModel } from "embedding";\n${program}`, given);
  expect(printed).toEqual(promised);
  expect(printed.length).toBeGreaterThan(8);
});
