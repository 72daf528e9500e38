// What a LangChain store does with its documents beside searching them.
import { Document } from "@langchain/core/documents";
import { Thermocline } from "@thermocline/core";
import { type AddProgress, ThermoclineVectorStore } from "@thermocline/langchain";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const texts = Array.from({ length: 25 }, (_, n) => `text ${n}`);
const documents = texts.map((pageContent, n) => new Document({ id: `${n}`, pageContent, metadata: { n } }));

async function listed(store: ThermoclineVectorStore, options?: Parameters<ThermoclineVectorStore["list"]>[0]) {
  const ids: (string | undefined)[] = [];
  for await (const { id } of store.list(options)) ids.push(id);
  return ids;
}

describe("embedding", () => {
  it("goes in batches, one after the other, and says how far it is", async () => {
    const embeddings = new WordEmbeddings();
    const embed = vi.spyOn(embeddings, "embedDocuments");
    const seen: AddProgress[] = [];
    const store = new ThermoclineVectorStore(embeddings);
    await store.addDocuments(documents, { batchSize: 10, onProgress: (progress) => seen.push(progress) });
    expect(embed.mock.calls.map(([batch]) => batch.length)).toEqual([10, 10, 5]);
    expect(embed.mock.calls.flatMap(([batch]) => batch)).toEqual(texts);
    expect(seen.slice(0, 3)).toEqual([10, 20, 25].map((done) => ({ phase: "embed", done, total: 25 })));
    expect(seen.at(-1)).toEqual({ phase: "write", done: 25, total: 25 });
    expect(await store.getByIds(["24"])).toEqual([documents[24]]);
  });

  it("stops between two batches when its signal fires, with nothing added", async () => {
    const embeddings = new WordEmbeddings();
    const controller = new AbortController();
    const store = new ThermoclineVectorStore(embeddings);
    const adding = store.addDocuments(documents, {
      batchSize: 10,
      signal: controller.signal,
      onProgress: ({ done }) => done === 10 && controller.abort("enough"),
    });
    await expect(adding).rejects.toMatchObject({ code: "ABORTED", cause: "enough" });
    expect(embeddings.embeddedDocuments).toBe(10);
    expect(await store.count()).toBe(0);
  });

  it("passes on what the embeddings reject with, and then nothing was added, not even of batches before", async () => {
    const embeddings = new WordEmbeddings();
    const failing = vi.spyOn(embeddings, "embedDocuments").mockResolvedValueOnce(texts.slice(0, 10).map(() => [1, 2]));
    failing.mockRejectedValueOnce(new RangeError("too many requests"));
    const store = new ThermoclineVectorStore(embeddings);
    await expect(store.addDocuments(documents, { batchSize: 10 })).rejects.toThrow(new RangeError("too many requests"));
    expect(await store.count()).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN, "10"])("refuses batches of %s", async (batchSize) => {
    const store = new ThermoclineVectorStore(new WordEmbeddings());
    const adding = store.addDocuments(documents, { batchSize: batchSize as number });
    await expect(adding).rejects.toMatchObject({ code: "ARGUMENT" });
  });

  it("refuses options of other stores instead of passing over them, before it embeds", async () => {
    const embeddings = new WordEmbeddings();
    const store = new ThermoclineVectorStore(embeddings);
    const foreign = { ids: documents.map(({ id }) => id), namespace: "alice" };
    await expect(store.addDocuments(documents, foreign)).rejects.toThrow("namespace");
    await expect(store.addVectors([[1]], [new Document({ pageContent: "x" })], foreign)).rejects.toMatchObject({
      code: "ARGUMENT",
    });
    expect(embeddings.embeddedDocuments).toBe(0);
  });
});

describe("documents that expire", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("are not found any more, by no call, from then on", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_700_000_000_000 });
    const store = new ThermoclineVectorStore(new WordEmbeddings());
    await store.addDocuments(documents.slice(0, 2), { ttl: 60_000 });
    await store.addDocuments(documents.slice(2, 4), { expiresAt: new Date(1_700_000_030_000), ttl: 1 });
    await store.addDocuments(documents.slice(4, 5));
    expect(await store.count()).toBe(5);
    vi.setSystemTime(1_700_000_030_000);
    expect(await listed(store)).toEqual(["0", "1", "4"]);
    vi.setSystemTime(1_700_000_060_000);
    expect(await listed(store)).toEqual(["4"]);
    expect(await store.similaritySearch("text 0", 5)).toEqual([documents[4]]);
    expect(await store.getByIds(["0", "2"])).toEqual([]);
    expect(await store.count()).toBe(1);
  });

  it.each([{ ttl: 0 }, { ttl: Number.NaN }, { expiresAt: new Date(Number.NaN) }])(
    "are refused with %o",
    async (when) => {
      const store = new ThermoclineVectorStore(new WordEmbeddings());
      await expect(store.addDocuments(documents, when)).rejects.toMatchObject({ code: "ARGUMENT" });
    },
  );
});

describe("listing and counting", () => {
  const filled = () => ThermoclineVectorStore.fromDocuments(documents, new WordEmbeddings());

  it("give all documents in the order in which they were added, or some", async () => {
    const store = await filled();
    expect(await listed(store)).toEqual(documents.map(({ id }) => id));
    expect(await listed(store, { limit: 3 })).toEqual(["0", "1", "2"]);
    expect(await listed(store, { filter: { n: { $gte: 20 } }, limit: 2 })).toEqual(["20", "21"]);
    expect(await listed(store, { filter: ({ pageContent }) => pageContent.endsWith("7"), limit: 1 })).toEqual(["7"]);
    expect(await listed(store, { filter: ({ pageContent }) => pageContent.endsWith("7") })).toEqual(["7", "17"]);
    expect(await store.count()).toBe(25);
    expect(await store.count({ n: { $lt: 5 } })).toBe(5);
    expect(await store.count(({ metadata }) => metadata.n % 5 === 0)).toBe(5);
  });

  it("see only what the store's own filter lets through", async () => {
    const store = await filled();
    const view = await ThermoclineVectorStore.fromExistingStore(store.embeddings, await store.thermocline(), {
      filter: { n: { $lt: 3 } },
    });
    expect(await listed(view)).toEqual(["0", "1", "2"]);
    expect(await view.count({ n: { $gt: 0 } })).toBe(2);
  });

  it("let a loop delete and replace what it is given", async () => {
    const store = await filled();
    for await (const { id = "", metadata } of store.list()) {
      if (metadata.n % 2) await store.delete([id]);
      else await store.addDocuments([new Document({ pageContent: "again", metadata })], [id]);
    }
    expect(await store.count()).toBe(13);
  });

  it("refuse bad options and stop at a signal", async () => {
    const store = await filled();
    await expect(listed(store, { limit: 0 })).rejects.toMatchObject({ code: "ARGUMENT" });
    await expect(listed(store, { limit: 0, filter: () => true })).rejects.toMatchObject({ code: "ARGUMENT" });
    await expect(listed(store, { filter: { n: { $about: 1 } } as never })).rejects.toMatchObject({ code: "FILTER" });
    await expect(listed(store, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    await expect(store.count(undefined, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("a tenant", () => {
  const embeddings = new WordEmbeddings();
  async function tenants() {
    const core = await Thermocline.open();
    const of = (namespace: string) => ThermoclineVectorStore.fromExistingStore(embeddings, core, { namespace });
    const [alice, bob] = [await of("alice"), await of("bob")];
    await alice.addDocuments(documents);
    await bob.addDocuments(documents.slice(0, 2));
    return { core, of, alice, bob };
  }

  it("is copied whole, and each copy goes its own way", async () => {
    const { of, alice } = await tenants();
    expect(await alice.copyNamespace("alice-before")).toBe(25);
    await alice.delete({ deleteAll: true });
    const before = await of("alice-before");
    expect(await before.count()).toBe(25);
    expect(await before.getByIds(["7"])).toEqual([documents[7]]);
    expect(await alice.count()).toBe(0);
    await expect(before.copyNamespace("bob")).rejects.toMatchObject({ code: "ARGUMENT" });
  });

  it("is dropped alone, and can begin again", async () => {
    const { alice, bob } = await tenants();
    expect(await alice.dropNamespace()).toBe(25);
    expect(await bob.count()).toBe(2);
    await alice.addDocuments(documents.slice(0, 1));
    expect(await alice.count()).toBe(1);
  });

  it("is neither seen nor changed by any call of another, whatever the filter", async () => {
    const { alice, bob } = await tenants();
    for (const searchType of ["similarity", "mmr", "hybrid", "keyword"] as const) {
      expect(await bob.search("text 7", { searchType, k: 50 })).toHaveLength(2);
      expect(await bob.search("text 7", { searchType, k: 50, filter: { $or: [{ n: 7 }, {}] } })).toHaveLength(2);
    }
    await bob.delete({ filter: { n: { $gte: 0 } } });
    await bob.delete(["7"]);
    expect(await bob.count()).toBe(0);
    expect(await alice.count()).toBe(25);
  });

  it("with a filter of its own is neither copied nor dropped past it", async () => {
    const { core } = await tenants();
    const view = await ThermoclineVectorStore.fromExistingStore(embeddings, core, {
      namespace: "alice",
      filter: { n: 1 },
    });
    await expect(view.copyNamespace("copy")).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(view.dropNamespace()).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(await core.count(undefined, { namespace: "alice" })).toBe(25);
  });
});

it("a store is closed at the end of an `await using` block, unless it is closed already", async () => {
  const store = await ThermoclineVectorStore.fromDocuments(documents, new WordEmbeddings());
  await store[Symbol.asyncDispose]();
  await expect(store.count()).rejects.toMatchObject({ code: "CLOSED" });
  await store[Symbol.asyncDispose]();
});
