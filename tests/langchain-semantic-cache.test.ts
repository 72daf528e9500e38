import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AIMessage } from "@langchain/core/messages";
import type { Generation } from "@langchain/core/outputs";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { Thermocline } from "@thermocline/core";
import { type SemanticCacheConfig, ThermoclineSemanticCache } from "@thermocline/langchain";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

let embedded: string[] = [];
class CountingEmbeddings extends WordEmbeddings {
  override async embedQuery(text: string): Promise<number[]> {
    embedded.push(text);
    return super.embedQuery(text);
  }
}

let folder = "";
let cache = new ThermoclineSemanticCache(new CountingEmbeddings());
function open(config: SemanticCacheConfig = { scoreThreshold: 0.7 }): void {
  cache = new ThermoclineSemanticCache(new CountingEmbeddings(), config);
}
beforeEach(async () => {
  embedded = [];
  folder = await mkdtemp(join(tmpdir(), "thermocline-cache-"));
});
afterEach(async () => {
  await cache.close();
  vi.useRealTimers();
  await rm(folder, { recursive: true, force: true });
});

const PARIS: Generation[] = [{ text: "Paris" }, { text: "It is Paris" }];

describe("a look-up", () => {
  it("finds the answer to a prompt that is similar enough, under the same model only", async () => {
    open();
    expect(await cache.lookup("what is the capital of France", "gpt")).toBeNull();
    await cache.update("what is the capital of France", "gpt", PARIS);
    expect(await cache.lookup("what is the capital of France", "gpt")).toEqual(PARIS);
    expect(await cache.lookup("the capital of France is what city", "gpt")).toEqual(PARIS);
    expect(await cache.lookup("how do I boil an egg", "gpt")).toBeNull();
    for (const other of ["gpt-4", "", "GPT", "gpt "]) {
      expect(await cache.lookup("what is the capital of France", other)).toBeNull();
    }
  });

  it("finds another model's prompt past any number of this one's", async () => {
    open();
    for (let i = 0; i < 40; i++) await cache.update(`what is the capital of France ${i}`, "a", [{ text: `${i}` }]);
    await cache.update("what is the capital of France now", "b", PARIS);
    expect(await cache.lookup("what is the capital of France", "b")).toEqual(PARIS);
  });

  it("takes the last answer to a prompt, and the most similar prompt", async () => {
    open({ scoreThreshold: -1 });
    await cache.update("red apple", "m", [{ text: "1" }]);
    await cache.update("red apple", "m", [{ text: "2" }]);
    await cache.update("blue whale", "m", [{ text: "3" }]);
    expect(await cache.lookup("red apple", "m")).toEqual([{ text: "2" }]);
    expect(await cache.lookup("a blue whale", "m")).toEqual([{ text: "3" }]);
    expect(await (await cache.thermocline()).count(undefined, { namespace: "llm-cache" })).toBe(2);
  });

  it("does not mix up prompts and models that are the same text together", async () => {
    open({ scoreThreshold: 1 });
    await cache.update("a_b", "c", [{ text: "1" }]);
    await cache.update("a", "b_c", [{ text: "2" }]);
    expect(await cache.lookup("a_b", "c")).toEqual([{ text: "1" }]);
    expect(await cache.lookup("a", "b_c")).toEqual([{ text: "2" }]);
  });

  it("embeds a prompt once for a look-up and its update, and not at all when it was asked word for word", async () => {
    open();
    await cache.update("first", "m", [{ text: "1" }]);
    expect(embedded).toEqual(["first"]);
    expect(await cache.lookup("second question", "m")).toBeNull();
    await cache.update("second question", "m", [{ text: "2" }]);
    expect(embedded).toEqual(["first", "second question"]);
    await cache.lookup("first", "m");
    await cache.lookup("second question", "m");
    expect(embedded).toEqual(["first", "second question"]);
  });

  it("of an empty cache embeds nothing", async () => {
    open();
    expect(await cache.lookup("anything", "m")).toBeNull();
    expect(embedded).toEqual([]);
  });

  it("gives messages back as they were", async () => {
    open();
    const message = new AIMessage({
      content: "Paris",
      tool_calls: [{ id: "1", name: "map", args: { city: "Paris" }, type: "tool_call" }],
      response_metadata: { model: "gpt" },
    });
    await cache.update("capital", "m", [{ text: "Paris", message } as Generation]);
    const [found] = ((await cache.lookup("capital", "m")) ?? []) as { text: string; message: AIMessage }[];
    expect(found?.text).toBe("Paris");
    expect(found?.message).toBeInstanceOf(AIMessage);
    expect(found?.message.tool_calls).toEqual(message.tool_calls);
    expect(found?.message.response_metadata).toEqual(message.response_metadata);
  });
});

describe("a cache", () => {
  it("forgets after its ttl", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_700_000_000_000 });
    open({ ttl: 60_000 });
    await cache.update("capital", "m", PARIS);
    vi.setSystemTime(Date.now() + 59_000);
    expect(await cache.lookup("capital", "m")).toEqual(PARIS);
    vi.setSystemTime(Date.now() + 2_000);
    expect(await cache.lookup("capital", "m")).toBeNull();
    expect(await cache.lookup("the capital", "m")).toBeNull();
  });

  it("is cleared, all of it or one model's", async () => {
    open();
    await cache.update("capital", "a", PARIS);
    await cache.update("capital", "b", PARIS);
    await cache.clear("a");
    expect(await cache.lookup("capital", "a")).toBeNull();
    expect(await cache.lookup("capital", "b")).toEqual(PARIS);
    await cache.clear();
    expect(await cache.lookup("capital", "b")).toBeNull();
  });

  it("outlasts a restart, and shares a store that is open with others", async () => {
    const path = join(folder, "cache.db");
    open({ path });
    await cache.update("capital", "m", PARIS);
    await cache.close();
    const core = await Thermocline.open({ path });
    const lent = ThermoclineSemanticCache.fromExistingStore(new CountingEmbeddings(), core);
    expect(await lent.lookup("capital", "m")).toEqual(PARIS);
    expect(await core.count()).toBe(0);
    await lent.close();
    await core.close();
    open({ path });
    expect(await cache.lookup("capital", "m")).toEqual(PARIS);
  });

  it("answers for a model of LangChain, so that it is asked once", async () => {
    open();
    const model = new FakeListChatModel({ responses: ["first", "second"], cache });
    const ask = async (text: string) => (await model.invoke(text)).content;
    expect(await ask("what is the capital of France")).toBe("first");
    expect(await ask("what is the capital of France")).toBe("first");
    expect(await ask("what is the capital of France please")).toBe("first");
    expect(await ask("how do I boil an egg")).toBe("second");
  });

  it("refuses bad options, and a store that does not compare by cosine", async () => {
    for (const bad of [{ scoreThreshold: 1.5 }, { scoreThreshold: "high" }, { ttl: 0 }] as SemanticCacheConfig[]) {
      expect(() => new ThermoclineSemanticCache(new WordEmbeddings(), bad)).toThrow(/give a/);
    }
    const core = await Thermocline.open({ metric: "dot" });
    expect(() => ThermoclineSemanticCache.fromExistingStore(new WordEmbeddings(), core)).toThrow(/cosine/);
    await core.close();
    open();
  });
});
