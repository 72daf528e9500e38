import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Document } from "@langchain/core/documents";
import { Thermocline } from "@thermocline/core";
import { type ThermoclineConfig, ThermoclineVectorStore } from "@thermocline/langchain";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const embeddings = new WordEmbeddings();
const texts = Array.from({ length: 300 }, (_, i) => `word${i % 17} word${i % 29} word${i}`);
const metadatas = texts.map((_, n) => ({ n, parity: n % 2 === 0 ? "even" : "odd" }));
const questions = ["word1 word2", "word16", "word28 word11 word3", "nothing of this"];

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "thermocline-langchain-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const filled = (config?: ThermoclineConfig) => ThermoclineVectorStore.fromTexts(texts, metadatas, embeddings, config);
const count = async (store: ThermoclineVectorStore) => (await store.thermocline()).count();

/** All that a store says to the questions, to compare to the bit. */
async function answers(store: ThermoclineVectorStore) {
  return Promise.all(
    questions.flatMap((question) => [
      store.similaritySearchWithScore(question, 20),
      store.similaritySearchWithScore(question, 5, { parity: "odd" }),
      store.maxMarginalRelevanceSearch(question, { k: 5 }),
    ]),
  );
}

async function coldHalf(store: ThermoclineVectorStore): Promise<ThermoclineVectorStore> {
  await (await store.thermocline()).demote({ filter: { n: { $lt: 150 } } });
  return store;
}

describe("a store in a file", () => {
  it("gives the same answers when it is opened again", async () => {
    const path = join(folder, "store.db");
    const store = await coldHalf(await filled({ path, cold: { bytes: 24 } }));
    const before = await answers(store);
    await store.close();
    const again = new ThermoclineVectorStore(embeddings, { path });
    expect(await answers(again)).toEqual(before);
    expect((await again.thermocline()).stats().cold.rows).toBe(150);
    await again.close();
  });

  it("has everything in that file once it is closed", async () => {
    const path = join(folder, "store.db");
    await (await filled({ path })).close();
    await copyFile(path, join(folder, "copy.db"));
    const copy = new ThermoclineVectorStore(embeddings, { path: join(folder, "copy.db") });
    expect(await count(copy)).toBe(texts.length);
    await copy.close();
  });

  it("refuses embeddings of another model", async () => {
    const path = join(folder, "store.db");
    await (await filled({ path })).close();
    const other = new ThermoclineVectorStore(embeddings, { path });
    await expect(other.addVectors([[1, 2, 3]], [new Document({ pageContent: "x" })])).rejects.toMatchObject({
      code: "DIMENSION",
    });
    await other.close();
  });
});

describe("opening", () => {
  it("waits for the first use", async () => {
    new ThermoclineVectorStore(embeddings, { path: join(folder, "unused.db") });
    expect(await readdir(folder)).toEqual([]);
  });

  it("happens once, however many calls come first at the same time", async () => {
    const store = new ThermoclineVectorStore(embeddings, { path: join(folder, "store.db") });
    const added = await Promise.all(
      Array.from({ length: 8 }, (_, i) => store.addDocuments([new Document({ pageContent: `text ${i}` })], [`${i}`])),
    );
    expect(added.flat()).toEqual(["0", "1", "2", "3", "4", "5", "6", "7"]);
    expect(await count(store)).toBe(8);
    expect(await store.thermocline()).toBe(await store.thermocline());
    await store.close();
  });

  it("is tried again by the next call when it failed", async () => {
    const path = join(folder, "later", "store.db");
    const store = new ThermoclineVectorStore(embeddings, { path });
    await expect(store.similaritySearch("word1")).rejects.toMatchObject({ code: "IO" });
    await mkdir(join(folder, "later"));
    expect(await store.similaritySearch("word1")).toEqual([]);
    await store.close();
  });

  it("refuses a file that is no store", async () => {
    const path = join(folder, "notes.txt");
    await writeFile(path, "These are notes and no database at all. ".repeat(100));
    const store = new ThermoclineVectorStore(embeddings, { path });
    await expect(store.similaritySearch("word1")).rejects.toMatchObject({ code: "FORMAT" });
  });
});

describe("closing", () => {
  it("ends every later call with CLOSED, a second close too", async () => {
    const store = await filled();
    await store.close();
    const calls = [
      store.similaritySearch("word1"),
      store.maxMarginalRelevanceSearch("word1", { k: 1 }),
      store.addDocuments([new Document({ pageContent: "x" })]),
      store.delete({ deleteAll: true }),
      store.getByIds(["x"]),
      store.save(folder),
      store.thermocline(),
      store.close(),
    ];
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("makes no file when none was needed, and leaves none open when one was being opened", async () => {
    const path = join(folder, "store.db");
    await new ThermoclineVectorStore(embeddings, { path }).close();
    expect(await readdir(folder)).toEqual([]);
    const store = new ThermoclineVectorStore(embeddings, { path });
    const opening = store.thermocline();
    await store.close();
    await expect((await opening).count()).rejects.toMatchObject({ code: "CLOSED" });
  });
});

describe("save and load", () => {
  it.each([
    ["in memory", () => ({})],
    ["in a file", () => ({ path: join(folder, "store.db") })],
  ])("give the same answers, to the bit, of a store %s", async (_, config) => {
    const store = await coldHalf(await filled({ ...config(), cold: { bytes: 24 }, metric: "dot" }));
    const directory = join(folder, "made", "for it");
    await store.save(directory);
    expect(await readdir(directory)).toEqual(["thermocline.db"]);
    const loaded = await ThermoclineVectorStore.load(directory, embeddings);
    expect(await answers(loaded)).toEqual(await answers(store));
    await loaded.close();
    await store.close();
  });

  it("open the saved file itself: what is added later is in it, and saving it there again does nothing", async () => {
    const directory = join(folder, "saved");
    await (await filled()).save(directory);
    const loaded = await ThermoclineVectorStore.load(directory, embeddings);
    await loaded.addDocuments([new Document({ pageContent: "added later" })], ["later"]);
    await loaded.save(directory);
    await loaded.save(join(directory, ".", "..", "saved"));
    await loaded.close();
    const again = await ThermoclineVectorStore.load(directory, embeddings);
    expect(await again.getByIds(["later"])).toHaveLength(1);
    await again.close();
  });

  it("replace what was saved before, whether a store has it open or had it", async () => {
    const directory = join(folder, "saved");
    await (await filled()).save(directory);
    const open = await ThermoclineVectorStore.load(directory, embeddings);
    await open.addDocuments([new Document({ pageContent: "not in the next one" })], ["gone"]);
    const small = await ThermoclineVectorStore.fromTexts(["only this"], {}, embeddings);
    await small.save(directory);
    expect(await count(open)).toBe(1);
    expect((await open.similaritySearch("word1", 9)).map(({ pageContent }) => pageContent)).toEqual(["only this"]);
    await open.close();
    await (await filled()).save(directory);
    const again = await ThermoclineVectorStore.load(directory, embeddings);
    expect(await count(again)).toBe(texts.length);
    expect(await again.getByIds(["gone"])).toEqual([]);
    await again.close();
  });

  it("copy one moment while writes go on", async () => {
    const store = await filled({ path: join(folder, "store.db") });
    const batches = Array.from({ length: 5 }, (_, i) =>
      texts.map((text, n) => new Document({ id: `${i}/${n}`, pageContent: text })),
    );
    const writing = (async () => {
      for (const batch of batches) await store.addDocuments(batch);
    })();
    await Promise.all([writing, store.save(join(folder, "one")), store.save(join(folder, "two"))]);
    for (const name of ["one", "two"]) {
      const loaded = await ThermoclineVectorStore.load(join(folder, name), embeddings);
      expect((await count(loaded)) % texts.length).toBe(0);
      await loaded.close();
    }
    await store.close();
  });

  it("take the options of a store but its path", async () => {
    const store = await filled({ namespace: "alice", exposeIds: false });
    await store.save(folder);
    const loaded = await ThermoclineVectorStore.load(folder, embeddings, { namespace: "alice", exposeIds: false });
    expect(await loaded.similaritySearch("word1", 5)).toEqual(await store.similaritySearch("word1", 5));
    await loaded.close();
  });

  it("say what is wrong", async () => {
    await expect(ThermoclineVectorStore.load(folder, embeddings)).rejects.toMatchObject({ code: "IO" });
    expect(await readdir(folder)).toEqual([]);
    await writeFile(join(folder, "thermocline.db"), "no database ".repeat(1000));
    await expect(ThermoclineVectorStore.load(folder, embeddings)).rejects.toMatchObject({ code: "FORMAT" });
    await writeFile(join(folder, "file"), "");
    const store = await filled();
    await expect(store.save(join(folder, "file"))).rejects.toMatchObject({ code: "IO" });
    await expect(store.save(folder)).rejects.toMatchObject({ code: "FORMAT" });
  });
});

describe("namespaces", () => {
  it("of one store keep apart what they hold", async () => {
    const core = await Thermocline.open();
    const alice = await ThermoclineVectorStore.fromExistingStore(embeddings, core, { namespace: "alice" });
    const bob = await ThermoclineVectorStore.fromExistingStore(embeddings, core, { namespace: "bob" });
    await alice.addDocuments([new Document({ pageContent: "hers" })], ["same"]);
    await bob.addDocuments([new Document({ pageContent: "his" })], ["same"]);
    expect(await alice.getByIds(["same"])).toMatchObject([{ pageContent: "hers" }]);
    expect(await bob.similaritySearch("hers", 9)).toMatchObject([{ pageContent: "his" }]);
    expect(await bob.maxMarginalRelevanceSearch("hers", { k: 9 })).toHaveLength(1);
    await alice.delete({ deleteAll: true });
    expect(await alice.similaritySearch("his", 9)).toEqual([]);
    expect(await bob.getByIds(["same"])).toHaveLength(1);
  });

  it("are views that close without closing the store", async () => {
    const core = await Thermocline.open();
    const view = await ThermoclineVectorStore.fromExistingStore(embeddings, core);
    await view.addDocuments([new Document({ pageContent: "text" })]);
    expect(await view.thermocline()).toBe(core);
    await view.close();
    await expect(view.similaritySearch("text")).rejects.toMatchObject({ code: "CLOSED" });
    expect(await core.count()).toBe(1);
    await core.close();
  });

  it("show records that did not come through LangChain", async () => {
    const core = await Thermocline.open();
    await core.upsert([{ id: "a", vector: [1, 0] }]);
    const view = await ThermoclineVectorStore.fromExistingStore(embeddings, core);
    const [[document] = []] = await view.similaritySearchVectorWithScore([1, 0], 1);
    expect(document).toEqual(new Document({ id: "a", pageContent: "", metadata: {} }));
  });
});

describe("two stores on one file", () => {
  it("see what the other has added", async () => {
    const path = join(folder, "store.db");
    const one = await filled({ path });
    const other = new ThermoclineVectorStore(embeddings, { path });
    expect(await count(other)).toBe(texts.length);
    await one.addDocuments([new Document({ pageContent: "quite new" })], ["new"]);
    expect((await other.similaritySearch("quite new", 1))[0]?.id).toBe("new");
    await one.close();
    await other.close();
  });
});
