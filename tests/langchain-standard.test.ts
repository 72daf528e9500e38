// What LangChain's Python standard tests ask of a vector store (VectorStoreIntegrationTests), said anew for JavaScript.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Document } from "@langchain/core/documents";
import { ThermoclineVectorStore } from "@thermocline/langchain";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "thermocline-standard-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const foo = () => new Document({ pageContent: "foo", metadata: { id: 1 } });
const bar = () => new Document({ pageContent: "bar", metadata: { id: 2 } });
const withId = (id: string, { pageContent, metadata }: Document) => new Document({ id, pageContent, metadata });

describe.each([
  ["in memory", () => ({})],
  ["in a file", () => ({ path: join(folder, `${files++}.db`) })],
])("a store %s", (_, config) => {
  const empty = () => new ThermoclineVectorStore(new WordEmbeddings(), config());

  it("is empty at first", async () => {
    expect(await empty().similaritySearch("foo", 1)).toEqual([]);
  });

  it("is empty at first, each time", async () => {
    await empty().addDocuments([foo()]);
    expect(await empty().similaritySearch("foo", 1)).toEqual([]);
  });

  it("gives the ids of added documents, and returns documents with them, leaving the originals as they were", async () => {
    const store = empty();
    const originals = [foo(), bar()];
    const ids = await store.addDocuments(originals);
    expect(ids).toEqual([expect.any(String), expect.any(String)]);
    expect(await store.similaritySearch("bar", 2)).toEqual([withId(ids[1] ?? "", bar()), withId(ids[0] ?? "", foo())]);
    expect(originals).toEqual([foo(), bar()]);
    expect(originals.map(({ id }) => id)).toEqual([undefined, undefined]);
  });

  it("deletes documents by id", async () => {
    const store = empty();
    expect(await store.addDocuments([foo(), bar()], { ids: ["1", "2"] })).toEqual(["1", "2"]);
    await store.delete({ ids: ["1"] });
    expect(await store.similaritySearch("foo", 1)).toEqual([withId("2", bar())]);
  });

  it("deletes many documents at once", async () => {
    const store = empty();
    const baz = new Document({ pageContent: "baz", metadata: { id: 3 } });
    await store.addDocuments([foo(), bar(), baz], { ids: ["1", "2", "3"] });
    await store.delete({ ids: ["1", "2"] });
    expect(await store.similaritySearch("foo", 3)).toEqual([withId("3", baz)]);
  });

  it("deletes what is not there without complaint", async () => {
    const store = empty();
    await store.delete({ ids: ["1"] });
    await store.addDocuments([foo()], { ids: ["1"] });
    await store.delete({ ids: ["2", "3", "2"] });
    expect(await store.similaritySearch("foo", 2)).toEqual([withId("1", foo())]);
  });

  it("holds a document once that is added twice by id", async () => {
    const store = empty();
    for (let i = 0; i < 2; i++) {
      expect(await store.addDocuments([foo(), bar()], { ids: ["1", "2"] })).toEqual(["1", "2"]);
    }
    expect(await store.similaritySearch("bar", 2)).toEqual([withId("2", bar()), withId("1", foo())]);
    expect(await store.similaritySearch("bar", 3)).toHaveLength(2);
  });

  it("replaces text and metadata of a document that is added again, changed", async () => {
    const store = empty();
    await store.addDocuments([foo(), bar()], { ids: ["1", "2"] });
    const changed = new Document({ id: "1", pageContent: "new foo", metadata: { id: 1, some_other_field: "foo" } });
    await store.addDocuments([changed], { ids: ["1"] });
    expect(await store.similaritySearch("new foo", 2)).toEqual([changed, withId("2", bar())]);
  });

  it("gets documents by ids", async () => {
    const store = empty();
    const ids = await store.addDocuments([foo(), bar()], { ids: ["1", "2"] });
    expect(await store.getByIds(ids)).toEqual([withId("1", foo()), withId("2", bar())]);
  });

  it("gets nothing for ids that are not there", async () => {
    const store = empty();
    expect(await store.getByIds(["1", "2", "3"])).toEqual([]);
    await store.addDocuments([foo()], { ids: ["2"] });
    expect(await store.getByIds(["1", "2", "3"])).toEqual([withId("2", foo())]);
  });

  it("gets documents by the ids that it made", async () => {
    const store = empty();
    const ids = await store.addDocuments([foo(), bar()]);
    expect(await store.getByIds(ids)).toEqual([withId(ids[0] ?? "", foo()), withId(ids[1] ?? "", bar())]);
  });

  it("takes documents that have their ids, beside some that have none", async () => {
    const store = empty();
    const own = withId("own", foo());
    const ids = await store.addDocuments([own, bar()]);
    expect(ids).toEqual(["own", expect.any(String)]);
    expect(await store.getByIds(ids)).toEqual([own, withId(ids[1] ?? "", bar())]);
  });
});
