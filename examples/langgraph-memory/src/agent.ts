import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import { SystemMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import {
  type BaseStore,
  type LangGraphRunnableConfig,
  MessagesAnnotation,
  START,
  StateGraph,
} from "@langchain/langgraph";
import { ToolNode, toolsCondition } from "@langchain/langgraph/prebuilt";
import { z } from "zod";

const SYSTEM = new SystemMessage(
  "You have a memory that outlasts this conversation. When the user tells something lasting about themselves, call remember. Before " +
    "you answer a question that they may have told you about, call recall.",
);

const remember = tool(
  async ({ fact }, config: LangGraphRunnableConfig) => {
    const { store, namespace } = memoryOf(config);
    // The fact is its own key, so that saying it again does not make it two.
    await store.put(namespace, fact, { fact });
    return fact;
  },
  {
    name: "remember",
    description: "Keeps a fact about the user.",
    schema: z.object({ fact: z.string().describe("One sentence, as the user said it") }),
  },
);

const recall = tool(
  async ({ about }, config: LangGraphRunnableConfig) => {
    const { store, namespace } = memoryOf(config);
    const items = await store.search(namespace, { query: about, limit: 3 });
    return items.map(({ value }) => value["fact"]).join("\n") || "Nothing is remembered.";
  },
  {
    name: "recall",
    description: "Finds the facts about the user that are nearest to a question, best first.",
    schema: z.object({ about: z.string().describe("The question") }),
  },
);

/** The graph's store, and whose memories in it are meant. */
function memoryOf({ store, configurable }: LangGraphRunnableConfig): { store: BaseStore; namespace: string[] } {
  if (!store) throw new Error("The graph was compiled without a store.");
  return { store, namespace: ["memories", String(configurable?.["user"])] };
}

/** An agent that remembers what users tell it and recalls it later, each user's memories in a namespace of their own. */
export function memoryAgent(model: BaseChatModel, store: BaseStore) {
  const tools = [remember, recall];
  const withTools = model.bindTools?.(tools);
  if (!withTools) throw new Error("The model cannot call tools.");
  return new StateGraph(MessagesAnnotation)
    .addNode("model", async ({ messages }) => ({ messages: [await withTools.invoke([SYSTEM, ...messages])] }))
    .addNode("tools", new ToolNode(tools))
    .addEdge(START, "model")
    .addConditionalEdges("model", toolsCondition)
    .addEdge("tools", "model")
    .compile({ store });
}
