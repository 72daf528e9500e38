import { describe, expect, it } from "vitest";
import { LayerKeys } from "./layer-keys.js";

/** Keys [heads][tokens][1] that say which head and token they are: head + token / 10,000. */
function labelled(heads: number, tokens: number): Float32Array {
  return Float32Array.from({ length: heads * tokens }, (_, i) => Math.floor(i / tokens) + (i % tokens) / 10_000);
}

describe("a layer's sample of keys", () => {
  it("is all of them where they fit", () => {
    const keys = new LayerKeys(1);
    keys.add(labelled(2, 5), 5, 10);
    keys.add(labelled(2, 3), 3, 10);
    expect(keys.take()).toEqual(Float32Array.of(...labelled(2, 5), ...labelled(2, 3)));
    expect(keys.take()).toEqual(new Float32Array());
  });

  it("keeps vectors whole", () => {
    const keys = new LayerKeys(2);
    keys.add(Float32Array.of(0, 10, 1, 11, 2, 12, 3, 13), 4, 2);
    const sample = keys.take();
    expect(sample.length).toBe(4);
    expect([sample[1]! - sample[0]!, sample[3]! - sample[2]!]).toEqual([10, 10]);
  });

  it("has as many of each head and of each stretch of the text, within the budget", () => {
    const keys = new LayerKeys(1);
    keys.add(labelled(4, 1000), 1000, 100);
    const sample = [...keys.take()];
    expect(sample.length).toBe(100);
    for (let head = 0; head < 4; head++) {
      for (let stretch = 0; stretch < 25; stretch++) {
        const from = head + (stretch * 40) / 10_000 - 1e-6;
        expect(sample.filter((key) => key >= from && key < from + 40 / 10_000).length).toBe(1);
      }
    }
  });

  it("takes every position about as often as any other", () => {
    const keys = new LayerKeys(1);
    for (let text = 0; text < 200; text++) keys.add(labelled(2, 40), 40, 20);
    const counts = new Map<number, number>();
    for (const key of keys.take()) {
      const token = Math.round((key % 1) * 10_000);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    expect(counts.size).toBe(40);
    // 400 draws of one in four.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThanOrEqual(4);
  });

  it("has at least one key of each head", () => {
    const keys = new LayerKeys(1);
    keys.add(labelled(8, 50), 50, 3);
    expect(keys.take().length).toBe(8);
  });
});
