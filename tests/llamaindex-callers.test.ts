// LlamaIndex.TS's own classes, with our store for theirs.
import { BaseEmbedding } from "@llamaindex/core/embeddings";
import { VectorMemoryBlock } from "@llamaindex/core/memory";
import { ThermoclineVectorStore } from "@thermocline/llamaindex";
import {
  DocStoreStrategy,
  Document,
  IngestionPipeline,
  SentenceSplitter,
  Settings,
  SimilarityPostprocessor,
  SimpleDocumentStore,
  storageContextFromDefaults,
  VectorStoreIndex,
  VectorStoreQueryMode,
} from "llamaindex";
import { beforeEach, describe, expect, it } from "vitest";
import { bench } from "./support/stores.js";
import { wordVector } from "./support/word-vector.js";

class WordEmbedding extends BaseEmbedding {
  readonly asked: string[] = [];

  // biome-ignore lint/complexity/noUselessConstructor: the base's is protected
  constructor() {
    super();
  }

  override async getTextEmbedding(text: string): Promise<number[]> {
    this.asked.push(text);
    return wordVector(text);
  }
}

const { path } = bench("on file");
let embedModel = new WordEmbedding();
beforeEach(() => {
  embedModel = new WordEmbedding();
  Settings.embedModel = embedModel;
});

const documents = () => [
  new Document({ id_: "storm", text: "Storms grow over the warm sea.", metadata: { year: 1997, topic: "weather" } }),
  new Document({ id_: "whale", text: "Whales sing in the deep sea.", metadata: { year: 1851, topic: "animals" } }),
  new Document({ id_: "camel", text: "Camels cross the desert.", metadata: { year: 1957, topic: "animals" } }),
];

async function indexed(vectorStore = new ThermoclineVectorStore()) {
  const storageContext = await storageContextFromDefaults({ vectorStore });
  const index = await VectorStoreIndex.fromDocuments(documents(), { storageContext });
  return { index, vectorStore, storageContext };
}

const count = async (store: ThermoclineVectorStore) => (await store.client()).count();

describe("VectorStoreIndex", () => {
  it("finds what it was made from, with text, metadata and source", async () => {
    const { index } = await indexed();
    const [best] = await index.asRetriever({ similarityTopK: 1 }).retrieve("whales sing");
    expect(best?.node).toMatchObject({ text: "Whales sing in the deep sea.", metadata: { year: 1851 } });
    expect(best?.node.sourceNode?.nodeId).toBe("whale");
    expect(best?.score).toBeGreaterThan(0.4);
  });

  it("retrieves in every mode, with filters", async () => {
    const { index } = await indexed();
    const filters = { filters: [{ key: "topic", value: "animals", operator: "==" as const }] };
    for (const mode of [
      VectorStoreQueryMode.DEFAULT,
      VectorStoreQueryMode.SPARSE,
      VectorStoreQueryMode.HYBRID,
      VectorStoreQueryMode.SEMANTIC_HYBRID,
      VectorStoreQueryMode.MMR,
    ]) {
      const retriever = index.asRetriever({ mode, filters, similarityTopK: 3 });
      const found = await retriever.retrieve("the deep sea");
      expect(found[0]?.node.sourceNode?.nodeId).toBe("whale");
      expect(found.every(({ node }) => node.metadata["topic"] === "animals")).toBe(true);
    }
    const svm = index.asRetriever({ mode: VectorStoreQueryMode.SVM });
    await expect(svm.retrieve("sea")).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("hands customParams on", async () => {
    const { index } = await indexed();
    const ask = async (alpha: number) => {
      const mode = VectorStoreQueryMode.HYBRID;
      const retriever = index.asRetriever({ mode, similarityTopK: 3, customParams: { alpha, fusion: "relative" } });
      return retriever.retrieve("warm desert camels");
    };
    expect((await ask(0)).map(({ score }) => score)).not.toEqual((await ask(1)).map(({ score }) => score));
  });

  it("deletes a document with its nodes", async () => {
    const { index, vectorStore } = await indexed();
    await index.deleteRefDoc("whale");
    expect(await count(vectorStore)).toBe(2);
    const found = await index.asRetriever({ similarityTopK: 3 }).retrieve("whales sing");
    expect(found.map(({ node }) => node.sourceNode?.nodeId).toSorted()).toEqual(["camel", "storm"]);
  });

  it("holds a changed document once, and an unchanged one as it was", async () => {
    const { vectorStore, storageContext } = await indexed();
    const camel = new Document({ id_: "camel", text: "Camels drink at the well." });
    await VectorStoreIndex.fromDocuments([...documents().slice(0, 1), camel], { storageContext });
    expect(await count(vectorStore)).toBe(3);
    const found = await vectorStore.query({
      queryEmbedding: wordVector("camels drink"),
      similarityTopK: 1,
      mode: VectorStoreQueryMode.DEFAULT,
    });
    expect(found.nodes[0]).toMatchObject({ text: "Camels drink at the well." });
  });

  it("is made over a file that is there, which has the texts", async () => {
    const file = path();
    const { vectorStore } = await indexed(new ThermoclineVectorStore({ path: file }));
    await vectorStore.close();
    const again = new ThermoclineVectorStore({ path: file });
    const index = await VectorStoreIndex.fromVectorStore(again);
    const [best] = await index.asRetriever({ similarityTopK: 1 }).retrieve("camels");
    expect(best?.node.getContent("NONE" as never)).toBe("Camels cross the desert.");
    await index.insert(new Document({ id_: "road", text: "A road through the desert." }));
    expect(await count(again)).toBe(4);
    await again.close();
  });

  it("is remembered beside its file by a storage context with a folder", async () => {
    const folder = path("storage");
    const open = () => storageContextFromDefaults({ persistDir: folder, vectorStore: vectorStore() });
    const vectorStore = () => new ThermoclineVectorStore({ path: path("storage.db") });
    const first = await open();
    await VectorStoreIndex.fromDocuments(documents(), { storageContext: first });
    await (first.vectorStores.TEXT as ThermoclineVectorStore).close();
    const second = await open();
    const store = second.vectorStores.TEXT as ThermoclineVectorStore;
    await VectorStoreIndex.fromDocuments(documents(), { storageContext: second });
    expect(await count(store)).toBe(3);
    await store.close();
  });

  it("embeds with the store's own model what it adds", async () => {
    const own = new WordEmbedding();
    await indexed(new ThermoclineVectorStore({ embedModel: own }));
    expect(own.asked).toHaveLength(3);
    expect(embedModel.asked).toEqual([]);
  });

  it("gives scores that a cutoff understands", async () => {
    const { index } = await indexed();
    const found = await index.asRetriever({ similarityTopK: 3 }).retrieve("whales sing in the deep sea");
    const [first = 0, second = 0] = found.map(({ score }) => score);
    const postprocessor = new SimilarityPostprocessor({ similarityCutoff: (first + second) / 2 });
    const kept = await postprocessor.postprocessNodes(found);
    expect(kept.map(({ node }) => node.sourceNode?.nodeId)).toEqual(["whale"]);
  });
});

describe("IngestionPipeline", () => {
  const pipeline = (vectorStore: ThermoclineVectorStore, docStore?: SimpleDocumentStore, strategy?: DocStoreStrategy) =>
    new IngestionPipeline({
      transformations: [new SentenceSplitter({ chunkSize: 256, chunkOverlap: 0 }), embedModel],
      vectorStore,
      disableCache: true,
      ...(docStore && { docStore }),
      ...(strategy && { docStoreStrategy: strategy }),
    });

  it("fills a store", async () => {
    const vectorStore = new ThermoclineVectorStore();
    const nodes = await pipeline(vectorStore).run({ documents: documents() });
    expect(await count(vectorStore)).toBe(nodes.length);
    expect(await vectorStore.exists("storm")).toBe(true);
  });

  it("replaces what has changed, with upserts", async () => {
    const [vectorStore, docStore] = [new ThermoclineVectorStore(), new SimpleDocumentStore()];
    const run = (changed: Document[]) =>
      pipeline(vectorStore, docStore, DocStoreStrategy.UPSERTS).run({ documents: changed });
    await run(documents());
    await run([new Document({ id_: "storm", text: "Storms fade over land." })]);
    expect(await count(vectorStore)).toBe(3);
    expect(await run(documents().slice(1))).toEqual([]);
    expect(await count(vectorStore)).toBe(3);
  });

  it("removes what is gone, with upserts and deletes", async () => {
    const [vectorStore, docStore] = [new ThermoclineVectorStore(), new SimpleDocumentStore()];
    const run = (left: Document[]) =>
      pipeline(vectorStore, docStore, DocStoreStrategy.UPSERTS_AND_DELETE).run({ documents: left });
    await run(documents());
    await run(documents().slice(1));
    expect(await vectorStore.exists("storm")).toBe(false);
    expect(await vectorStore.exists("whale")).toBe(true);
    expect(await count(vectorStore)).toBe(2);
  });

  it("adds a duplicate once, with duplicates only", async () => {
    const [vectorStore, docStore] = [new ThermoclineVectorStore(), new SimpleDocumentStore()];
    for (let i = 0; i < 2; i++) {
      await pipeline(vectorStore, docStore, DocStoreStrategy.DUPLICATES_ONLY).run({ documents: documents() });
    }
    expect(await count(vectorStore)).toBe(3);
  });
});

describe("VectorMemoryBlock", () => {
  it("remembers each session on its own, after a restart, too", async () => {
    const file = path();
    const block = (id: string, vectorStore: ThermoclineVectorStore) =>
      new VectorMemoryBlock({ id, priority: 1, vectorStore, retrievalContextWindow: 1 });
    const message = (content: string) => ({ id: content, role: "user" as const, content });
    const first = new ThermoclineVectorStore({ path: file });
    await block("alice", first).put([message("my cat is called Tom")]);
    await block("bob", first).put([message("my dog is called Rex")]);
    await first.close();
    const again = new ThermoclineVectorStore({ path: file });
    const [memory] = await block("alice", again).get([message("what is my pet called")]);
    expect(memory?.content).toContain("Tom");
    expect(memory?.content).not.toContain("Rex");
    expect(await block("carol", again).get([message("what is my pet called")])).toEqual([]);
    await again.close();
  });
});
