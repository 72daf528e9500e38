// What LangChain's Python standard tests ask of a vector store (VectorStoreIntegrationTests), in our own words and of any
// adapter, and what they do not ask but every adapter promises: filters, scores, tenants, persistence, refusals.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Adapter, Entry, Place, StoreDriver } from "./driver.js";

const foo: Entry = { text: "foo", metadata: { id: 1 } };
const bar: Entry = { text: "bar", metadata: { id: 2 } };
const baz: Entry = { text: "baz", metadata: { id: 3 } };

/** Describes an adapter by the suite's facts, of a store in memory and of one in a file. */
export function describeVectorStore<Native>(name: string, { open, lacks = [] }: Adapter<Native>): void {
  const has = (what: (typeof lacks)[number]) => !lacks.includes(what);
  let folder = "";
  let files = 0;
  const opened: StoreDriver<Native>[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "thermocline-conformance-"));
  });
  afterEach(async () => {
    for (const driver of opened.splice(0)) await driver.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const at = async (place: Place) => {
    const driver = await open(place);
    opened.push(driver);
    return driver;
  };
  const newFile = () => join(folder, `${files++}.db`);

  describe.each([
    ["in memory", () => ({})],
    ["in a file", () => ({ path: newFile() })],
  ])(`${name} %s`, (_, place: () => Place) => {
    const empty = () => at(place());
    const add = (store: StoreDriver<Native>, entries: readonly Entry[], ids?: readonly string[]) => {
      const documents = entries.map((entry, i) => store.document({ ...entry, id: entry.id ?? ids?.[i] }));
      return store.add(documents, has("ids in add") ? ids : undefined);
    };
    /** Without scores, which are tested on their own. */
    const found = async (store: StoreDriver<Native>, text: string, k: number) =>
      (await store.search(text, k)).map(({ id, text, metadata }) => ({ id, text, metadata }));

    it("is empty at first", async () => {
      expect(await found(await empty(), "foo", 1)).toEqual([]);
    });

    it("is empty at first, each time", async () => {
      await add(await empty(), [foo]);
      expect(await found(await empty(), "foo", 1)).toEqual([]);
    });

    it("gives the ids of added documents and returns documents with them", async () => {
      const store = await empty();
      const ids = await add(store, [foo, bar]);
      expect(ids).toEqual([expect.any(String), expect.any(String)]);
      expect(ids[0]).not.toBe(ids[1]);
      expect(await found(store, "bar", 2)).toEqual([
        { ...bar, id: ids[1] },
        { ...foo, id: ids[0] },
      ]);
    });

    it("leaves added documents as they were", async () => {
      const store = await empty();
      const documents = [store.document(foo), store.document({ ...bar, id: "own" })];
      const before = documents.map((document) => structuredClone(store.read(document)));
      await store.add(documents);
      expect(documents.map((document) => store.read(document))).toEqual(before);
    });

    it("deletes documents by id", async () => {
      const store = await empty();
      expect(await add(store, [foo, bar], ["1", "2"])).toEqual(["1", "2"]);
      await store.delete(["1"]);
      expect(await found(store, "foo", 1)).toEqual([{ ...bar, id: "2" }]);
    });

    it("deletes many documents at once", async () => {
      const store = await empty();
      await add(store, [foo, bar, baz], ["1", "2", "3"]);
      await store.delete(["1", "2"]);
      expect(await found(store, "foo", 3)).toEqual([{ ...baz, id: "3" }]);
    });

    it("deletes what is not there without complaint", async () => {
      const store = await empty();
      await store.delete(["1"]);
      await add(store, [foo], ["1"]);
      await store.delete(["2", "3", "2"]);
      expect(await found(store, "foo", 2)).toEqual([{ ...foo, id: "1" }]);
    });

    it("holds a document once that is added twice by id", async () => {
      const store = await empty();
      for (let i = 0; i < 2; i++) expect(await add(store, [foo, bar], ["1", "2"])).toEqual(["1", "2"]);
      expect(await found(store, "bar", 3)).toEqual([
        { ...bar, id: "2" },
        { ...foo, id: "1" },
      ]);
    });

    it("replaces text, metadata and vector of a document that is added again, changed", async () => {
      const store = await empty();
      await add(store, [foo, bar], ["1", "2"]);
      const changed = { id: "1", text: "quite new", metadata: { id: 1, some_other_field: "foo" } };
      await add(store, [changed]);
      expect(await found(store, "quite new", 2)).toEqual([changed, { ...bar, id: "2" }]);
      const [best] = await store.search("quite new", 1);
      expect(best?.score).toBeCloseTo(1, 5);
    });

    it("takes documents that have their ids, beside some that have none", async () => {
      const store = await empty();
      const ids = await add(store, [{ ...foo, id: "own" }, bar]);
      expect(ids).toEqual(["own", expect.any(String)]);
      expect(await found(store, "foo", 2)).toEqual([
        { ...foo, id: "own" },
        { ...bar, id: ids[1] },
      ]);
    });

    it.runIf(has("getByIds"))("gets documents by ids, given or made", async () => {
      const store = await empty();
      const given = await add(store, [foo, bar], ["1", "2"]);
      expect(await store.getByIds?.(given)).toEqual([
        { ...foo, id: "1" },
        { ...bar, id: "2" },
      ]);
      const made = await add(store, [baz]);
      expect(await store.getByIds?.([...made, "1"])).toEqual([
        { ...baz, id: made[0] },
        { ...foo, id: "1" },
      ]);
    });

    it.runIf(has("getByIds"))("gets nothing for ids that are not there", async () => {
      const store = await empty();
      expect(await store.getByIds?.(["1", "2", "3"])).toEqual([]);
      await add(store, [foo], ["2"]);
      expect(await store.getByIds?.(["1", "2", "3"])).toEqual([{ ...foo, id: "2" }]);
      await store.delete(["2"]);
      expect(await store.getByIds?.(["2"])).toEqual([]);
    });

    it("scores by similarity, best first", async () => {
      const store = await empty();
      await add(store, [
        { text: "sea", metadata: {} },
        { text: "sea storm", metadata: {} },
        { text: "desert road", metadata: {} },
      ]);
      const hits = await store.search("sea storm", 3);
      expect(hits.map(({ text }) => text)).toEqual(["sea storm", "sea", "desert road"]);
      const scores = hits.map(({ score }) => score);
      expect(scores[0]).toBeCloseTo(1, 5);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    });

    it("returns metadata and text exactly", async () => {
      const store = await empty();
      const metadata = {
        number: -0.1,
        big: Number.MAX_SAFE_INTEGER,
        none: null,
        yes: true,
        nested: { list: [1, "two", { three: [] }] },
        long: "x".repeat(50_000),
      };
      const entry = { id: "exact", text: ' \n text\twith "quotes", 𝄞 and \\ \n', metadata };
      await add(store, [entry]);
      expect(await found(store, "text", 1)).toEqual([entry]);
    });

    it.runIf(has("filters"))("finds k documents whenever so many match a filter", async () => {
      const store = await empty();
      const entries = Array.from({ length: 200 }, (_, n) => ({
        id: `${n}`,
        text: n % 50 === 0 ? "rare desert" : "common sea",
        metadata: { n, kind: n % 50 === 0 ? "rare" : "common" },
      }));
      await add(store, entries);
      const hits = await store.search("common sea", 4, { kind: "rare" });
      expect(hits.map(({ id }) => id).toSorted()).toEqual(["0", "100", "150", "50"]);
      const some = await store.search("common sea", 9, { $and: [{ kind: "rare" }, { n: { $gt: 50 } }] });
      expect(some.map(({ id }) => id).toSorted()).toEqual(["100", "150"]);
    });

    it("adds at the same time what several calls bring", async () => {
      const store = await empty();
      const calls = Array.from({ length: 8 }, (_, n) =>
        add(store, [{ text: `number ${n}`, metadata: { n } }], [`${n}`]),
      );
      await Promise.all(calls);
      expect(await store.search("number", 20)).toHaveLength(8);
    });
  });

  describe(`${name}, kept`, () => {
    it("gives the same answers, to the bit, when its file is opened again", async () => {
      const path = newFile();
      const store = await open({ path });
      const documents = [foo, bar, baz].map((entry, i) => store.document({ ...entry, id: `${i}` }));
      await store.add(documents, has("ids in add") ? ["0", "1", "2"] : undefined);
      await store.delete(["2"]);
      const before = await store.search("foo bar", 5);
      await store.close();
      expect(before).toHaveLength(2);
      expect(await (await at({ path })).search("foo bar", 5)).toEqual(before);
    });

    it.runIf(has("namespaces"))("never shows one tenant what another has", async () => {
      const path = newFile();
      const [alice, bob] = [await at({ path, namespace: "alice" }), await at({ path, namespace: "bob" })];
      const ids = has("ids in add") ? ["same"] : undefined;
      await alice.add([alice.document({ id: "same", text: "hers", metadata: {} })], ids);
      await bob.add([bob.document({ id: "same", text: "his", metadata: {} })], ids);
      expect((await alice.search("his", 5)).map(({ text }) => text)).toEqual(["hers"]);
      await bob.delete(["same"]);
      expect(await bob.search("his", 5)).toEqual([]);
      expect(await alice.search("hers", 5)).toHaveLength(1);
    });
  });
}
