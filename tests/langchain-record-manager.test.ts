import { Document } from "@langchain/core/documents";
import { index } from "@langchain/core/indexing";
import { Thermocline } from "@thermocline/core";
import { type RecordManagerOptions, ThermoclineRecordManager, ThermoclineVectorStore } from "@thermocline/langchain";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";
import { bench, refusal } from "./support/stores.js";
import { lcg } from "./support/synthetic.js";

const embeddings = new WordEmbeddings();
const { open, path } = bench("in memory");

afterEach(() => {
  vi.useRealTimers();
});

async function pair(namespace = "default", options: RecordManagerOptions = {}) {
  const store = await open();
  const vectorStore = await ThermoclineVectorStore.fromExistingStore(embeddings, store, { namespace });
  return { store, vectorStore, recordManager: new ThermoclineRecordManager(vectorStore, options) };
}

/** Documents of one source each, or of the sources given. */
const document = (pageContent: string, source = "book") => new Document({ pageContent, metadata: { source } });
const some = (...texts: string[]) => texts.map((text) => document(text));

/** What is in a namespace, whoever put it there. */
async function texts(store: Thermocline, namespace = "default"): Promise<string[]> {
  const found: string[] = [];
  for await (const { text } of store.list({ namespace })) found.push(text ?? "");
  return found.sort();
}

const MODES = [{ cleanup: "full" }, { cleanup: "incremental", sourceIdKey: "source" }, {}] as const;

describe("a record manager", () => {
  it("lists what it was told, once each, and forgets what is deleted", async () => {
    const { recordManager } = await pair("default", { documents: false });
    await recordManager.createSchema();
    expect(await recordManager.listKeys()).toEqual([]);
    await recordManager.update(["a", "b", "c"]);
    await recordManager.update(["b"]);
    expect(await recordManager.listKeys()).toEqual(["a", "c", "b"]);
    expect(await recordManager.listKeys({ limit: 2 })).toEqual(["a", "c"]);
    expect(await recordManager.exists(["c", "x", "a"])).toEqual([true, false, true]);
    await recordManager.deleteKeys(["a", "x"]);
    expect(await recordManager.listKeys()).toEqual(["c", "b"]);
    expect(await recordManager.exists(["a"])).toEqual([false]);
  });

  it("keeps the times of updates, and leaves out a bound itself", async () => {
    const { recordManager } = await pair("default", { documents: false });
    const times: number[] = [];
    for (const key of ["a", "b", "c"]) {
      vi.spyOn(recordManager, "getTime").mockResolvedValueOnce(100 + times.length);
      await recordManager.update([key]);
      times.push(100 + times.length);
    }
    expect(await recordManager.listKeys({ before: 101 })).toEqual(["a"]);
    expect(await recordManager.listKeys({ after: 101 })).toEqual(["c"]);
    expect(await recordManager.listKeys({ after: 100, before: 102 })).toEqual(["b"]);
    expect(await recordManager.listKeys({ after: 102 })).toEqual([]);
    vi.spyOn(recordManager, "getTime").mockResolvedValueOnce(100);
    await refusal(recordManager.update(["d"], { timeAtLeast: 101 }), "ARGUMENT", /timeAtLeast is 101, and it is 100/);
    expect(await recordManager.exists(["d"])).toEqual([false]);
  });

  it("keeps groups, and those of keys that are updated without", async () => {
    const { recordManager } = await pair("default", { documents: false });
    await recordManager.update(["a", "b", "c", "d"], { groupIds: ["x", "x", "y", null] });
    expect(await recordManager.listKeys({ groupIds: ["x"] })).toEqual(["a", "b"]);
    await recordManager.update(["a"]);
    expect(await recordManager.listKeys({ groupIds: ["x", "x"] })).toEqual(["b", "a"]);
    expect(await recordManager.listKeys({ groupIds: ["y", null] })).toEqual(["c", "d"]);
    expect(await recordManager.listKeys({ groupIds: [] })).toEqual([]);
    await recordManager.update(["b"], { groupIds: ["y"] });
    expect(await recordManager.listKeys({ groupIds: ["x"] })).toEqual(["a"]);
    await refusal(recordManager.update(["a"], { groupIds: [] }), "ARGUMENT", /0 groupIds for 1 keys/);
  });

  it("gives times that ascend whatever the clock does, also to other managers of the file and when it is opened again", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 9_000 });
    const file = path("times.db");
    const times: number[] = [];
    for (const now of [9_000, 1, 9_000]) {
      vi.setSystemTime(now);
      const stores = [await Thermocline.open({ path: file }), await Thermocline.open({ path: file })];
      const managers = stores.map((store, i) => new ThermoclineRecordManager(store, { namespace: `m${i}` }));
      for (const manager of [...managers, ...managers]) times.push(await manager.getTime());
      for (const store of stores) await store.close();
    }
    expect(times).toEqual(Array.from({ length: 12 }, (_, i) => 9_000 + i));
  });

  it("of another namespace, or of other documents, sees nothing of it", async () => {
    const { store, vectorStore, recordManager } = await pair();
    await index({ docsSource: some("one", "two"), recordManager, vectorStore });
    const other = new ThermoclineRecordManager(vectorStore, { namespace: "other" });
    const bob = await ThermoclineVectorStore.fromExistingStore(embeddings, store, { namespace: "bob" });
    const bobs = new ThermoclineRecordManager(bob);
    for (const manager of [other, bobs]) {
      expect(await manager.listKeys()).toEqual([]);
      expect(await manager.exists(await recordManager.listKeys())).toEqual([false, false]);
    }
    await index({ docsSource: some("three"), recordManager: other, vectorStore, options: { cleanup: "full" } });
    await index({ docsSource: [], recordManager: bobs, vectorStore: bob, options: { cleanup: "full" } });
    expect(await texts(store)).toEqual(["one", "three", "two"]);
    expect((await recordManager.listKeys()).length).toBe(2);
    // The same manager, made of the store itself.
    const again = new ThermoclineRecordManager(store);
    expect(await again.listKeys()).toEqual(await recordManager.listKeys());
  });

  it("refuses options that it does not know, and what is no text", async () => {
    const store = await open();
    const made = (options: object) => () => new ThermoclineRecordManager(store, options);
    await refusal(made({ tableName: "x" }), "ARGUMENT", /Unknown option tableName.*namespace, documents, sourceIdKey/);
    await refusal(made({ namespace: "" }), "ARGUMENT", /namespace is ""; give a string/);
    await refusal(made({ sourceIdKey: 5 }), "ARGUMENT", /sourceIdKey is 5/);
    await refusal(made({ documents: true }), "ARGUMENT", /documents is true/);
  });

  it("is in the file with the documents, and in its copies", async () => {
    const file = path("both.db");
    const vectorStore = new ThermoclineVectorStore(embeddings, { path: file });
    const docsSource = some("one", "two");
    await index({ docsSource, recordManager: new ThermoclineRecordManager(vectorStore), vectorStore });
    await (await vectorStore.thermocline()).backup(path("copy.db"));
    await vectorStore.close();
    for (const each of [file, path("copy.db")]) {
      const again = new ThermoclineVectorStore(embeddings, { path: each });
      const recordManager = new ThermoclineRecordManager(again);
      const options = { cleanup: "full" } as const;
      const done = await index({ docsSource, recordManager, vectorStore: again, options });
      expect(done).toEqual({ numAdded: 0, numDeleted: 0, numUpdated: 0, numSkipped: 2 });
      await again.close();
      expect(await Thermocline.verify(each)).toMatchObject({ ok: true, records: 4 });
    }
  });
});

describe("index() with our record manager", () => {
  it.each(MODES)("skips what has not changed and never damages the store, 200 times at once (%o)", async (options) => {
    const store = await open();
    const docsSource = some("one", "two", "three");
    for (let run = 0; run < 200; run++) {
      const namespace = `run ${run}`;
      const vectorStore = await ThermoclineVectorStore.fromExistingStore(embeddings, store, { namespace });
      const recordManager = new ThermoclineRecordManager(vectorStore);
      const first = await index({ docsSource, recordManager, vectorStore, options });
      const second = await index({ docsSource, recordManager, vectorStore, options });
      expect([first.numAdded, first.numDeleted]).toEqual([3, 0]);
      expect(second).toEqual({ numAdded: 0, numDeleted: 0, numUpdated: 0, numSkipped: 3 });
      expect(await store.count(undefined, { namespace })).toBe(3);
    }
  });

  it("leaves what was given last, however often that changes", async () => {
    const { store, vectorStore, recordManager } = await pair();
    const next = lcg(5);
    for (let run = 0; run < 60; run++) {
      const wanted = ["a", "b", "c", "d", "e"].filter(() => next() > 0);
      const options = { cleanup: "full", batchSize: 2, cleanupBatchSize: 1 } as const;
      await index({ docsSource: some(...wanted), recordManager, vectorStore, options });
      expect(await texts(store)).toEqual(wanted);
      expect((await recordManager.listKeys()).length).toBe(wanted.length);
    }
  });

  it("replaces only what came from the sources that it is given, incrementally", async () => {
    const { store, vectorStore, recordManager } = await pair();
    const options = { cleanup: "incremental", sourceIdKey: "source" } as const;
    const run = (...docsSource: Document[]) => index({ docsSource, recordManager, vectorStore, options });
    await run(document("a1", "a"), document("a2", "a"), document("b1", "b"));
    const changed = await run(document("a2", "a"), document("a3", "a"));
    expect(changed).toEqual({ numAdded: 1, numDeleted: 1, numUpdated: 0, numSkipped: 1 });
    expect(await texts(store)).toEqual(["a2", "a3", "b1"]);
  });

  it("updates all with forceUpdate", async () => {
    const { store, vectorStore, recordManager } = await pair();
    const run = (options = {}) => index({ docsSource: some("one", "two"), recordManager, vectorStore, options });
    await run();
    expect(await run({ forceUpdate: true })).toMatchObject({ numAdded: 0, numUpdated: 2, numSkipped: 0 });
    expect((await texts(store)).length).toBe(2);
  });

  it.each<[string, (vectorStore: ThermoclineVectorStore, store: Thermocline) => Promise<unknown>]>([
    ["by id", async (vectorStore, store) => vectorStore.delete({ ids: [await idOf(store, "two")] })],
    ["by filter", (vectorStore) => vectorStore.delete({ filter: { n: 2 } })],
    ["with all others", (vectorStore) => vectorStore.delete({ deleteAll: true })],
    ["with its namespace", (_, store) => store.dropNamespace("tenant")],
    [
      "because it expired",
      async (_, store) =>
        store.upsert([{ id: await idOf(store, "two"), text: "two", expiresAt: 1 }], { namespace: "tenant" }),
    ],
  ])("adds a document again that was deleted %s", async (_, remove) => {
    const { store, vectorStore, recordManager } = await pair("tenant");
    const docsSource = ["one", "two"].map(
      (pageContent, i) => new Document({ pageContent, metadata: { source: "s", n: i + 1 } }),
    );
    await index({ docsSource, recordManager, vectorStore });
    await remove(vectorStore, store);
    expect(await texts(store, "tenant")).not.toContain("two");
    const { numAdded, numSkipped } = await index({ docsSource, recordManager, vectorStore });
    expect(numAdded).toBeGreaterThan(0);
    expect(numAdded + numSkipped).toBe(2);
    expect(await texts(store, "tenant")).toEqual(["one", "two"]);
  });

  it("does not touch documents that it has not added", async () => {
    const { store, vectorStore, recordManager } = await pair();
    await vectorStore.addDocuments([document("mine")], { ids: ["mine"] });
    expect(await recordManager.exists(["mine"])).toEqual([false]);
    await index({ docsSource: some("one"), recordManager, vectorStore, options: { cleanup: "full" } });
    await index({ docsSource: [], recordManager, vectorStore, options: { cleanup: "full" } });
    expect(await texts(store)).toEqual(["mine"]);
  });
});

async function idOf(store: Thermocline, text: string): Promise<string> {
  for await (const record of store.list({ namespace: "tenant" })) if (record.text === text) return record.id;
  throw new Error(`${text} is not there`);
}

describe("a run of index() that ends between two of its steps", () => {
  /** Lets calls of both pass, and ends with the one that is at `last`: before it is made, or after. */
  function ending<T extends object>(target: T, steps: { left: number }, after: boolean): T {
    return new Proxy(target, {
      get(_, name) {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== "function") return value;
        return async (...args: unknown[]) => {
          steps.left -= 1;
          if (steps.left === 0 && !after) throw new Error("killed");
          const result = (await value.apply(target, args)) as unknown;
          if (steps.left === 0) throw new Error("killed");
          return result;
        };
      },
    });
  }

  it.each([
    { cleanup: "full", batchSize: 2 },
    { cleanup: "incremental", sourceIdKey: "source" },
  ] as const)("is healed by the next, which may bring other documents (%o)", async (options) => {
    const before = some("kept", "changed", "gone", "also gone");
    const during = some("kept", "changes", "new", "newer");
    const [same, other] = [during, some("kept", "last", "newer")];
    let ended = 0;
    for (const next of [same, other]) {
      for (const after of [false, true]) {
        for (let last = 1; last < 40; last++) {
          const { store, vectorStore, recordManager } = await pair("default", { sourceIdKey: "source" });
          await index({ docsSource: before, recordManager, vectorStore, options });
          const steps = { left: last };
          const failing = {
            recordManager: ending(recordManager, steps, after),
            vectorStore: ending(vectorStore, steps, after),
          };
          const ends = await index({ docsSource: during, ...failing, options }).then(
            () => false,
            () => true,
          );
          if (!ends) break;
          ended += 1;
          await index({ docsSource: next, recordManager, vectorStore, options });
          const wanted = next.map(({ pageContent }) => pageContent).sort();
          expect(await texts(store)).toEqual(wanted);
          expect((await recordManager.listKeys()).length).toBe(wanted.length);
          const again = await index({ docsSource: next, recordManager, vectorStore, options });
          expect(again).toEqual({ numAdded: 0, numDeleted: 0, numUpdated: 0, numSkipped: wanted.length });
        }
      }
    }
    expect(ended).toBeGreaterThan(30);
  });
});
