import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import { ThermoclineStore } from "@thermocline/langchain/langgraph";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { killedAfter } from "./support/killed.js";
import { after, config, NAMESPACE, step } from "./support/langgraph-steps.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "thermocline-langgraph-crash-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a store whose process is killed while it puts", () => {
  it.each([40, 130, 333])("has every item with all of its texts, and no other text (%d ms)", async (delay) => {
    const path = join(folder, "store.db");
    const done = await killedAfter("child-langgraph.ts", path, delay);
    expect(done).toBeGreaterThan(0);
    expect((await Thermocline.verify(path)).ok).toBe(true);
    const store = new ThermoclineStore(config(path));
    const items = new Map((await store.search([])).map(({ key, value }) => [key, value["n"] as number]));
    // The step under way may have been done or not.
    expect([[...after(done)].sort(), [...after(done + 1)].sort()]).toContainEqual([...items].sort());
    for (const [key, n] of items) {
      for (const text of step(n).texts ?? []) {
        const [best] = await store.search(NAMESPACE, { query: text, limit: 1 });
        expect([best?.key, best?.score?.toFixed(4)]).toEqual([key, "1.0000"]);
      }
    }
    const texts = [...items.values()].reduce((sum, n) => sum + (step(n).texts?.length ?? 0), 0);
    expect((await store.thermocline()).stats().records).toBe(items.size + texts);
    await store.stop();
  });
});
