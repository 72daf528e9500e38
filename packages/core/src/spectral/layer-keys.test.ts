import { describe, expect, it } from "vitest";
import { LayerKeys } from "./layer-keys.js";

/** How many of `numbers` there are of each. */
function counts(numbers: number[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const number of numbers) found.set(number, (found.get(number) ?? 0) + 1);
  return found;
}

describe("a layer's sample of keys", () => {
  it("is all of them where they fit", () => {
    expect([...new LayerKeys(1).choose(2, 5, 10)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([...new LayerKeys(1).choose(2, 3, 10)]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("has as many of each head and of each stretch of the text, within the budget", () => {
    const [heads, tokens, budget] = [4, 1000, 100];
    const rows = [...new LayerKeys(1).choose(heads, tokens, budget)];
    expect(rows.length).toBe(budget);
    // 25 keys of a head: one in 40 tokens.
    const stretches = counts(rows.map((row) => Math.floor(row / 40)));
    expect([...stretches]).toEqual(Array.from({ length: budget }, (_, stretch) => [stretch, 1]));
  });

  it("takes every position about as often as any other", () => {
    const keys = new LayerKeys(1);
    const positions = Array.from({ length: 200 }, () => [...keys.choose(2, 40, 20)].map((row) => row % 40)).flat();
    const found = counts(positions);
    expect(found.size).toBe(40);
    // 400 heads, each with one of every four tokens.
    for (const count of found.values()) expect(Math.abs(count - 100)).toBeLessThanOrEqual(4);
  });

  it("has at least one key of each head", () => {
    expect([...new LayerKeys(1).choose(8, 50, 3)].map((row) => Math.floor(row / 50))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("gives what was added, once", () => {
    const keys = new LayerKeys(2);
    keys.add(Float32Array.of(1, 2, 3, 4));
    keys.add(Float32Array.of(5, 6));
    expect(keys.take()).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(keys.take()).toEqual(new Float32Array());
  });
});
