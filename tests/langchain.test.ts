import { Document } from "@langchain/core/documents";
import { ThermoclineError } from "@thermocline/core";
import { type ThermoclineConfig, type ThermoclineFilter, ThermoclineVectorStore } from "@thermocline/langchain";
import { beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const GENERATED = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const books = [
  new Document({ id: "storm", pageContent: "storms over the sea", metadata: { year: 1997, tags: ["sea"], n: 1 } }),
  new Document({ id: "whale", pageContent: "a whale in the sea", metadata: { year: 1851, tags: ["sea", "whale"] } }),
  new Document({ id: "road", pageContent: "a road through the desert", metadata: { year: 1957, tags: [] } }),
  new Document({ id: "dune", pageContent: "sand and worms in the desert", metadata: { year: 1965 } }),
];

let embeddings = new WordEmbeddings();
beforeEach(() => {
  embeddings = new WordEmbeddings();
});

async function shelf(config?: ThermoclineConfig): Promise<ThermoclineVectorStore> {
  return ThermoclineVectorStore.fromDocuments(books, embeddings, config);
}

const ids = (documents: readonly Document[]) => documents.map(({ id }) => id);
const contents = (documents: readonly Document[]) => documents.map(({ pageContent }) => pageContent);

describe("what it is to LangChain", () => {
  it("is a vector store of type thermocline whose options are not serialized", () => {
    const store = new ThermoclineVectorStore(embeddings, { path: "a/secret/place.db", namespace: "alice" });
    expect(store._vectorstoreType()).toBe("thermocline");
    expect(store.lc_namespace).toEqual(["langchain", "vectorstores", "thermocline"]);
    expect(ThermoclineVectorStore.lc_name()).toBe("ThermoclineVectorStore");
    expect(store.lc_kwargs).toEqual({});
    expect(JSON.stringify(store)).not.toMatch(/secret|alice/);
  });

  it("infers the type of filters", async () => {
    const store = await shelf();
    expectTypeOf(store.FilterType).toEqualTypeOf<ThermoclineFilter>();
    store.asRetriever({ k: 1, filter: { year: { $gte: 1900 } } });
    store.asRetriever({ k: 1, filter: (document) => document.pageContent.length > 3 });
    // @ts-expect-error: no such operator
    store.asRetriever({ k: 1, filter: { year: { $about: 1900 } } });
    // @ts-expect-error: a filter is no string
    store.asRetriever({ k: 1, filter: "year > 1900" });
  });
});

describe("adding", () => {
  it("takes ids from the options, else from the document, else makes them", async () => {
    const store = new ThermoclineVectorStore(embeddings);
    const own = new Document({ id: "own", pageContent: "one", metadata: {} });
    const bare = new Document({ pageContent: "two", metadata: {} });
    expect(await store.addDocuments([own, bare], { ids: ["given", "also"] })).toEqual(["given", "also"]);
    expect(await store.addDocuments([own, bare], ["given", "also"])).toEqual(["given", "also"]);
    expect(await store.addDocuments([own, bare])).toEqual(["own", expect.stringMatching(GENERATED)]);
    expect(await store.addDocuments([own, bare], { ids: [undefined, "b"] })).toEqual(["own", "b"]);
  });

  it("makes every id anew", async () => {
    const store = new ThermoclineVectorStore(embeddings);
    const made = await store.addDocuments(Array.from({ length: 200 }, () => new Document({ pageContent: "same" })));
    expect(new Set(made).size).toBe(200);
    expect(await (await store.thermocline()).count()).toBe(200);
  });

  it("replaces a document of the same id", async () => {
    const store = await shelf();
    await store.addDocuments([new Document({ pageContent: "a road to nowhere", metadata: { year: 2001 } })], ["road"]);
    expect(await store.getByIds(["road"])).toEqual([
      new Document({ id: "road", pageContent: "a road to nowhere", metadata: { year: 2001 } }),
    ]);
    expect(await (await store.thermocline()).count()).toBe(4);
  });

  it("neither changes nor shares what the caller gave", async () => {
    const document = new Document({ pageContent: "mine", metadata: { deep: { list: [1] } } });
    const before = structuredClone({ ...document });
    const store = await ThermoclineVectorStore.fromDocuments([document], embeddings);
    expect({ ...document }).toEqual(before);
    document.metadata.deep.list.push(2);
    const [found] = await store.similaritySearch("mine", 1);
    expect(found?.metadata).toEqual({ deep: { list: [1] } });
    found?.metadata.deep.list.push(3);
    expect((await store.similaritySearch("mine", 1))[0]?.metadata).toEqual({ deep: { list: [1] } });
  });

  it("returns metadata and text exactly", async () => {
    const metadata = {
      "": "empty key",
      "a.b": { $c: [null, true, -0.1, 1e-300, Number.MAX_SAFE_INTEGER] },
      nested: { deeper: { deepest: [[], {}, [{ x: "\u2028\"\\' 𝄞 \ud83d\ude00" }]] } },
      _id: "x",
      id: 7,
      __proto__x: 1,
      long: "x".repeat(200_000),
    };
    const pageContent = " \n text\twith\r\nends and\u0000 nulls 𝄞 \n";
    const store = await ThermoclineVectorStore.fromDocuments([new Document({ pageContent, metadata })], embeddings);
    const [found] = await store.similaritySearch("text", 1);
    expect(found?.metadata).toStrictEqual(metadata);
    expect(found?.pageContent).toBe(pageContent);
  });

  it("embeds each text once, as it is", async () => {
    const seen: string[] = [];
    embeddings.embedDocuments = async (texts) => {
      seen.push(...texts);
      return texts.map(() => [1, 2]);
    };
    await ThermoclineVectorStore.fromTexts(["two\nlines", "one"], {}, embeddings);
    expect(seen).toEqual(["two\nlines", "one"]);
  });

  it("reports its progress and stops at a signal, with nothing added", async () => {
    const store = await shelf();
    const reports: number[] = [];
    await store.addDocuments(books, { onProgress: ({ done, total }) => reports.push(done / total) });
    expect(reports.at(-1)).toBe(1);
    const asked = embeddings.embeddedDocuments;
    await expect(store.addDocuments(books, { signal: AbortSignal.abort("enough") })).rejects.toMatchObject({
      code: "ABORTED",
      name: "AbortError",
      cause: "enough",
    });
    expect(embeddings.embeddedDocuments).toBe(asked);
    const controller = new AbortController();
    const pending = store.addDocuments([new Document({ pageContent: "late" })], { signal: controller.signal });
    controller.abort();
    await expect(pending).rejects.toMatchObject({ code: "ABORTED" });
    expect(await (await store.thermocline()).count()).toBe(4);
  });

  it("takes nothing, too", async () => {
    const store = new ThermoclineVectorStore(embeddings);
    expect(await store.addDocuments([])).toEqual([]);
    expect(await store.addVectors([], [])).toEqual([]);
    expect(await store.similaritySearch("anything", 3)).toEqual([]);
  });

  it("makes stores from texts with a list of metadata, a short one, or one for all", async () => {
    const each = await ThermoclineVectorStore.fromTexts(["one", "two"], [{ n: 1 }, { n: 2 }], embeddings);
    expect((await each.similaritySearch("two", 1))[0]?.metadata).toEqual({ n: 2 });
    const short = await ThermoclineVectorStore.fromTexts(["one", "two"], [{ n: 1 }], embeddings);
    expect((await short.similaritySearch("two", 1))[0]?.metadata).toEqual({});
    const all = await ThermoclineVectorStore.fromTexts(["one", "two"], { n: 0 }, embeddings);
    expect((await all.similaritySearch("two", 2)).map(({ metadata }) => metadata)).toEqual([{ n: 0 }, { n: 0 }]);
    const tooMany = ThermoclineVectorStore.fromTexts(["one"], [{}, {}], embeddings);
    await expect(tooMany).rejects.toMatchObject({ code: "ARGUMENT" });
  });

  it("makes a subclass's stores by its factories", async () => {
    class Mine extends ThermoclineVectorStore {}
    expect(await Mine.fromTexts(["one"], {}, embeddings)).toBeInstanceOf(Mine);
  });
});

describe("ids of returned documents", () => {
  const mixed = [new Document({ id: "mine", pageContent: "one" }), new Document({ pageContent: "two" })];

  it("are there, also those that the store made", async () => {
    const store = await ThermoclineVectorStore.fromDocuments(mixed, embeddings);
    expect(ids(await store.similaritySearch("one", 2))).toEqual(["mine", expect.stringMatching(GENERATED)]);
  });

  it("are hidden, if asked for, where the store made them, also from function filters", async () => {
    const store = await ThermoclineVectorStore.fromDocuments(mixed, embeddings, { exposeIds: false });
    const uuid = crypto.randomUUID();
    await store.addDocuments([new Document({ pageContent: "three" })], [uuid]);
    expect(ids(await store.similaritySearch("one", 2))).toEqual(["mine", undefined]);
    expect(ids(await store.maxMarginalRelevanceSearch("two", { k: 1 }))).toEqual([undefined]);
    expect(ids(await store.similaritySearch("three", 1))).toEqual([uuid]);
    expect(contents(await store.similaritySearch("one", 3, ({ id }) => id === undefined))).toEqual(["two"]);
  });
});

describe("searching", () => {
  it("scores by similarity, best first", async () => {
    const store = await shelf();
    const hits = await store.similaritySearchWithScore("a whale in the sea", 4);
    expect(hits[0]?.[0]).toEqual(books[1]);
    expect(hits[0]?.[1]).toBeCloseTo(1, 5);
    const scores = hits.map(([, score]) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    expect(scores.at(-1)).toBeLessThan(1);
  });

  it.each(["cosine", "dot", "euclidean"] as const)("scores higher what is more similar by %s", async (metric) => {
    const store = new ThermoclineVectorStore(embeddings, { metric });
    const documents = [new Document({ pageContent: "far" }), new Document({ pageContent: "near" })];
    await store.addVectors(
      [
        [0, 1],
        [1, 0.1],
      ],
      documents,
      ["far", "near"],
    );
    const hits = await store.similaritySearchVectorWithScore([1, 0], 2);
    expect(hits.map(([{ id }]) => id)).toEqual(["near", "far"]);
    expect(hits[0]?.[1]).toBeGreaterThan(hits[1]?.[1] ?? Number.NaN);
  });

  it("finds four without being told how many, and all when asked for more than there are", async () => {
    const store = await ThermoclineVectorStore.fromTexts(["a", "b", "c", "d", "e", "f"], {}, embeddings);
    expect(await store.similaritySearch("a")).toHaveLength(4);
    expect(await store.similaritySearch("a", 100)).toHaveLength(6);
  });

  it.each<[string, ThermoclineFilter, string[]]>([
    ["a bare value", { year: 1851 }, ["whale"]],
    ["an operator", { year: { $gte: 1957, $lt: 1997 } }, ["dune", "road"]],
    ["a list's element", { tags: "whale" }, ["whale"]],
    ["either", { $or: [{ year: 1851 }, { tags: { $exists: false } }] }, ["dune", "whale"]],
    ["the complement", { $not: { tags: { $contains: "sea" } } }, ["dune", "road"]],
    ["a function of the metadata", ({ metadata }) => metadata.year > 1960, ["dune", "storm"]],
    ["a function of the text", ({ pageContent }) => pageContent.includes("worms"), ["dune"]],
    ["a function of the id", ({ id }) => id === "road", ["road"]],
    ["nothing that exists", { nothing: 1 }, []],
  ])("narrows by %s", async (_, filter, expected) => {
    const store = await shelf();
    expect(ids(await store.similaritySearch("the sea", 4, filter)).sort()).toEqual(expected);
  });

  it("finds k documents whenever so many match, however far down they are", async () => {
    const texts = Array.from({ length: 500 }, (_, i) => (i % 100 === 0 ? "rare desert" : "common sea"));
    const store = await ThermoclineVectorStore.fromTexts(
      texts,
      texts.map((_, n) => ({ n })),
      embeddings,
    );
    const byObject = await store.similaritySearch("common sea", 5, { n: { $in: [0, 100, 200, 300, 400] } });
    const byFunction = await store.similaritySearch("common sea", 5, ({ pageContent }) =>
      pageContent.startsWith("rare"),
    );
    expect(contents(byObject)).toEqual(new Array(5).fill("rare desert"));
    expect(byFunction).toEqual(byObject);
  });

  it("gives function filters real documents", async () => {
    const store = await shelf();
    const seen: unknown[] = [];
    await store.similaritySearch("a whale in the sea", 1, (document) => seen.push(document) > 0);
    expect(seen[0]).toEqual(books[1]);
    expect(seen[0]).toBeInstanceOf(Document);
  });

  it("passes on what a function filter throws", async () => {
    const store = await shelf();
    const failing = store.similaritySearch("sea", 1, () => {
      throw new RangeError("mine");
    });
    await expect(failing).rejects.toThrow(new RangeError("mine"));
  });
});

describe("the store's own filter", () => {
  it("holds beside the call's own, objects with objects and functions with functions", async () => {
    const store = await shelf({ filter: { year: { $gt: 1900 } } });
    expect(ids(await store.similaritySearch("sea", 9)).sort()).toEqual(["dune", "road", "storm"]);
    expect(ids(await store.similaritySearch("sea", 9, { year: { $lt: 1960 } }))).toEqual(["road"]);
    expect(ids(await store.maxMarginalRelevanceSearch("sea", { k: 9, filter: { year: 1851 } }))).toEqual([]);
    const byFunction = await shelf({ filter: ({ metadata }) => metadata.year > 1900 });
    const both = await byFunction.similaritySearch("sea", 9, ({ metadata }) => metadata.year < 1960);
    expect(ids(both)).toEqual(["road"]);
  });

  it("refuses to be mixed, rather than to be forgotten", async () => {
    const store = await shelf({ filter: { year: { $gt: 1900 } } });
    await expect(store.similaritySearch("sea", 9, () => true)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("bounds what delete reaches, but ids see past it", async () => {
    const store = await shelf({ filter: { year: { $gt: 1900 } } });
    await store.delete({ filter: { tags: "sea" } });
    expect(ids(await store.getByIds(["storm", "whale"]))).toEqual(["whale"]);
    await store.delete({ deleteAll: true });
    expect(await (await store.thermocline()).count()).toBe(1);
    await store.delete(["whale"]);
    expect(await (await store.thermocline()).count()).toBe(0);
    const byFunction = await shelf({ filter: () => true });
    await expect(byFunction.delete({ deleteAll: true })).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(await (await byFunction.thermocline()).count()).toBe(4);
  });
});

describe("marginal relevance", () => {
  const texts = ["sea sea storm", "sea sea storm", "sea sea storms", "sea desert"];

  it("weighs similarity against diversity", async () => {
    const store = await ThermoclineVectorStore.fromTexts(texts, {}, embeddings);
    const similar = await store.maxMarginalRelevanceSearch("sea storm", { k: 2, lambda: 1 });
    expect(contents(similar)).toEqual(["sea sea storm", "sea sea storm"]);
    const diverse = await store.maxMarginalRelevanceSearch("sea storm", { k: 2, lambda: 0 });
    expect(contents(diverse)).toEqual(["sea sea storm", "sea desert"]);
  });

  it("chooses among the fetchK most similar, at least k", async () => {
    const store = await ThermoclineVectorStore.fromTexts(texts, {}, embeddings);
    const few = await store.maxMarginalRelevanceSearch("sea storm", { k: 2, fetchK: 2, lambda: 0 });
    expect(contents(few)).toEqual(["sea sea storm", "sea sea storm"]);
    expect(await store.maxMarginalRelevanceSearch("sea", { k: 4, fetchK: 1 })).toHaveLength(4);
    const many = await ThermoclineVectorStore.fromTexts(
      Array.from({ length: 50 }, (_, i) => `w${i}`),
      {},
      embeddings,
    );
    expect(await many.maxMarginalRelevanceSearch("w1", { k: 30 })).toHaveLength(30);
  });

  it("takes filters", async () => {
    const store = await shelf();
    const filter = { tags: { $exists: false } };
    expect(ids(await store.maxMarginalRelevanceSearch("sea", { k: 3, filter }))).toEqual(["dune"]);
    expect(ids(await store.maxMarginalRelevanceSearch("sea", { k: 3, filter: ({ id }) => id === "road" }))).toEqual([
      "road",
    ]);
  });

  it.each(["float32", "float16", "none"] as const)("works on cold rows with originals %s", async (originals) => {
    const store = await shelf({ originals, cold: { bytes: 48 } });
    const core = await store.thermocline();
    await core.demote({ all: true });
    expect(core.stats().cold.rows).toBe(4);
    expect(ids(await store.maxMarginalRelevanceSearch("a whale in the sea", { k: 4 }))[0]).toBe("whale");
  });
});

describe("deleting", () => {
  it.each<[string, Parameters<ThermoclineVectorStore["delete"]>[0], string[]]>([
    ["ids", { ids: ["storm", "whale"] }, ["dune", "road"]],
    ["a bare list of ids", ["storm"], ["dune", "road", "whale"]],
    ["ids, some not there", { ids: ["storm", "nowhere"] }, ["dune", "road", "whale"]],
    ["no ids", { ids: [] }, ["dune", "road", "storm", "whale"]],
    ["a filter", { filter: { year: { $lt: 1960 } } }, ["dune", "storm"]],
    ["all", { deleteAll: true }, []],
    ["ids beside options that are absent", { ids: ["storm"], filter: undefined }, ["dune", "road", "whale"]],
  ])("by %s", async (_, options, left) => {
    const store = await shelf();
    await store.delete(options);
    expect(ids(await store.similaritySearch("sea", 9)).sort()).toEqual(left);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["an empty object", {}],
    ["undefined ids", { ids: undefined }],
    ["a null filter", { filter: null }],
    ["an empty filter", { filter: {} }],
    ["deleteAll: false", { deleteAll: false }],
    ["deleteAll: 'no'", { deleteAll: "no" }],
    ["two of them", { ids: ["storm"], deleteAll: true }],
    ["something it does not know", { id: "storm" }],
    ["another store's options", { deleteAll: true, namespace: "alice" }],
    ["ids that are no list", { ids: "storm" }],
    ["ids that are no strings", { ids: [1] }],
  ])("refuses %s and deletes nothing", async (_, options) => {
    const store = await shelf();
    const deleting = store.delete(options as { ids: string[] });
    await expect(deleting).rejects.toBeInstanceOf(ThermoclineError);
    await expect(deleting).rejects.toMatchObject({ code: "ARGUMENT" });
    expect(await (await store.thermocline()).count()).toBe(4);
  });

  it("refuses unknown operators and functions", async () => {
    const store = await shelf();
    const unknown = store.delete({ filter: { year: { $about: 1900 } } as never });
    await expect(unknown).rejects.toMatchObject({ code: "FILTER" });
    const byFunction = store.delete({ filter: (() => true) as never });
    await expect(byFunction).rejects.toBeInstanceOf(ThermoclineError);
    expect(await (await store.thermocline()).count()).toBe(4);
  });
});

describe("bad input", () => {
  const one = [new Document({ pageContent: "x" })];
  const circular: Record<string, unknown> = {};
  circular.self = circular;

  it.each<[string, string, (store: ThermoclineVectorStore) => Promise<unknown>]>([
    ["more ids than documents", "ARGUMENT", (store) => store.addDocuments(one, ["a", "b"])],
    ["fewer ids than documents", "ARGUMENT", (store) => store.addDocuments(one, { ids: [] })],
    ["ids that are no list", "ARGUMENT", (store) => store.addDocuments(one, { ids: "a" as never })],
    ["an empty id", "ARGUMENT", (store) => store.addDocuments(one, [""])],
    ["an id that is no string", "ARGUMENT", (store) => store.addDocuments(one, [7 as never])],
    ["fewer vectors than documents", "ARGUMENT", (store) => store.addVectors([], one)],
    ["more vectors than documents", "ARGUMENT", (store) => store.addVectors([[1], [1]], one)],
    ["a vector of another length", "DIMENSION", (store) => store.addVectors([[1, 2]], one)],
    ["NaN", "NOT_FINITE", (store) => store.addVectors([new Array(96).fill(Number.NaN)], one)],
    ["a zero vector", "ZERO_VECTOR", (store) => store.addVectors([new Array(96).fill(0)], one)],
    [
      "metadata that JSON has not",
      "ARGUMENT",
      (store) => store.addDocuments([{ pageContent: "x", metadata: { n: 1n } }]),
    ],
    ["metadata in a circle", "ARGUMENT", (store) => store.addDocuments([{ pageContent: "x", metadata: circular }])],
    [
      "a text that is none",
      "ARGUMENT",
      (store) => store.addVectors([new Array(96).fill(1)], [{ pageContent: 7 } as never]),
    ],
    ["k of 0", "ARGUMENT", (store) => store.similaritySearch("x", 0)],
    ["k below 0", "ARGUMENT", (store) => store.similaritySearch("x", -1)],
    ["half a k", "ARGUMENT", (store) => store.similaritySearch("x", 1.5)],
    ["k of 0 for marginal relevance", "ARGUMENT", (store) => store.maxMarginalRelevanceSearch("x", { k: 0 })],
    ["fetchK of NaN", "ARGUMENT", (store) => store.maxMarginalRelevanceSearch("x", { k: 1, fetchK: Number.NaN })],
    [
      "a lambda that is no number",
      "ARGUMENT",
      (store) => store.maxMarginalRelevanceSearch("x", { k: 1, lambda: Number.NaN }),
    ],
    ["a lambda above 1", "ARGUMENT", (store) => store.maxMarginalRelevanceSearch("x", { k: 1, lambda: 1.5 })],
    ["a query of another length", "DIMENSION", (store) => store.similaritySearchVectorWithScore([1, 2], 1)],
    ["an unknown operator", "FILTER", (store) => store.similaritySearch("x", 1, { year: { $about: 1 } as never })],
    ["a filter that is a string", "FILTER", (store) => store.similaritySearch("x", 1, "year > 1" as never)],
    ["ids to get that are none", "ARGUMENT", (store) => store.getByIds([7 as never])],
  ])("%s is refused with %s, and nothing changes", async (_, code, call) => {
    const store = await shelf();
    const calling = call(store);
    await expect(calling).rejects.toBeInstanceOf(ThermoclineError);
    await expect(calling).rejects.toMatchObject({ code });
    expect(await (await store.thermocline()).count()).toBe(4);
  });

  it("refuses a batch of which a part is bad, whole", async () => {
    const store = await shelf();
    const vectors = [new Array(96).fill(1), new Array(96).fill(Number.POSITIVE_INFINITY)];
    const adding = store.addVectors(vectors, [...one, ...one], ["good", "bad"]);
    await expect(adding).rejects.toMatchObject({ code: "NOT_FINITE" });
    expect(await store.getByIds(["good", "bad"])).toEqual([]);
  });

  it("refuses ids that do not fit before it pays for embeddings", async () => {
    const store = new ThermoclineVectorStore(embeddings);
    await expect(store.addDocuments(one, ["a", "b"])).rejects.toThrow("2 ids for 1 documents");
    expect(embeddings.embeddedDocuments).toBe(0);
  });

  it("refuses options that it does not know", async () => {
    const store = new ThermoclineVectorStore(embeddings, { collection: "x" } as ThermoclineConfig);
    await expect(store.addDocuments(one)).rejects.toMatchObject({ code: "ARGUMENT" });
  });

  it("notices embeddings that go missing", async () => {
    embeddings.embedDocuments = async () => [];
    await expect(new ThermoclineVectorStore(embeddings).addDocuments(one)).rejects.toThrow("0 vectors for 1 documents");
  });
});
