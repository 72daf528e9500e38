import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CacheBackedEmbeddings } from "@langchain/classic/embeddings/cache_backed";
import { MultiVectorRetriever } from "@langchain/classic/retrievers/multi_vector";
import { ParentDocumentRetriever } from "@langchain/classic/retrievers/parent_document";
import { Document } from "@langchain/core/documents";
import { ThermoclineByteStore, ThermoclineError, ThermoclineVectorStore } from "@thermocline/langchain";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const all = async (keys: AsyncGenerator<string>) => {
  const found: string[] = [];
  for await (const key of keys) found.push(key);
  return found;
};

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "thermocline-bytes-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("bytes", () => {
  it("come back as they were set, whatever they are, also from a file that is opened again", async () => {
    let run = 0;
    const value = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.string({ unit: "grapheme" }).map(bytes),
      fc.constantFrom(bytes(""), bytes("\ufeffmark"), bytes("a\0b"), Uint8Array.of(0xed, 0xa0, 0x80)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 20 }), async (values) => {
        const path = join(folder, `${run++}.db`);
        const store = new ThermoclineByteStore({ path });
        await store.mset(values.map((one, i): [string, Uint8Array] => [`key ${i}`, one]));
        await store.close();
        const again = new ThermoclineByteStore({ path });
        const found = await again.mget(values.map((_, i) => `key ${i}`));
        expect(found.map((one) => Array.from(one ?? [-1]))).toEqual(values.map((one) => Array.from(one)));
        await again.close();
      }),
      { numRuns: 5 },
    );
    const large = Uint8Array.from({ length: 3_000_000 }, (_, i) => i * 7);
    const store = new ThermoclineByteStore();
    await store.mset([["large", large]]);
    expect(Buffer.compare((await store.mget(["large"]))[0] ?? bytes(""), large)).toBe(0);
    await store.close();
  });

  it("are set, got, deleted and listed by key", async () => {
    const store = new ThermoclineByteStore();
    await store.mset([
      ["a:1", bytes("one")],
      ["a:2", bytes("two")],
      ["b:1", bytes("three")],
    ]);
    await store.mset([["a:1", bytes("uno")]]);
    expect(await store.mget(["b:1", "none", "a:1"])).toEqual([bytes("three"), undefined, bytes("uno")]);
    expect((await all(store.yieldKeys())).sort()).toEqual(["a:1", "a:2", "b:1"]);
    expect((await all(store.yieldKeys("a:"))).sort()).toEqual(["a:1", "a:2"]);
    for await (const key of store.yieldKeys("a:")) await store.mdelete([key, "none"]);
    expect(await all(store.yieldKeys())).toEqual(["b:1"]);
    expect(await store.mget([])).toEqual([]);
    await store.mset([]);
    await store.close();
    await expect(store.mget(["b:1"])).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("of a bad call are not set, nor any of its others", async () => {
    const store = new ThermoclineByteStore();
    for (const [key, value] of [
      ["", bytes("x")],
      ["a\0", bytes("x")],
      ["b", "text"],
    ] as [string, Uint8Array][]) {
      const set = store.mset([
        ["fine", bytes("x")],
        [key, value],
      ]);
      await expect(set).rejects.toBeInstanceOf(ThermoclineError);
    }
    expect(await all(store.yieldKeys())).toEqual([]);
    await store.close();
  });

  it("are not serialized, nor is where they are", () => {
    const store = new ThermoclineByteStore({ path: "a/secret/place.db" });
    expect(ThermoclineByteStore.lc_name()).toBe("ThermoclineByteStore");
    expect(JSON.stringify(store)).not.toContain("secret");
  });
});

describe("in LangChain", () => {
  const embeddings = new WordEmbeddings();
  const splitter = {
    splitDocuments: async (documents: Document[]) =>
      documents.flatMap(({ pageContent, metadata }) =>
        pageContent.split(". ").map((text) => new Document({ pageContent: text, metadata: { ...metadata } })),
      ),
  };
  const books = [
    new Document({ pageContent: "A whale swims. The sea is deep", metadata: { title: "whale", deep: { list: [1] } } }),
    new Document({ pageContent: "A camel walks. The desert is dry 🐪", metadata: { title: "camel" } }),
  ];

  it("a ParentDocumentRetriever keeps its parents in the file of its children", async () => {
    const path = join(folder, "store.db");
    const retrieverOf = async (vectors: ThermoclineVectorStore) => {
      const byteStore = ThermoclineByteStore.fromExistingStore(await vectors.thermocline(), { namespace: "parents" });
      return new ParentDocumentRetriever({
        vectorstore: vectors,
        byteStore,
        childSplitter: splitter as never,
        childK: 3,
        parentK: 1,
      });
    };
    const before = new ThermoclineVectorStore(embeddings, { path });
    await (await retrieverOf(before)).addDocuments(books);
    await before.close();
    const after = new ThermoclineVectorStore(embeddings, { path });
    const [parent, ...others] = await (await retrieverOf(after)).invoke("desert dry");
    expect(others).toEqual([]);
    expect(parent?.pageContent).toBe("A camel walks. The desert is dry 🐪");
    const [whale] = await (await retrieverOf(after)).invoke("the deep sea");
    expect(whale).toMatchObject({ pageContent: books[0]?.pageContent, metadata: books[0]?.metadata ?? {} });
    expect(await (await after.thermocline()).count()).toBe(4);
    await after.close();
  });

  it("a MultiVectorRetriever finds whole documents by summaries", async () => {
    const vectors = new ThermoclineVectorStore(embeddings);
    const byteStore = new ThermoclineByteStore();
    const retriever = new MultiVectorRetriever({ vectorstore: vectors, byteStore, idKey: "book" });
    await retriever.docstore.mset(books.map((book, i): [string, Document] => [`${i}`, book]));
    await vectors.addDocuments([
      new Document({ pageContent: "about water", metadata: { book: "0" } }),
      new Document({ pageContent: "about sand", metadata: { book: "1" } }),
    ]);
    const [found] = await retriever.invoke("sand");
    expect(found?.metadata["title"]).toBe("camel");
    await vectors.close();
    await byteStore.close();
  });

  it("CacheBackedEmbeddings embeds nothing twice, also after a restart", async () => {
    const path = join(folder, "cache.db");
    const texts = ["a whale", "a camel", "a whale"];
    const expected = await embeddings.embedDocuments(texts);
    for (const paid of [2, 0]) {
      const store = new ThermoclineByteStore({ path });
      const underlying = new WordEmbeddings();
      const cached = CacheBackedEmbeddings.fromBytesStore(underlying, store, { namespace: "words" });
      expect(await cached.embedDocuments(texts.slice(0, 2))).toEqual(expected.slice(0, 2));
      expect(await cached.embedDocuments(texts)).toEqual(expected);
      expect(underlying.embeddedDocuments).toBe(paid);
      await store.close();
    }
  });
});
