import { BaseCallbackHandler } from "@langchain/core/callbacks/base";
import { Document } from "@langchain/core/documents";
import { maximalMarginalRelevance } from "@langchain/core/utils/math";
import { VectorStoreRetriever } from "@langchain/core/vectorstores";
import { ThermoclineRetriever, ThermoclineVectorStore } from "@thermocline/langchain";
import fc from "fast-check";
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const embeddings = new WordEmbeddings();
const notes = [
  new Document({ id: "codes", pageContent: "error E4107 when the valve sticks", metadata: { year: 2019 } }),
  new Document({ id: "valve", pageContent: "the valve of the pump", metadata: { year: 2020 } }),
  new Document({ id: "pump", pageContent: "a pump moves water", metadata: { year: 2021 } }),
  new Document({ id: "sea", pageContent: "the sea is deep", metadata: { year: 2022 } }),
];
const ids = (documents: readonly { id?: string }[]) => documents.map(({ id }) => id);

let store: ThermoclineVectorStore;
beforeAll(async () => {
  store = await ThermoclineVectorStore.fromDocuments(notes, embeddings);
});

describe("a retriever of the store", () => {
  it("is one of LangChain's own kind, whichever way it is made", async () => {
    const made = store.asRetriever(1);
    expect(made).toBeInstanceOf(VectorStoreRetriever);
    expect(made).toBeInstanceOf(ThermoclineRetriever);
    expectTypeOf(made).toExtend<VectorStoreRetriever<ThermoclineVectorStore>>();
    const own = new ThermoclineRetriever({ vectorStore: store, k: 1 });
    expect(await own.invoke("the sea is deep")).toEqual(await made.invoke("the sea is deep"));
    expect(ThermoclineRetriever.lc_name()).toBe("ThermoclineRetriever");
    expect(own.lc_namespace).toEqual(["langchain", "retrievers", "thermocline"]);
    expect(own._vectorstoreType()).toBe("thermocline");
  });

  it("finds by words alone, without asking the embeddings", async () => {
    const asked: string[] = [];
    const counting = new WordEmbeddings();
    counting.embedQuery = async (text) => {
      asked.push(text);
      return [];
    };
    const view = await ThermoclineVectorStore.fromExistingStore(counting, await store.thermocline());
    const words = view.asRetriever({ searchType: "keyword", k: 5 });
    expect(ids(await words.invoke("E4107"))).toEqual(["codes"]);
    expect(ids(await words.invoke("valve pump"))[0]).toBe("valve");
    expect(await words.invoke("nowhere")).toEqual([]);
    const all = view.asRetriever({ searchType: "keyword", textMatch: "all" });
    expect(ids(await all.invoke("pump valve"))).toEqual(["valve"]);
    const phrase = view.asRetriever({ searchType: "keyword", textMatch: "phrase" });
    expect(await phrase.invoke("pump valve")).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("finds by both, weighed by alpha", async () => {
    const both = (alpha?: number) =>
      store.asRetriever({ searchType: "hybrid", k: 4, ...(alpha !== undefined && { alpha }) });
    const question = "the sea E4107";
    expect(ids(await both(1).invoke(question))[0]).toBe(ids(await store.similaritySearch(question, 1))[0]);
    expect(ids(await both(0).invoke(question))[0]).toBe(
      ids(await store.search(question, { searchType: "keyword" }).then((found) => found.map(([d]) => d)))[0],
    );
    expect(
      ids(await both().invoke(question))
        .slice(0, 2)
        .toSorted(),
    ).toEqual(["codes", "sea"]);
    const ranks = store.asRetriever({ searchType: "hybrid", fusion: "rrf", k: 2 });
    expect(await ranks.invoke(question)).toHaveLength(2);
  });

  it("leaves out what scores below the threshold", async () => {
    const scored = await store.similaritySearchWithScore("a pump moves water", 4);
    const [, [, second] = [undefined, Number.NaN]] = scored;
    const strict = store.asRetriever({ searchType: "similarity_score_threshold", scoreThreshold: second + 1e-6, k: 4 });
    expect(ids(await strict.invoke("a pump moves water"))).toEqual(["pump"]);
    const byType = store.asRetriever({ searchType: "similarity_score_threshold", scoreThreshold: -1 });
    expect(await byType.invoke("a pump moves water")).toHaveLength(4);
  });

  it("narrows every search by its filter and the store's own", async () => {
    const view = await ThermoclineVectorStore.fromExistingStore(embeddings, await store.thermocline(), {
      filter: { year: { $gt: 2019 } },
    });
    for (const searchType of ["similarity", "mmr", "hybrid", "keyword"] as const) {
      const all = await view.asRetriever({ searchType, k: 9 }).invoke("error valve pump sea");
      expect(ids(all)).not.toContain("codes");
      const some = await view.asRetriever({ searchType, k: 9, filter: { year: 2021 } }).invoke("error valve pump sea");
      expect(ids(some)).toEqual(["pump"]);
    }
    const byFunction = store.asRetriever({ searchType: "hybrid", k: 9, filter: ({ id }) => id === "sea" });
    expect(ids(await byFunction.invoke("valve"))).toEqual(["sea"]);
  });

  it("refuses options that its search type has no use for, and types that are none", () => {
    const refused: [string, object][] = [
      ["alpha", { alpha: 0.5 }],
      ["textMatch", { searchType: "mmr", textMatch: "all" }],
      ["searchKwargs", { searchType: "hybrid", searchKwargs: { fetchK: 10 } }],
      ["fusion", { searchType: "keyword", fusion: "rrf" }],
      ["scoreThreshold", { searchType: "similarity_score_threshold" }],
      ["semantic", { searchType: "semantic" }],
      ["search_type", { search_type: "mmr" }],
    ];
    for (const [what, fields] of refused) {
      expect(() => store.asRetriever(fields)).toThrow(expect.objectContaining({ code: "ARGUMENT" }));
      expect(() => store.asRetriever(fields)).toThrow(what);
    }
  });

  it("tells callbacks what it was asked and what it found, with tags and metadata", async () => {
    const seen: unknown[] = [];
    class Listener extends BaseCallbackHandler {
      name = "listener";
      override handleRetrieverStart(
        serialized: { id: string[] },
        query: string,
        _run: string,
        _parent?: string,
        tags?: string[],
        metadata?: Record<string, unknown>,
      ) {
        seen.push({ id: serialized.id, query, tags, metadata });
      }
      override handleRetrieverEnd(documents: Document[]) {
        seen.push(ids(documents));
      }
      override handleRetrieverError(error: Error) {
        seen.push(error.name);
      }
    }
    const retriever = store.asRetriever({
      searchType: "keyword",
      k: 1,
      tags: ["mine"],
      metadata: { from: "test" },
      callbacks: [new Listener()],
    });
    await retriever.invoke("sea");
    expect(seen).toEqual([
      {
        id: ["langchain", "retrievers", "thermocline", "ThermoclineRetriever"],
        query: "sea",
        tags: ["mine", "thermocline"],
        metadata: { from: "test" },
      },
      ["sea"],
    ]);
    retriever.k = 0;
    await expect(retriever.invoke("sea")).rejects.toMatchObject({ code: "ARGUMENT" });
    expect(seen.at(-1)).toBe("ThermoclineError");
  });

  it("goes by fields that are changed after it was made", async () => {
    const retriever = store.asRetriever({ searchType: "keyword", k: 1 });
    retriever.k = 2;
    expect(await retriever.invoke("valve")).toHaveLength(2);
    retriever.filter = { year: 2020 };
    expect(ids(await retriever.invoke("valve"))).toEqual(["valve"]);
  });

  it("searches by the methods of a store that has changed them", async () => {
    class Reversed extends ThermoclineVectorStore {
      override async similaritySearchVectorWithScore(
        ...asked: [readonly number[], number]
      ): Promise<[Document, number][]> {
        return (await super.similaritySearchVectorWithScore(...asked)).reverse();
      }
    }
    const reversed = await Reversed.fromDocuments(notes, embeddings);
    const plain = ids(await store.asRetriever(4).invoke("the sea"));
    expect(ids(await reversed.asRetriever(4).invoke("the sea"))).toEqual(plain.toReversed());
  });
});

describe("marginal relevance", () => {
  it("chooses as LangChain's own function does from the same candidates", async () => {
    const component = fc.integer({ min: -1000, max: 1000 });
    // A small part that no other vector has keeps choices from being tied.
    const vectors = fc.array(fc.array(component, { minLength: 6, maxLength: 6 }), { minLength: 3, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        vectors,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 5 }),
        async (rows, tenths, k) => {
          const all = rows.map((row, i) => row.map((value, j) => value / 1000 + (j === i % 6 ? 1.5 + i / 17 : 0)));
          const [query = [], ...others] = all;
          const asked = new WordEmbeddings();
          asked.embedQuery = async () => query;
          const own = new ThermoclineVectorStore(asked, { hot: { capacity: Number.POSITIVE_INFINITY } });
          await own.addVectors(
            others,
            others.map((_, i) => new Document({ pageContent: `${i}` })),
          );
          const chosen = await own.maxMarginalRelevanceSearch("", { k, lambda: tenths / 10 });
          const byScore = await own.similaritySearchVectorWithScore(query, 20);
          const candidates = byScore.map(([{ pageContent }]) => others[Number(pageContent)] ?? []);
          const expected = maximalMarginalRelevance(query, candidates, tenths / 10, k);
          expect(chosen.map(({ pageContent }) => pageContent)).toEqual(
            expected.map((i) => byScore[i]?.[0].pageContent),
          );
          await own.close();
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("explain", () => {
  it("says of each document how it was found, and of the search what it did", async () => {
    const { hits, explanation } = await store.explain("valve pump", { searchType: "hybrid", k: 2 });
    const found = await store.hybridSearch("valve pump", 2);
    expect(hits.map(({ document, score }) => [document, score])).toEqual(found);
    expect(hits.map(({ explanation }) => explanation.rank)).toEqual([1, 2]);
    expect(explanation.scanned).toEqual({ hot: 4, cold: 0 });
    expect(explanation.passes).toBeGreaterThan(0);
  });
});

describe("a search", () => {
  it("stops at its signal", async () => {
    for (const searchType of ["similarity", "keyword", "hybrid"] as const) {
      const searching = store.search("valve", { searchType, signal: AbortSignal.abort() });
      await expect(searching).rejects.toMatchObject({ code: "ABORTED" });
    }
    // A retriever outlives its searches, so a signal is not for it.
    const fields: object = { signal: AbortSignal.abort() };
    expect(() => store.asRetriever(fields)).toThrow("signal");
  });
});

describe("hybridSearch", () => {
  it("gives four documents unless it is told how many, with the scores of the fusion", async () => {
    const found = await store.hybridSearch("the valve");
    expect(found).toHaveLength(4);
    expect(found.map(([, score]) => score)).toEqual(found.map(([, score]) => score).toSorted((a, b) => b - a));
    expect(await store.hybridSearch("the valve", 9, { filter: { year: { $lt: 2021 } } })).toHaveLength(2);
    await expect(store.hybridSearch("the valve", 0)).rejects.toMatchObject({ code: "ARGUMENT" });
    await expect(store.hybridSearch("the valve", 1, { alpha: 2 })).rejects.toMatchObject({ code: "ARGUMENT" });
  });
});
