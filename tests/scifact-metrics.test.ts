import { describe, expect, it } from "vitest";
import { mean, median, mrrAt, ndcgAt, overlapAt, recallAt } from "../examples/beir-scifact/src/metrics.js";

const relevance = new Map([
  ["a", 1],
  ["b", 1],
  ["judged irrelevant", 0],
]);

describe("nDCG", () => {
  it("is 1 when the relevant documents come first, in any order", () => {
    expect(ndcgAt(["b", "a", "x"], relevance, 10)).toBeCloseTo(1, 12);
  });

  it("discounts a document by the logarithm of its rank", () => {
    // Ranks 2 and 4 of two relevant: (1/log2(3) + 1/log2(5)) / (1 + 1/log2(3)).
    expect(ndcgAt(["x", "a", "y", "b"], relevance, 10)).toBeCloseTo(0.650921, 6);
  });

  it("weighs documents by their grade", () => {
    const graded = new Map([
      ["good", 2],
      ["fair", 1],
    ]);
    // (1 + 2/log2(3)) / (2 + 1/log2(3)).
    expect(ndcgAt(["fair", "good"], graded, 10)).toBeCloseTo(0.859719, 6);
  });

  it("sees nothing beyond k, and cuts the ideal ranking at k too", () => {
    expect(ndcgAt(["x", "a", "b"], relevance, 1)).toBe(0);
    expect(ndcgAt(["a", "x", "b"], relevance, 1)).toBe(1);
  });

  it("is 0 when nothing is relevant", () => {
    expect(ndcgAt(["a"], new Map(), 10)).toBe(0);
  });
});

describe("MRR", () => {
  it("is one over the rank of the first relevant document", () => {
    expect(mrrAt(["x", "y", "b", "a"], relevance, 10)).toBe(1 / 3);
  });

  it("does not count a document judged irrelevant", () => {
    expect(mrrAt(["judged irrelevant", "a"], relevance, 10)).toBe(1 / 2);
  });

  it("is 0 when the first relevant document lies beyond k", () => {
    expect(mrrAt(["x", "y", "b"], relevance, 2)).toBe(0);
  });
});

describe("recall", () => {
  it("is the share of the relevant documents that was found", () => {
    expect(recallAt(["x", "b", "y"], relevance, 10)).toBe(1 / 2);
    expect(recallAt(["a", "b"], relevance, 10)).toBe(1);
    expect(recallAt(["a", "x", "b"], relevance, 2)).toBe(1 / 2);
  });

  it("is 0 when nothing is relevant", () => {
    expect(recallAt(["a"], new Map([["a", 0]]), 10)).toBe(0);
  });
});

describe("overlap", () => {
  it("is the share of the exact top k in the top k, whatever the order", () => {
    expect(overlapAt(["a", "b", "c", "d"], ["d", "c", "b", "a"], 4)).toBe(1);
    expect(overlapAt(["a", "b", "x", "y"], ["a", "b", "c", "d"], 4)).toBe(1 / 2);
  });

  it("looks at the first k of both", () => {
    expect(overlapAt(["a", "x", "b"], ["a", "b", "x"], 2)).toBe(1 / 2);
  });
});

describe("mean and median", () => {
  it("are those of the textbook", () => {
    expect(mean([1, 2, 6])).toBe(3);
    expect(median([9, 1, 2])).toBe(2);
    expect(median([4, 1, 9, 2])).toBe(3);
  });

  it("leave the values in their order", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});
