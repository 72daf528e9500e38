import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { Document } from "@langchain/core/documents";
import { ThermoclineVectorStore } from "@thermocline/langchain";
import { LocalEmbeddings } from "../../langchain-rag/src/local-models.js";
import { commandLine, dataFile, run } from "../../passages/src/command.js";
import { hashingEmbed } from "../../passages/src/local-models.js";

const QUESTION = "Which animals live in the sea?";

await run(async () => {
  const { store: path = dataFile("migrate", "animals") } = commandLine("migrate", ["store"]).given;

  // What you have: in memory, without deletes, gone when the process ends.
  const embeddings = new LocalEmbeddings(hashingEmbed);
  const memory = new MemoryVectorStore(embeddings);
  await memory.addDocuments([
    new Document({ id: "whale", pageContent: "Whales sing in the deep sea", metadata: { legs: 0 } }),
    new Document({ id: "camel", pageContent: "Camels cross the desert", metadata: { legs: 4 } }),
    new Document({ id: "crab", pageContent: "Crabs walk sideways in the sea", metadata: { legs: 10 } }),
  ]);
  show("MemoryVectorStore", await memory.similaritySearchWithScore(QUESTION, 2));

  // Five lines: nothing is embedded again, and the same calls give the same answers.
  const store = await ThermoclineVectorStore.fromMemoryVectorStore(memory, { path });
  show("Thermocline", await store.similaritySearchWithScore(QUESTION, 2));
  show("with a filter", await store.similaritySearchWithScore(QUESTION, 2, { legs: { $gte: 4 } }));
  await store.delete({ ids: ["crab"] });
  await store.close();

  // What the file holds, whoever opens it next.
  const reopened = new ThermoclineVectorStore(embeddings, { path });
  show("after a delete, opened again", await reopened.similaritySearchWithScore(QUESTION, 2));
  await reopened.close();
});

function show(title: string, found: readonly [Document, number][]): void {
  console.log(title);
  for (const [{ id, pageContent }, score] of found) console.log(`  ${score.toFixed(3)}  ${id}: ${pageContent}`);
}
