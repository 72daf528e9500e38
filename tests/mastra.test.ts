import { MastraError } from "@mastra/core/error";
import { MastraVector } from "@mastra/core/vector";
import { ThermoclineVector } from "@thermocline/mastra";
import { describe, expect, it } from "vitest";
import { refusal, vectorStores } from "./support/mastra-stores.js";

const books = {
  ids: ["storm", "calm", "road"],
  vectors: [
    [1, 0, 0],
    [0.8, 0.6, 0],
    [0, 0, 1],
  ],
  metadata: [
    { source: "sea.pdf", chunk: 0 },
    { source: "sea.pdf", chunk: 1 },
    { source: "land.pdf", chunk: 0 },
  ],
};

describe.each(["in memory", "in a folder"])("a vector store %s", (place) => {
  const stores = vectorStores();
  const open = () => stores.open(place === "in memory" ? {} : { path: stores.folder() });
  const shelf = async (metric?: "cosine" | "euclidean" | "dotproduct") => {
    const vectors = open();
    await vectors.createIndex({ indexName: "books", dimension: 3, ...(metric && { metric }) });
    await vectors.upsert({ indexName: "books", ...books });
    return vectors;
  };
  const idsIn = async (vectors: ThermoclineVector, indexName = "books") =>
    (await vectors.query({ indexName, topK: 100, filter: { $or: [{ source: null }, { source: { $ne: null } }] } }))
      .map(({ id }) => id)
      .sort();

  describe("indexes", () => {
    it("are listed and described, and gone when deleted", async () => {
      const vectors = open();
      expect(vectors).toBeInstanceOf(MastraVector);
      expect(await vectors.listIndexes()).toEqual([]);
      await vectors.createIndex({ indexName: "a", dimension: 3 });
      await vectors.createIndex({ indexName: "b", dimension: 4, metric: "dotproduct" });
      await vectors.createIndex({ indexName: "c", dimension: 5, metric: "euclidean" });
      expect((await vectors.listIndexes()).sort()).toEqual(["a", "b", "c"]);
      expect(await vectors.describeIndex({ indexName: "a" })).toEqual({ dimension: 3, count: 0, metric: "cosine" });
      expect(await vectors.describeIndex({ indexName: "b" })).toEqual({ dimension: 4, count: 0, metric: "dotproduct" });
      expect(await vectors.describeIndex({ indexName: "c" })).toEqual({ dimension: 5, count: 0, metric: "euclidean" });
      await vectors.deleteIndex({ indexName: "b" });
      await vectors.deleteIndex({ indexName: "b" });
      expect((await vectors.listIndexes()).sort()).toEqual(["a", "c"]);
      await refusal(vectors.describeIndex({ indexName: "b" }), "ARGUMENT", /no index "b".*createIndex/);
    });

    it("stay as they are when made again with the same settings, and refuse others", async () => {
      const vectors = await shelf();
      await vectors.createIndex({ indexName: "books", dimension: 3 });
      expect((await vectors.describeIndex({ indexName: "books" })).count).toBe(3);
      await expect(vectors.createIndex({ indexName: "books", dimension: 4 })).rejects.toMatchObject({
        id: "VECTOR_VALIDATE_INDEX_DIMENSION_MISMATCH",
        message: 'Index "books" already exists with 3 dimensions, but 4 dimensions were requested',
      });
      const other = vectors.createIndex({ indexName: "books", dimension: 3, metric: "dotproduct" });
      await refusal(other, "ARGUMENT", /"books" already exists with metric cosine, not dotproduct/);
      expect((await vectors.describeIndex({ indexName: "books" })).count).toBe(3);
    });

    it("are made anew, empty, after they were deleted", async () => {
      const vectors = await shelf();
      await vectors.deleteIndex({ indexName: "books" });
      await vectors.createIndex({ indexName: "books", dimension: 2, metric: "euclidean" });
      expect(await vectors.describeIndex({ indexName: "books" })).toEqual({
        dimension: 2,
        count: 0,
        metric: "euclidean",
      });
    });

    it("keep apart what they hold", async () => {
      const vectors = await shelf();
      await vectors.createIndex({ indexName: "other", dimension: 3 });
      await vectors.upsert({ indexName: "other", ids: ["storm"], vectors: [[0, 1, 0]] });
      await vectors.deleteVector({ indexName: "books", id: "storm" });
      expect(await vectors.query({ indexName: "other", queryVector: [0, 1, 0] })).toMatchObject([{ id: "storm" }]);
    });

    it("refuse bad settings and names", async () => {
      const vectors = open();
      for (const dimension of [0, -1, 1.5, Number.NaN, 65_537]) {
        await refusal(vectors.createIndex({ indexName: "bad", dimension }), "ARGUMENT", /dim is/);
      }
      const metric = "hamming" as "cosine";
      await refusal(vectors.createIndex({ indexName: "bad", dimension: 3, metric }), "ARGUMENT", /metric is hamming/);
      for (const indexName of ["", "\ud800", "x".repeat(201), undefined as unknown as string]) {
        await refusal(vectors.createIndex({ indexName, dimension: 3 }), "ARGUMENT", /indexName/);
      }
      expect(await vectors.listIndexes()).toEqual([]);
    });
  });

  describe("upserting", () => {
    it("gives ids where none are given, each of them anew", async () => {
      const vectors = await shelf();
      const made = await vectors.upsert({ indexName: "books", vectors: books.vectors });
      expect(new Set([...made, ...books.ids]).size).toBe(6);
      expect((await vectors.describeIndex({ indexName: "books" })).count).toBe(6);
    });

    it("replaces what has the same id", async () => {
      const vectors = await shelf();
      const ids = await vectors.upsert({
        indexName: "books",
        ids: ["road"],
        vectors: [[0, 1, 0]],
        metadata: [{ new: 1 }],
      });
      expect(ids).toEqual(["road"]);
      const [best] = await vectors.query({ indexName: "books", queryVector: [0, 1, 0], topK: 1, includeVector: true });
      expect(best).toEqual({ id: "road", score: 1, metadata: { new: 1 }, vector: [0, 1, 0] });
      expect((await vectors.describeIndex({ indexName: "books" })).count).toBe(3);
    });

    it("deletes what the filter holds for, but for what it writes", async () => {
      const vectors = await shelf();
      const deleteFilter = { source: "sea.pdf" };
      const again = { ids: ["calm", "wave"], vectors: books.vectors.slice(1), metadata: [{ source: "sea.pdf" }, {}] };
      await vectors.upsert({ indexName: "books", ...again, deleteFilter });
      expect(await idsIn(vectors)).toEqual(["calm", "road", "wave"]);
      await vectors.upsert({
        indexName: "books",
        ids: ["x"],
        vectors: [[1, 1, 1]],
        deleteFilter: { source: /^LAND/i },
      });
      expect(await idsIn(vectors)).toEqual(["calm", "wave", "x"]);
    });

    it("deletes nothing where it cannot write", async () => {
      const vectors = await shelf();
      const deleteFilter = { source: "sea.pdf" };
      const short = vectors.upsert({ indexName: "books", vectors: [[1, 2]], deleteFilter });
      await refusal(short, "DIMENSION");
      await refusal(
        vectors.upsert({ indexName: "books", vectors: [[1, 2, 3]], deleteFilter: {} }),
        "ARGUMENT",
        /empty filter/,
      );
      expect(await idsIn(vectors)).toEqual(["calm", "road", "storm"]);
    });

    it("refuses what is no upsert, and changes nothing", async () => {
      const vectors = await shelf();
      const upsert = (given: object) => vectors.upsert({ indexName: "books", vectors: [[1, 0, 0]], ...given });
      await refusal(upsert({ vectors: [] }), "ARGUMENT", /vectors/);
      await refusal(upsert({ vectors: ["no vector"] }), "ARGUMENT");
      await refusal(upsert({ vectors: [[]] }), "DIMENSION");
      await refusal(upsert({ vectors: [[1, Number.NaN, 0]] }), "NOT_FINITE");
      await refusal(upsert({ vectors: [[0, 0, 0]] }), "ZERO_VECTOR");
      await refusal(upsert({ ids: ["a", "b"] }), "ARGUMENT", /2 ids for 1 vectors/);
      await refusal(upsert({ metadata: [{}, {}] }), "ARGUMENT", /2 metadata for 1 vectors/);
      await refusal(upsert({ metadata: [{ at: () => 1 }] }), "ARGUMENT", /metadata/);
      await refusal(upsert({ sparseVectors: [{ indices: [1], values: [1] }] }), "UNSUPPORTED", /sparse/);
      const lost = vectors.upsert({ indexName: "lost", vectors: [[1, 0, 0]] });
      expect(await refusal(lost, "ARGUMENT", /no index "lost"/)).toMatchObject({
        id: "MASTRA_VECTOR_THERMOCLINE_UPSERT_ARGUMENT",
        domain: "MASTRA_VECTOR",
        category: "USER",
        details: { indexName: "lost" },
      });
      expect(await idsIn(vectors)).toEqual(["calm", "road", "storm"]);
    });
  });

  describe("querying", () => {
    it("gives the most similar, best first, with vectors only when asked for", async () => {
      const vectors = await shelf();
      const found = await vectors.query({ indexName: "books", queryVector: [1, 0, 0], topK: 2 });
      expect(found).toEqual([
        { id: "storm", score: 1, metadata: books.metadata[0] },
        { id: "calm", score: expect.closeTo(0.8, 5), metadata: books.metadata[1] },
      ]);
      const [withVector] = await vectors.query({ indexName: "books", queryVector: [0, 0, 2], includeVector: true });
      expect(withVector?.vector).toEqual([0, 0, 1]);
    });

    it("finds ten by default, and k whenever so many match", async () => {
      const vectors = await shelf();
      const many = Array.from({ length: 400 }, (_, i) => [1, 0, i / 400]);
      await vectors.upsert({ indexName: "books", vectors: many, metadata: many.map((_, n) => ({ n, name: `n${n}` })) });
      const query = { indexName: "books", queryVector: [1, 0, 0] };
      expect(await vectors.query(query)).toHaveLength(10);
      const far = await vectors.query({ ...query, topK: 5, filter: { n: { $gte: 390 } } });
      expect(far.map(({ metadata }) => metadata?.n)).toEqual([390, 391, 392, 393, 394]);
      const tested = await vectors.query({ ...query, topK: 5, filter: { name: { $regex: "^n39" } } });
      expect(tested.map(({ metadata }) => metadata?.n)).toEqual([39, 390, 391, 392, 393]);
    });

    it("scores higher what is more similar, under every metric", async () => {
      const scores = async (metric: "euclidean" | "dotproduct") => {
        const vectors = await shelf(metric);
        const found = await vectors.query({ indexName: "books", queryVector: [2, 0, 0] });
        await vectors.close();
        return found.map(({ id, score }) => [id, score]);
      };
      // The distances are 1, √1.8 and √5.
      expect(await scores("euclidean")).toEqual([
        ["storm", expect.closeTo(1 / 2, 6)],
        ["calm", expect.closeTo(1 / (1 + Math.sqrt(1.8)), 6)],
        ["road", expect.closeTo(1 / (1 + Math.sqrt(5)), 6)],
      ]);
    });

    it("scores by inner products, too", async () => {
      const vectors = await shelf("dotproduct");
      const found = await vectors.query({ indexName: "books", queryVector: [2, 0, 0] });
      expect(found.map(({ score }) => score)).toEqual([2, expect.closeTo(1.6, 5), 0]);
    });

    it("leaves out what scores below a threshold", async () => {
      const vectors = await shelf();
      const above = await vectors.query({ indexName: "books", queryVector: [1, 0, 0], minScore: 0.5 });
      expect(above.map(({ id }) => id)).toEqual(["storm", "calm"]);
    });

    it("leaves out what is too far under euclidean, too", async () => {
      const vectors = await shelf("euclidean");
      const query = { indexName: "books", queryVector: [2, 0, 0] };
      expect((await vectors.query({ ...query, minScore: 0.4 })).map(({ id }) => id)).toEqual(["storm", "calm"]);
      expect(await vectors.query({ ...query, minScore: 0 })).toHaveLength(3);
      expect(await vectors.query({ ...query, minScore: -1 })).toHaveLength(3);
    });

    it("lists without a vector what a filter holds for, in the order of writing", async () => {
      const vectors = await shelf();
      const query = { indexName: "books", filter: { source: "sea.pdf" } };
      expect(await vectors.query(query)).toEqual([
        { id: "storm", score: 0, metadata: books.metadata[0] },
        { id: "calm", score: 0, metadata: books.metadata[1] },
      ]);
      expect(await vectors.query({ ...query, topK: 1, includeVector: true })).toEqual([
        { id: "storm", score: 0, metadata: books.metadata[0], vector: [1, 0, 0] },
      ]);
      expect(await vectors.query({ ...query, filter: { source: /^sea/, chunk: 1 } })).toMatchObject([{ id: "calm" }]);
    });

    it("takes an empty filter for none", async () => {
      const vectors = await shelf();
      for (const filter of [{}, null, undefined]) {
        expect(await vectors.query({ indexName: "books", queryVector: [1, 0, 0], filter })).toHaveLength(3);
      }
    });

    it("refuses what is no query", async () => {
      const vectors = await shelf();
      const query = (given: object) => vectors.query({ indexName: "books", queryVector: [1, 0, 0], ...given });
      for (const topK of [0, -1, 2.5, "3"]) await refusal(query({ topK }), "ARGUMENT", /topK is/);
      await refusal(query({ queryVector: [1, 0] }), "DIMENSION");
      await refusal(query({ queryVector: "north" }), "ARGUMENT");
      await refusal(query({ queryVector: undefined }), "ARGUMENT", /Either queryVector or filter/);
      await refusal(query({ sparseVector: { indices: [], values: [] } }), "UNSUPPORTED", /sparse/);
      await refusal(query({ indexName: "lost" }), "ARGUMENT", /no index "lost"/);
    });
  });

  describe("updating", () => {
    const at = async (vectors: ThermoclineVector, queryVector: number[]) =>
      (await vectors.query({ indexName: "books", queryVector, topK: 1, includeVector: true }))[0];

    it("gives a vector by id new metadata, a new vector, or both", async () => {
      const vectors = await shelf();
      const update = (update: object) => vectors.updateVector({ indexName: "books", id: "road", update });
      await update({ metadata: { read: true } });
      expect(await at(vectors, [0, 0, 1])).toMatchObject({ id: "road", metadata: { read: true }, vector: [0, 0, 1] });
      await update({ vector: [0, 1, 0] });
      expect(await at(vectors, [0, 1, 0])).toMatchObject({ id: "road", metadata: { read: true }, vector: [0, 1, 0] });
      await update({ vector: [0, 2, 0], metadata: {} });
      expect(await at(vectors, [0, 1, 0])).toEqual({ id: "road", score: 1, metadata: {}, vector: [0, 2, 0] });
      expect(await idsIn(vectors)).toEqual(["calm", "road", "storm"]);
    });

    it("updates all that a filter holds for", async () => {
      const vectors = await shelf();
      const archived = { indexName: "books", update: { metadata: { archived: true } } };
      await vectors.updateVector({ ...archived, filter: { source: "sea.pdf" } });
      expect(await vectors.query({ indexName: "books", filter: { archived: true } })).toHaveLength(2);
      expect(await at(vectors, [1, 0, 0])).toMatchObject({ id: "storm", vector: [1, 0, 0] });
      await vectors.updateVector({ ...archived, filter: { source: { $regex: "pdf$" } } });
      expect(await vectors.query({ indexName: "books", filter: { archived: true } })).toHaveLength(3);
    });

    it("passes over an id that is not there, and a filter that holds for nothing", async () => {
      const vectors = await shelf();
      await vectors.updateVector({ indexName: "books", id: "lost", update: { metadata: {} } });
      await vectors.updateVector({ indexName: "books", filter: { source: "lost" }, update: { vector: [1, 1, 1] } });
      expect(await vectors.query({ indexName: "books", queryVector: [1, 0, 0] })).toMatchObject(
        ["storm", "calm", "road"].map((id) => ({ id, metadata: books.metadata[books.ids.indexOf(id)] })),
      );
    });

    it("keeps both of two updates that come at once", async () => {
      const vectors = await shelf();
      const update = (update: object) => vectors.updateVector({ indexName: "books", id: "road", update });
      await Promise.all([update({ vector: [0, 1, 0] }), update({ metadata: { read: true } })]);
      expect(await at(vectors, [0, 1, 0])).toMatchObject({ id: "road", metadata: { read: true } });
    });

    it("refuses what is no update, and changes nothing", async () => {
      const vectors = await shelf();
      const update = (given: object) =>
        vectors.updateVector({ indexName: "books", update: { metadata: {} }, ...given } as never);
      await refusal(update({}), "ARGUMENT", /Either id or filter must be provided/);
      await refusal(update({ id: "road", filter: { chunk: 0 } }), "ARGUMENT", /mutually exclusive/);
      await refusal(update({ filter: {} }), "ARGUMENT", /empty filter/);
      await refusal(update({ filter: { $and: [] } }), "ARGUMENT", /empty filter/);
      await refusal(update({ id: "road", update: {} }), "ARGUMENT", /No updates provided/);
      await refusal(update({ id: "road", update: { vector: [1] } }), "DIMENSION");
      expect((await at(vectors, [0, 0, 1]))?.metadata).toEqual(books.metadata[2]);
    });
  });

  describe("deleting", () => {
    it("deletes by id and by ids, and passes over those that are not there", async () => {
      const vectors = await shelf();
      await vectors.deleteVector({ indexName: "books", id: "storm" });
      await vectors.deleteVector({ indexName: "books", id: "storm" });
      expect(await idsIn(vectors)).toEqual(["calm", "road"]);
      await vectors.deleteVectors({ indexName: "books", ids: ["storm", "road", "lost"] });
      expect(await idsIn(vectors)).toEqual(["calm"]);
    });

    it("deletes what a filter holds for", async () => {
      const vectors = await shelf();
      await vectors.deleteVectors({ indexName: "books", filter: { source: "lost.pdf" } });
      await vectors.deleteVectors({ indexName: "books", filter: { source: "sea.pdf", chunk: { $lt: 1 } } });
      expect(await idsIn(vectors)).toEqual(["calm", "road"]);
      await vectors.deleteVectors({ indexName: "books", filter: { source: { $regex: "^(sea|sky)" } } });
      expect(await idsIn(vectors)).toEqual(["road"]);
    });

    it("refuses what could mean everything by mistake, and changes nothing", async () => {
      const vectors = await shelf();
      const remove = (given: object) => vectors.deleteVectors({ indexName: "books", ...given });
      await refusal(remove({}), "ARGUMENT", /Either filter or ids must be provided/);
      await refusal(remove({ ids: ["road"], filter: { chunk: 0 } }), "ARGUMENT", /mutually exclusive/);
      await refusal(remove({ ids: [] }), "ARGUMENT", /empty ids array/);
      for (const filter of [{}, { $and: [] }]) await refusal(remove({ filter }), "ARGUMENT", /empty filter/);
      await refusal(vectors.deleteVector({ indexName: "books", id: undefined as unknown as string }), "ARGUMENT");
      expect(await idsIn(vectors)).toEqual(["calm", "road", "storm"]);
    });
  });

  it("neither changes nor shares what the caller gave", async () => {
    const vectors = await shelf();
    const given = { ids: ["own"], vectors: [[0, 1, 0]], metadata: [{ list: [1] }] };
    const before = structuredClone(given);
    const ids = await vectors.upsert({ indexName: "books", ...given });
    expect(given).toEqual(before);
    ids.push("another");
    given.metadata[0]?.list.push(2);
    expect(given.ids).toEqual(["own"]);
    expect(await vectors.query({ indexName: "books", queryVector: [0, 1, 0], topK: 1 })).toMatchObject([
      { metadata: { list: [1] } },
    ]);
  });

  it("gives the store behind an index", async () => {
    const vectors = await shelf();
    expect((await vectors.thermocline("books")).stats()).toMatchObject({ dim: 3, records: 3 });
  });

  it("answers no call once it is closed, but for close", async () => {
    const vectors = await shelf();
    const under = vectors.upsert({ indexName: "books", vectors: [[1, 1, 1]] });
    await Promise.all([vectors.close(), vectors.close()]);
    await expect(under).resolves.toHaveLength(1);
    await refusal(vectors.listIndexes(), "CLOSED");
    await refusal(vectors.createIndex({ indexName: "a", dimension: 3 }), "CLOSED");
    await refusal(vectors.query({ indexName: "books", queryVector: [1, 0, 0] }), "CLOSED");
    await vectors.close();
  });
});

it("needs an id, as all of Mastra's stores", () => {
  expect(() => new ThermoclineVector({ id: " " })).toThrow(MastraError);
  expect(new ThermoclineVector({ id: "mine" }).id).toBe("mine");
});

it("refuses options that no store has", async () => {
  const vectors = new ThermoclineVector({ id: "mine", url: "file:x" } as { id: string });
  await refusal(vectors.createIndex({ indexName: "a", dimension: 3 }), "ARGUMENT", /url/);
  expect(() => new ThermoclineVector({ id: "mine", path: "" })).toThrow(/path is ""/);
});
