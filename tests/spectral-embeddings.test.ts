import { FakeEmbeddings } from "@langchain/core/utils/testing";
import { calibrateFromEmbeddings, type Progress, type SpectralRotation } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";
import { secondMoment, spanned } from "./support/second-moment.js";

const TEXTS = [
  "warm water rises",
  "cold water sinks",
  "ice floats",
  "steam floats on warm water",
  "salt sinks in water",
];

const numbers = (rotation: SpectralRotation) => [...rotation.eigenvalues, ...rotation.rotationMatrix];

/** As `BaseEmbedding` of LlamaIndex is: one text is asked for by method, many by a field that holds a function. */
class WordEmbedding {
  readonly embedBatchSize = 10;
  protected readonly words = new WordEmbeddings();

  async getTextEmbedding(text: string): Promise<number[]> {
    return this.words.embedQuery(text);
  }

  getTextEmbeddings = async (texts: string[]): Promise<number[][]> => {
    const vectors: number[][] = [];
    for (const text of texts) vectors.push(await this.getTextEmbedding(text));
    return vectors;
  };

  async getTextEmbeddingsBatch(texts: string[]): Promise<number[][]> {
    return this.getTextEmbeddings(texts);
  }
}

describe("calibrateFromEmbeddings", () => {
  it("rotates to the axes of what LangChain's embeddings give", async () => {
    const rotation = await calibrateFromEmbeddings(new WordEmbeddings(), TEXTS);
    expect([rotation.layerName, rotation.headDim]).toEqual(["embedding", 96]);
    const expected = secondMoment(await new WordEmbeddings().embedDocuments(TEXTS));
    spanned(rotation).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 5);
    });
    expect(rotation.eigenvalues[TEXTS.length - 1]).toBeGreaterThan(0.01);
    expect(rotation.eigenvalues[TEXTS.length]).toBeCloseTo(0, 6);
  });

  it("finds the one direction of embeddings that are all the same", async () => {
    const rotation = await calibrateFromEmbeddings(new FakeEmbeddings(), TEXTS);
    const [first, ...others] = rotation.eigenvalues;
    expect(first).toBeCloseTo(0.1 ** 2 + 0.2 ** 2 + 0.3 ** 2 + 0.4 ** 2, 6);
    for (const other of others) expect(other).toBeCloseTo(0, 6);
  });

  it("takes LlamaIndex's embeddings as well, by any of their methods", async () => {
    const expected = numbers(await calibrateFromEmbeddings(new WordEmbeddings(), TEXTS));
    const whole = new WordEmbedding();
    const { getTextEmbeddings } = whole;
    const getTextEmbedding = (text: string) => whole.getTextEmbedding(text);
    for (const embeddings of [whole, { getTextEmbedding, getTextEmbeddings }, { getTextEmbedding }]) {
      expect(numbers(await calibrateFromEmbeddings(embeddings, TEXTS))).toEqual(expected);
    }
  });

  it("embeds batch by batch, says how far it is, and has the same result as in one call", async () => {
    const words = new WordEmbeddings();
    const batches: string[][] = [];
    const embedDocuments = (texts: string[]) => {
      batches.push(texts);
      return words.embedDocuments(texts);
    };
    const progress: Progress[] = [];
    const onProgress = (step: Progress) => progress.push(step);
    const rotation = await calibrateFromEmbeddings({ embedDocuments }, TEXTS, { batchSize: 2, onProgress });
    expect(batches).toEqual([TEXTS.slice(0, 2), TEXTS.slice(2, 4), TEXTS.slice(4)]);
    expect(progress).toEqual([2, 4, 5].map((done) => ({ phase: "calibrate", done, total: 5 })));
    expect(numbers(rotation)).toEqual(numbers(await calibrateFromEmbeddings(words, TEXTS)));
  });

  it("stops at the signal, and embeds nothing after", async () => {
    const words = new WordEmbeddings();
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const call = calibrateFromEmbeddings(words, TEXTS, { batchSize: 2, signal: controller.signal, onProgress });
    await expect(call).rejects.toMatchObject({ name: "AbortError", code: "ABORTED" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(words.embeddedDocuments).toBe(2);
  });

  it.each([
    ["ARGUMENT", "fewer vectors than texts", [[1, 2]]],
    ["ARGUMENT", "no vectors", undefined],
    [
      "DIMENSION",
      "vectors of two lengths",
      [
        [1, 2],
        [1, 2, 3],
        [1, 2],
      ],
    ],
    ["DIMENSION", "empty vectors", [[], [], []]],
    [
      "NOT_FINITE",
      "NaN",
      [
        [1, 2],
        [Number.NaN, 2],
        [1, 2],
      ],
    ],
  ])("refuses with %s: %s", async (code, _, vectors) => {
    const embedDocuments = async () => vectors as number[][];
    const call = calibrateFromEmbeddings({ embedDocuments }, ["a", "b", "c"]);
    await expect(call).rejects.toMatchObject({ code });
  });

  it.each([
    ["embeddings", {}, TEXTS, {}],
    ["embeddings", undefined, TEXTS, {}],
    ["texts", new WordEmbeddings(), [], {}],
    ["texts", new WordEmbeddings(), [undefined], {}],
    ["batchSize", new WordEmbeddings(), TEXTS, { batchSize: 0 }],
    ["onProgress", new WordEmbeddings(), TEXTS, { onProgress: 1 }],
    ["batch", new WordEmbeddings(), TEXTS, { batch: 1 }],
  ])("refuses bad %s", async (name, embeddings, texts, options) => {
    const call = calibrateFromEmbeddings(embeddings as WordEmbeddings, texts as string[], options as object);
    await expect(call).rejects.toMatchObject({ code: "ARGUMENT", message: expect.stringContaining(name) });
  });

  it("passes on what the embedding model throws", async () => {
    const embedDocuments = () => Promise.reject(new RangeError("too many requests"));
    await expect(calibrateFromEmbeddings({ embedDocuments }, TEXTS)).rejects.toThrow(RangeError);
  });
});
