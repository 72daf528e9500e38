import { ThermoclineVectorStore } from "@thermocline/llamaindex";
import { PromptTemplate, Settings, VectorStoreIndex } from "llamaindex";
import { type Cited, citations, INSTRUCTIONS } from "../../passages/src/citing.js";
import { commandLine, DOCS, dataFile, run } from "../../passages/src/command.js";
import { readMarkdown } from "../../passages/src/markdown.js";
import { chooseModels } from "./models.js";
import { numbered } from "./numbered.js";
import { updateIndex } from "./update-index.js";

await run(async () => {
  const { given, lines: questions } = commandLine("llamaindex-rag", ["docs", "store"]);
  const { embeddingModel, embedModel, llm } = await chooseModels();
  // Vectors of different models do not go together, so each has a file of its own.
  const { docs = DOCS, store: path = dataFile("llamaindex-rag", embeddingModel) } = given;
  Settings.embedModel = embedModel;
  Settings.llm = llm;

  const vectorStore = new ThermoclineVectorStore({ path, embedModel });
  try {
    const index = await VectorStoreIndex.fromVectorStore(vectorStore);
    const passages = await readMarkdown(docs);
    const { embedded, deleted } = await updateIndex(index, vectorStore, passages);
    console.error(`${passages.length} passages of ${docs} in ${path}: ${embedded} embedded, ${deleted} deleted\n`);

    const chat = index.asChatEngine({
      similarityTopK: 4,
      nodePostprocessors: [numbered],
      contextSystemPrompt: new PromptTemplate({ template: `${INSTRUCTIONS}\n\n{context}`, templateVars: ["context"] }),
    });
    for await (const question of questions) {
      let answer = "";
      let sources: Cited[] = [];
      for await (const { delta, sourceNodes = [] } of await chat.chat({ message: question, stream: true })) {
        process.stdout.write(delta);
        answer += delta;
        sources = sourceNodes.map(({ node }) => node.metadata as Cited);
      }
      console.log(`\n\n${citations(answer, sources)}`);
    }
  } finally {
    await vectorStore.close();
  }
});
