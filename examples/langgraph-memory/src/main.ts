import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { ThermoclineStore } from "@thermocline/langchain/langgraph";
import { chooseModels } from "../../langchain-rag/src/models.js";
import { commandLine, dataFile, run } from "../../passages/src/command.js";
import { memoryAgent } from "./agent.js";
import { RuleModel } from "./rule-model.js";

await run(async () => {
  const { given, lines } = commandLine("langgraph-memory", ["user", "store"]);
  const { embeddingModel, embeddings, chat } = await chooseModels();
  const { user = "you", store: path = dataFile("langgraph-memory", embeddingModel) } = given;

  const { length: dims } = await embeddings.embedQuery("how long are the vectors?");
  const store = new ThermoclineStore({ path, index: { dims, embeddings, fields: ["fact"] } });
  try {
    // Models that cannot call tools leave the decision to rules.
    const agent = memoryAgent(chat.bindTools ? chat : new RuleModel(), store);
    let messages: BaseMessage[] = [];
    for await (const line of lines) {
      const asked = { messages: [...messages, new HumanMessage(line)] };
      ({ messages } = await agent.invoke(asked, { configurable: { user } }));
      console.log(messages.at(-1)?.text);
    }
  } finally {
    await store.stop();
  }
});
