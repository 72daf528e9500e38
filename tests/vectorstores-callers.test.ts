// The own classes of @vectorstores/core, with our store for theirs.
import { ThermoclineVectorStore } from "@thermocline/llamaindex/vectorstores";
import {
  calcEmbeddings,
  DocStoreStrategy,
  Document,
  IngestionPipeline,
  SentenceSplitter,
  VectorStoreIndex,
  type VectorStoreQueryMode,
} from "@vectorstores/core";
import { describe, expect, it } from "vitest";
import { bench } from "./support/stores.js";
import { wordVector } from "./support/word-vector.js";

const { path } = bench("on file");
const embedFunc = async (texts: string[]) => texts.map(wordVector);

const documents = () => [
  new Document({ id_: "storm", text: "Storms grow over the warm sea.", metadata: { year: 1997, topic: "weather" } }),
  new Document({ id_: "whale", text: "Whales sing in the deep sea.", metadata: { year: 1851, topic: "animals" } }),
  new Document({ id_: "camel", text: "Camels cross the desert.", metadata: { year: 1957, topic: "animals" } }),
];

async function indexed(vectorStore = new ThermoclineVectorStore()) {
  return { vectorStore, index: await VectorStoreIndex.fromDocuments(documents(), { vectorStore, embedFunc }) };
}

const count = async (store: ThermoclineVectorStore) => (await store.client()).count();

describe("VectorStoreIndex", () => {
  it("finds what it was made from, with text, metadata and source", async () => {
    const { index } = await indexed();
    const [best] = await index.asRetriever({ similarityTopK: 1 }).retrieve("whales sing");
    expect(best?.node).toMatchObject({ text: "Whales sing in the deep sea.", metadata: { year: 1851 } });
    expect(best?.node.sourceNode?.nodeId).toBe("whale");
  });

  it("retrieves in every mode, with filters", async () => {
    const { index } = await indexed();
    const filters = { filters: [{ key: "topic", value: "animals", operator: "==" as const }] };
    const modes: VectorStoreQueryMode[] = ["default", "sparse", "bm25", "hybrid", "semantic_hybrid", "mmr"];
    for (const mode of modes) {
      const found = await index.asRetriever({ mode, filters, similarityTopK: 3 }).retrieve("the deep sea");
      expect(found[0]?.node.sourceNode?.nodeId).toBe("whale");
      expect(found.every(({ node }) => node.metadata["topic"] === "animals")).toBe(true);
    }
    const svm = index.asRetriever({ mode: "svm" });
    await expect(svm.retrieve("sea")).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("hands alpha on", async () => {
    const { index } = await indexed();
    const ask = async (alpha: number) => {
      const retriever = index.asRetriever({ mode: "hybrid", similarityTopK: 3, alpha });
      return (await retriever.retrieve("warm desert camels")).map(({ score }) => score);
    };
    expect(await ask(0)).not.toEqual(await ask(1));
  });

  it("holds a document once that is added again, whether it changed or not", async () => {
    const { vectorStore } = await indexed();
    const storm = new Document({ id_: "storm", text: "Storms fade over land." });
    await VectorStoreIndex.fromDocuments([storm, ...documents().slice(1)], { vectorStore, embedFunc });
    expect(await count(vectorStore)).toBe(3);
    const index = await VectorStoreIndex.fromVectorStore(vectorStore, { text: embedFunc });
    const [best] = await index.asRetriever({ similarityTopK: 1 }).retrieve("storms fade");
    expect(best?.node).toMatchObject({ text: "Storms fade over land." });
  });

  it("passes over documents that are there, with duplicates only", async () => {
    const { vectorStore } = await indexed();
    const storm = new Document({ id_: "storm", text: "Storms fade over land." });
    const docStoreStrategy = DocStoreStrategy.DUPLICATES_ONLY;
    await VectorStoreIndex.fromDocuments([storm], { vectorStore, embedFunc, docStoreStrategy });
    const { nodes } = await vectorStore.query({ mode: "bm25", queryStr: "storms", similarityTopK: 5 });
    expect(nodes).toMatchObject([{ text: "Storms grow over the warm sea." }]);
  });

  it("deletes a document with its nodes", async () => {
    const { index, vectorStore } = await indexed();
    await index.deleteRefDoc("whale");
    expect(await vectorStore.exists("whale")).toBe(false);
    expect(await count(vectorStore)).toBe(2);
  });

  it("takes texts of no document, and deletes them by their ids", async () => {
    const { index, vectorStore } = await indexed();
    await index.insertText("A road through the desert.", { topic: "roads" });
    const filters = { filters: [{ key: "topic", value: "roads", operator: "==" as const }] };
    const [road] = await index.asRetriever({ filters }).retrieve("road");
    await index.deleteRefDoc(road?.node.id_ ?? "");
    expect(await count(vectorStore)).toBe(3);
  });

  it("is made over a file that is there, which has the texts", async () => {
    const file = path();
    const { vectorStore } = await indexed(new ThermoclineVectorStore({ path: file }));
    await vectorStore.close();
    const again = new ThermoclineVectorStore({ path: file });
    const index = await VectorStoreIndex.fromVectorStore(again, { text: embedFunc });
    const [best] = await index.asRetriever({ similarityTopK: 1 }).retrieve("camels");
    expect(best?.node).toMatchObject({ text: "Camels cross the desert." });
    await again.close();
  });
});

describe("IngestionPipeline", () => {
  it("fills a store, and holds documents once with upserts", async () => {
    const vectorStore = new ThermoclineVectorStore();
    const pipeline = new IngestionPipeline({
      transformations: [new SentenceSplitter({ chunkSize: 256, chunkOverlap: 0 }), calcEmbeddings({ text: embedFunc })],
      vectorStore,
      docStoreStrategy: DocStoreStrategy.UPSERTS,
      disableCache: true,
    });
    for (let i = 0; i < 2; i++) await pipeline.run({ documents: documents() });
    expect(await count(vectorStore)).toBe(3);
  });
});

it("a file that one framework wrote is one for the other", async () => {
  const { vectorStore } = await indexed(new ThermoclineVectorStore({ path: path("both.db") }));
  const other = await import("@thermocline/llamaindex");
  const legacy = other.ThermoclineVectorStore.fromExistingStore(await vectorStore.client());
  const { nodes } = await legacy.query({ mode: "sparse" as never, queryStr: "camels", similarityTopK: 1 });
  expect(nodes[0]).toMatchObject({ text: "Camels cross the desert.", metadata: { year: 1957 } });
  expect(nodes[0]?.sourceNode?.nodeId).toBe("camel");
  await vectorStore.close();
});
