// LangChain's own classes as callers of the store.
import { ContextualCompressionRetriever } from "@langchain/classic/retrievers/contextual_compression";
import { EmbeddingsFilter } from "@langchain/classic/retrievers/document_compressors/embeddings_filter";
import { EnsembleRetriever } from "@langchain/classic/retrievers/ensemble";
import { MultiVectorRetriever } from "@langchain/classic/retrievers/multi_vector";
import { ScoreThresholdRetriever } from "@langchain/classic/retrievers/score_threshold";
import { SelfQueryRetriever } from "@langchain/classic/retrievers/self_query";
import { TimeWeightedVectorStoreRetriever } from "@langchain/classic/retrievers/time_weighted";
import { Document } from "@langchain/core/documents";
import { SemanticSimilarityExampleSelector } from "@langchain/core/example_selectors";
import { RunnableLambda } from "@langchain/core/runnables";
import { InMemoryStore } from "@langchain/core/stores";
import { BasicTranslator, Comparison, Operation, StructuredQuery } from "@langchain/core/structured_query";
import { ThermoclineRetriever, ThermoclineVectorStore } from "@thermocline/langchain";
import { describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const embeddings = new WordEmbeddings();
const texts = ["sea storm", "sea storm", "sea whale", "desert road"];
const contents = (documents: readonly Document[]) => documents.map(({ pageContent }) => pageContent);
const numbered = () =>
  ThermoclineVectorStore.fromTexts(
    texts,
    texts.map((_, n) => ({ n })),
    embeddings,
  );

describe("a retriever", () => {
  it("finds the most similar documents, four by default", async () => {
    const store = await numbered();
    await store.addDocuments([new Document({ pageContent: "fifth" })]);
    expect(await store.asRetriever().invoke("sea")).toHaveLength(4);
    expect(contents(await store.asRetriever(1).invoke("desert road"))).toEqual(["desert road"]);
  });

  it("names the kind of store in its tags", async () => {
    expect((await numbered()).asRetriever({ tags: ["mine"] }).tags).toEqual(["mine", "thermocline"]);
  });

  it("takes filters of both kinds", async () => {
    const store = await numbered();
    const byObject = store.asRetriever({ k: 3, filter: { n: { $gte: 2 } } });
    expect(contents(await byObject.invoke("sea storm"))).toEqual(["sea whale", "desert road"]);
    const byFunction = store.asRetriever(3, ({ metadata }) => metadata.n === 3);
    expect(contents(await byFunction.invoke("sea storm"))).toEqual(["desert road"]);
  });

  it("searches by marginal relevance, with and without options of its own", async () => {
    const store = await numbered();
    const diverse = store.asRetriever({ searchType: "mmr", k: 2, searchKwargs: { fetchK: 3, lambda: 0 } });
    expect(contents(await diverse.invoke("sea storm"))).toEqual(["sea storm", "sea whale"]);
    const plain = store.asRetriever({ searchType: "mmr", k: 2, filter: { n: { $lt: 2 } } });
    expect(contents(await plain.invoke("sea storm"))).toEqual(["sea storm", "sea storm"]);
  });

  it("adds documents to its store", async () => {
    const retriever = (await numbered()).asRetriever(1);
    expect(await retriever.addDocuments([new Document({ pageContent: "jungle" })], { ids: ["j"] })).toEqual(["j"]);
    expect((await retriever.invoke("jungle"))[0]?.id).toBe("j");
  });

  it("runs many questions at once", async () => {
    const retriever = (await numbered()).asRetriever(1);
    const answers = await retriever.batch(["desert", "whale", "desert road", "sea whale"]);
    expect(answers.map(contents)).toEqual([["desert road"], ["sea whale"], ["desert road"], ["sea whale"]]);
  });
});

describe("ScoreThresholdRetriever", () => {
  it("finds all that are similar enough and nothing else", async () => {
    const store = await numbered();
    const strict = ScoreThresholdRetriever.fromVectorStore(store, { minSimilarityScore: 0.9, kIncrement: 1 });
    expect(contents(await strict.invoke("sea storm"))).toEqual(["sea storm", "sea storm"]);
    const lenient = ScoreThresholdRetriever.fromVectorStore(store, { minSimilarityScore: 0.4, kIncrement: 1 });
    expect(contents(await lenient.invoke("sea storm"))).toEqual(["sea storm", "sea storm", "sea whale"]);
  });
});

describe("TimeWeightedVectorStoreRetriever", () => {
  it("finds its place in the stream by metadata that round-trip", async () => {
    const vectorStore = new ThermoclineVectorStore(embeddings);
    const retriever = new TimeWeightedVectorStoreRetriever({ vectorStore, memoryStream: [], k: 2, searchKwargs: 3 });
    await retriever.addDocuments([
      new Document({ pageContent: "sea storm", metadata: { last_accessed_at: 1_600_000_000.25 } }),
      new Document({ pageContent: "desert road", metadata: { last_accessed_at: 1_600_000_001 } }),
    ]);
    const [first] = await vectorStore.similaritySearch("desert", 1);
    expect(first?.metadata).toMatchObject({ buffer_idx: 1, last_accessed_at: 1_600_000_001 });
    expect(contents(await retriever.invoke("desert road"))[0]).toBe("desert road");
  });
});

describe("SemanticSimilarityExampleSelector", () => {
  const examples = [
    { input: "happy", output: "sad" },
    { input: "tall", output: "short" },
    { input: "sunny day", output: "rainy day" },
  ];

  it("selects examples from a store that it made itself", async () => {
    const selector = await SemanticSimilarityExampleSelector.fromExamples(
      examples,
      embeddings,
      ThermoclineVectorStore,
      { k: 1, inputKeys: ["input"] },
    );
    expect(await selector.selectExamples({ input: "sunny" })).toEqual([examples[2]]);
    await selector.addExample({ input: "loud", output: "quiet" });
    expect(await selector.selectExamples({ input: "loud" })).toEqual([{ input: "loud", output: "quiet" }]);
  });

  it("selects examples through a filter", async () => {
    const vectorStore = new ThermoclineVectorStore(embeddings);
    const filter = { output: { $ne: "sad" } };
    const selector = new SemanticSimilarityExampleSelector({ vectorStore, k: 1, filter });
    for (const example of examples) await selector.addExample(example);
    expect(await selector.selectExamples({ input: "tall", output: "" })).toEqual([examples[1]]);
    expect(await selector.selectExamples({ input: "happy", output: "sad" })).not.toEqual([examples[0]]);
  });
});

describe("MultiVectorRetriever", () => {
  it("leads from small documents to their parents", async () => {
    const vectorstore = await ThermoclineVectorStore.fromTexts(
      ["whale", "storm", "road"],
      [{ doc_id: "sea" }, { doc_id: "sea" }, { doc_id: "desert" }],
      embeddings,
    );
    const docstore = new InMemoryStore<Document>();
    await docstore.mset([
      ["sea", new Document({ pageContent: "all about the sea" })],
      ["desert", new Document({ pageContent: "all about the desert" })],
    ]);
    const retriever = new MultiVectorRetriever({ vectorstore, docstore, idKey: "doc_id", childK: 2 });
    expect(contents(await retriever.invoke("whale storm"))).toEqual(["all about the sea"]);
  });
});

describe("BasicTranslator", () => {
  it("writes filters that the store understands as they are", async () => {
    const translator = new BasicTranslator();
    const filter = translator.visitOperation(
      new Operation("or", [
        new Operation("and", [new Comparison("gte", "n", 1), new Comparison("lt", "n", 2)]),
        new Comparison("eq", "n", 3),
      ]),
    );
    const found = await (await numbered()).similaritySearch("sea", 4, filter);
    expect(found.map(({ metadata }) => metadata.n)).toEqual([1, 3]);
  });
});

describe("EnsembleRetriever", () => {
  it("fuses retrievers by words and by vectors", async () => {
    const store = await numbered();
    const retrievers = [store.asRetriever({ searchType: "keyword", k: 2 }), store.asRetriever(2)];
    const found = await new EnsembleRetriever({ retrievers, weights: [0.5, 0.5] }).invoke("sea whale");
    expect(contents(found)[0]).toBe("sea whale");
    expect(new Set(contents(found))).toEqual(new Set(["sea whale", "sea storm"]));
  });
});

describe("ContextualCompressionRetriever", () => {
  it("compresses what a hybrid retriever found", async () => {
    const baseRetriever = (await numbered()).asRetriever({ searchType: "hybrid", k: 4 });
    const baseCompressor = new EmbeddingsFilter({ embeddings, similarityThreshold: 0.9 });
    const retriever = new ContextualCompressionRetriever({ baseCompressor, baseRetriever });
    expect(contents(await retriever.invoke("desert road"))).toEqual(["desert road"]);
  });
});

describe("SelfQueryRetriever", () => {
  it("narrows the store by the filter that a question became", async () => {
    const queryConstructor = RunnableLambda.from(
      async () =>
        new StructuredQuery("sea", new Operation("or", [new Comparison("eq", "n", 1), new Comparison("eq", "n", 3)])),
    );
    const vectorStore = await numbered();
    const structuredQueryTranslator = new BasicTranslator<ThermoclineVectorStore>();
    const retriever = new SelfQueryRetriever({ vectorStore, queryConstructor, structuredQueryTranslator });
    const found = await retriever.invoke("something about the sea, second or fourth");
    expect(found.map(({ metadata }) => metadata.n)).toEqual([1, 3]);
  });
});

describe("a chain", () => {
  it("takes a retriever as a step of its own", async () => {
    const vectorStore = await numbered();
    const retriever = new ThermoclineRetriever({ vectorStore, searchType: "keyword", k: 1 });
    const chain = retriever.pipe((documents) => contents(documents).join());
    expect(await chain.invoke("whale")).toBe("sea whale");
    expect(await chain.batch(["road", "whale"])).toEqual(["desert road", "sea whale"]);
  });
});
