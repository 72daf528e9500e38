import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Annotation, type LangGraphRunnableConfig, MemorySaver, START, StateGraph } from "@langchain/langgraph";
import { ThermoclineStore } from "@thermocline/langchain/langgraph";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "thermocline-langgraph-graph-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const State = Annotation.Root({
  said: Annotation<string>(),
  recalled: Annotation<string[]>({ reducer: (_, next) => next, default: () => [] }),
});

/** A graph that recalls what a user said that is like what they say now, and then remembers that, too. */
function graph(store: ThermoclineStore) {
  const userOf = (config: LangGraphRunnableConfig) => String(config.configurable?.["user"]);
  const recall = async ({ said }: typeof State.State, config: LangGraphRunnableConfig) => {
    const items = await config.store?.search(["memories", userOf(config)], { query: said, limit: 2 });
    return { recalled: (items ?? []).map(({ value }) => String(value["text"])) };
  };
  const remember = async ({ said }: typeof State.State, config: LangGraphRunnableConfig) => {
    // At the same time, as tools that a model calls together do.
    await Promise.all([
      config.store?.put(["memories", userOf(config)], said, { text: said }),
      config.store?.put(["profiles"], userOf(config), { last: said }),
    ]);
    return {};
  };
  return new StateGraph(State)
    .addNode("recall", recall)
    .addNode("remember", remember)
    .addEdge(START, "recall")
    .addEdge("recall", "remember")
    .compile({ store, checkpointer: new MemorySaver() });
}

describe("a graph of LangGraph", () => {
  it("remembers over threads and over a restart, each user's own", async () => {
    const config = {
      path: join(folder, "memory.db"),
      index: { dims: 96, embeddings: new WordEmbeddings(), fields: ["text"] },
    };
    const ask = async (store: ThermoclineStore, user: string, said: string) => {
      const configurable = { user, thread_id: crypto.randomUUID() };
      return (await graph(store).invoke({ said }, { configurable })).recalled;
    };
    const before = new ThermoclineStore(config);
    expect(await ask(before, "ada", "I like green tea")).toEqual([]);
    expect(await ask(before, "ada", "I live in London")).toEqual(["I like green tea"]);
    expect(await ask(before, "bob", "I like black tea")).toEqual([]);
    await before.stop();

    const after = new ThermoclineStore(config);
    expect((await ask(after, "ada", "Which tea do I like?"))[0]).toBe("I like green tea");
    expect(await ask(after, "bob", "Which tea do I like?")).toEqual(["I like black tea"]);
    expect((await after.get(["profiles"], "ada"))?.value).toEqual({ last: "Which tea do I like?" });
    expect(await after.listNamespaces()).toEqual([["memories", "ada"], ["memories", "bob"], ["profiles"]]);
    await after.stop();
  });
});
