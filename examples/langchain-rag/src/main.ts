import { AIMessage, type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { ChatPromptTemplate, MessagesPlaceholder } from "@langchain/core/prompts";
import { ThermoclineVectorStore } from "@thermocline/langchain";
import { type Cited, citations, INSTRUCTIONS, passageForPrompt } from "../../passages/src/citing.js";
import { commandLine, DOCS, dataFile, run } from "../../passages/src/command.js";
import { readMarkdown } from "../../passages/src/markdown.js";
import { chooseModels } from "./models.js";
import { updateIndex } from "./update-index.js";

const prompt = ChatPromptTemplate.fromMessages([
  ["system", `${INSTRUCTIONS}\n\n{passages}`],
  new MessagesPlaceholder("history"),
  ["human", "{question}"],
]);

await run(async () => {
  const { given, lines: questions } = commandLine("langchain-rag", ["docs", "store"]);
  const { embeddingModel, embeddings, chat } = await chooseModels();
  // Vectors of different models do not go together, so each has a file of its own.
  const { docs = DOCS, store: path = dataFile("langchain-rag", embeddingModel) } = given;

  const store = new ThermoclineVectorStore(embeddings, { path });
  try {
    const passages = await readMarkdown(docs);
    const { embedded, deleted } = await updateIndex(store, passages);
    console.error(`${passages.length} passages of ${docs} in ${path}: ${embedded} embedded, ${deleted} deleted\n`);

    const retriever = store.asRetriever({ searchType: "hybrid", k: 4 });
    const chain = prompt.pipe(chat).pipe(new StringOutputParser());
    const history: BaseMessage[] = [];
    for await (const question of questions) {
      const documents = await retriever.invoke(question);
      const sources = documents.map(({ pageContent, metadata }) => ({ ...(metadata as Cited), text: pageContent }));
      const numbered = sources.map((source, i) => passageForPrompt(source, i + 1)).join("\n");
      let answer = "";
      for await (const piece of await chain.stream({ passages: numbered, history, question })) {
        process.stdout.write(piece);
        answer += piece;
      }
      console.log(`\n\n${citations(answer, sources)}`.trimEnd());
      history.push(new HumanMessage(question), new AIMessage(answer));
    }
  } finally {
    await store.close();
  }
});
