// Stores that other libraries wrote, moved into ours. The files are in fixtures/moving-in, with the scripts that wrote them.
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MemoryVectorStore } from "@langchain/classic/vectorstores/memory";
import { Document } from "@langchain/core/documents";
import { type AddProgress, type MoveConfig, ThermoclineVectorStore } from "@thermocline/langchain";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { documents, vectorOf } from "./fixtures/moving-in/documents.mjs";
import { WordEmbeddings } from "./langchain-embeddings.js";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/moving-in/${name}`, import.meta.url));
const embeddings = new WordEmbeddings();
const GENERATED = expect.stringMatching(/^[0-9a-f-]{36}$/);

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "thermocline-moving-in-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** All that a store holds: ids, texts, metadata, vectors. */
async function contents(store: ThermoclineVectorStore) {
  const all: { id: string; text: string | undefined; metadata: object; vector: number[] }[] = [];
  for await (const { id, text, metadata, vector = [] } of (await store.thermocline()).list({ includeVectors: true })) {
    all.push({ id, text, metadata, vector: Array.from(vector) });
  }
  return all;
}

const expected = documents.map(({ id, text, metadata }, n) => ({ id, text, metadata, vector: vectorOf(n) }));

const sources: [string, string, (path: string, config?: MoveConfig) => Promise<ThermoclineVectorStore>][] = [
  ["HNSWLib", "hnswlib-ip", (path, config) => ThermoclineVectorStore.fromHNSWLib(path, embeddings, config)],
  ["Faiss", "faiss-l2", (path, config) => ThermoclineVectorStore.fromFaiss(path, embeddings, config)],
  [
    "SimpleVectorStore",
    "llamaindex",
    (path, config) => ThermoclineVectorStore.fromSimpleVectorStore(path, embeddings, config),
  ],
];

describe("a store of HNSWLib", () => {
  const moved = (space: string, config?: MoveConfig) =>
    ThermoclineVectorStore.fromHNSWLib(fixture(`hnswlib-${space}`), embeddings, config);
  /** Only the first six documents of the fixtures have ids of their own. */
  const withOwnIds = expected.map((entry, n) => (n < 6 ? entry : { ...entry, id: GENERATED }));

  it("comes over with its documents, their ids, its vectors, and its inner product as the metric", async () => {
    const store = await moved("ip");
    expect(await contents(store)).toEqual(withOwnIds);
    expect((await store.thermocline()).stats().metric).toBe("dot");
  });

  it("comes over by euclidean distance without points that are marked as deleted", async () => {
    const store = await moved("l2");
    expect(await contents(store)).toEqual(withOwnIds.filter((_, n) => n !== 1 && n !== 9));
    expect((await store.thermocline()).stats().metric).toBe("euclidean");
    const [[, score] = []] = await store.similaritySearchVectorWithScore(vectorOf(3), 1);
    expect(score).toBeCloseTo(0, 6);
  });

  it("comes over by cosine with vectors of length 1", async () => {
    const store = await moved("cosine", { path: join(folder, "moved.db"), namespace: "alice" });
    expect((await store.thermocline()).stats().metric).toBe("cosine");
    for (const n of documents.keys()) {
      const [[document, score] = []] = await store.similaritySearchVectorWithScore(vectorOf(n), 1);
      expect(document?.pageContent).toBe(documents[n]?.text);
      expect(score).toBeCloseTo(1, 5);
    }
    await store.close();
  });

  it("may be given another metric", async () => {
    expect((await (await moved("ip", { metric: "cosine" })).thermocline()).stats().metric).toBe("cosine");
  });
});

describe("a store of Faiss", () => {
  it.each(["l2", "ip", "idmap"])(
    "comes over from a flat index (%s) under its ids, by the index's metric",
    async (kind) => {
      const store = await ThermoclineVectorStore.fromFaiss(fixture(`faiss-${kind}`), embeddings);
      expect(await contents(store)).toEqual(expected);
      expect((await store.thermocline()).stats().metric).toBe(kind === "ip" ? "dot" : "euclidean");
    },
  );

  it("is refused where its index does not keep vectors as they were", async () => {
    await cp(fixture("faiss-idmap/docstore.json"), join(folder, "docstore.json"));
    await cp(fixture("faiss-idmap/hnsw.index"), join(folder, "faiss.index"));
    const moving = ThermoclineVectorStore.fromFaiss(folder, embeddings);
    await expect(moving).rejects.toMatchObject({ code: "UNSUPPORTED", message: expect.stringContaining("IHNf") });
  });
});

describe("a SimpleVectorStore of LlamaIndex.TS", () => {
  it("comes over under its nodes' ids, with the texts of the documents beside it and the ids of their sources", async () => {
    const store = await ThermoclineVectorStore.fromSimpleVectorStore(fixture("llamaindex"), embeddings);
    const withSources = expected.map((entry, n) =>
      n < 8 ? { ...entry, metadata: { ...entry.metadata, ref_doc_id: `book-${n % 3}` } } : entry,
    );
    expect(await contents(store)).toEqual(withSources);
    expect((await store.thermocline()).stats().metric).toBe("cosine");
    expect(await store.count({ ref_doc_id: "book-1" })).toBe(3);
  });

  it("comes over alone, by the path of its file, without texts and with the metadata that it kept", async () => {
    const path = fixture("llamaindex-alone/vector_store.json");
    const store = await ThermoclineVectorStore.fromSimpleVectorStore(path, embeddings);
    const kept = expected.map(({ id, vector, metadata }, n) => {
      return { id, vector, text: "", metadata: n < 8 ? { ...metadata, ref_doc_id: `book-${n % 3}` } : {} };
    });
    expect(await contents(store)).toEqual(kept);
  });
});

describe("a MemoryVectorStore", () => {
  it("comes over with its vectors, its embeddings and the ids of its documents", async () => {
    const memory = new MemoryVectorStore(embeddings);
    await memory.addVectors(
      expected.map(({ vector }) => vector),
      expected.map(({ id, text, metadata }, n) => new Document({ ...(n < 6 && { id }), pageContent: text, metadata })),
    );
    const progress: AddProgress[] = [];
    const config = { path: join(folder, "moved.db"), onProgress: (step: AddProgress) => progress.push(step) };
    const store = await ThermoclineVectorStore.fromMemoryVectorStore(memory, config);
    expect(await contents(store)).toEqual(expected.map((entry, n) => (n < 6 ? entry : { ...entry, id: GENERATED })));
    expect(store.embeddings).toBe(embeddings);
    expect(progress.map(({ phase }) => phase)).toEqual(["read", "write"]);
    for (const n of [0, 5, 11]) {
      const [ours] = await store.similaritySearchVectorWithScore(vectorOf(n), 1);
      const [theirs] = await memory.similaritySearchVectorWithScore(vectorOf(n), 1);
      expect(ours?.[0].pageContent).toBe(theirs?.[0].pageContent);
      expect(ours?.[1]).toBeCloseTo(theirs?.[1] ?? Number.NaN, 6);
    }
    await store.close();
  });

  it("is refused where it is none, or holds what is no document", async () => {
    const odd: [unknown, string][] = [
      [{ embeddings }, "ARGUMENT"],
      [{ embeddings, memoryVectors: [{ content: "x", metadata: {} }] }, "ARGUMENT"],
      [{ embeddings, memoryVectors: [{ content: 7, embedding: [1], metadata: {} }] }, "FORMAT"],
      [{ embeddings, memoryVectors: [{ content: "x", embedding: [1], metadata: [] }] }, "FORMAT"],
      [{ embeddings, memoryVectors: [{ content: "x", embedding: ["a"], metadata: {} }] }, "NOT_FINITE"],
    ];
    for (const [store, code] of odd) {
      const moving = ThermoclineVectorStore.fromMemoryVectorStore(store as MemoryVectorStore);
      await expect(moving).rejects.toMatchObject({ code });
    }
  });
});

describe.each(sources)("moving in from %s", (_, name, move) => {
  it("tells how many bytes were read, then how many records written", async () => {
    const seen: AddProgress[] = [];
    await move(fixture(name), { onProgress: (progress) => seen.push(progress) });
    const read = seen.filter(({ phase }) => phase === "read");
    expect(read.map(({ done }) => done)).toEqual(read.map(({ done }) => done).toSorted((a, b) => a - b));
    expect(read.every(({ done, total }) => done <= total)).toBe(true);
    expect(seen.at(-1)).toEqual({ phase: "write", done: expect.any(Number), total: expect.any(Number) });
  });

  it("stops at a signal and makes no file", async () => {
    const path = join(folder, "moved.db");
    await expect(move(fixture(name), { path, signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    const controller = new AbortController();
    const later = move(fixture(name), { path, signal: controller.signal, onProgress: () => controller.abort() });
    await expect(later).rejects.toMatchObject({ code: "ABORTED" });
    await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("says which file is missing", async () => {
    await expect(move(join(folder, "nowhere"))).rejects.toMatchObject({ code: "IO" });
    await expect(move(folder)).rejects.toMatchObject({ code: "IO", message: expect.stringContaining(folder) });
  });
});

describe("files that are damaged or contradict each other", () => {
  const copies: [string, string, string, (directory: string) => Promise<unknown>][] = [
    ["an index that is cut off", "hnswlib-ip", "CORRUPT", (d) => truncate(join(d, "hnswlib.index"), 400)],
    ["an index without a header", "hnswlib-ip", "FORMAT", (d) => truncate(join(d, "hnswlib.index"), 50)],
    [
      "another dimension",
      "hnswlib-ip",
      "FORMAT",
      (d) => writeFile(join(d, "args.json"), '{"space":"ip","numDimensions":9}'),
    ],
    ["no space", "hnswlib-ip", "FORMAT", (d) => writeFile(join(d, "args.json"), '{"numDimensions":8}')],
    [
      "half a number of dimensions",
      "hnswlib-ip",
      "FORMAT",
      (d) => writeFile(join(d, "args.json"), '{"space":"ip","numDimensions":8.5}'),
    ],
    [
      "documents that are missing",
      "hnswlib-ip",
      "CORRUPT",
      (d) => edit(d, "docstore.json", (all: unknown[]) => all.slice(1)),
    ],
    [
      "a document too many",
      "hnswlib-ip",
      "CORRUPT",
      (d) => edit(d, "docstore.json", (all: unknown[]) => [...all, ["99", { pageContent: "", metadata: {} }]]),
    ],
    [
      "a document without text",
      "hnswlib-ip",
      "FORMAT",
      (d) => edit(d, "docstore.json", (all: unknown[]) => [["0", {}], ...all.slice(1)]),
    ],
    [
      "a label that is none",
      "hnswlib-ip",
      "FORMAT",
      (d) => edit(d, "docstore.json", (all: unknown[]) => [["x", {}], ...all]),
    ],
    ["JSON that is cut off", "hnswlib-ip", "FORMAT", (d) => truncate(join(d, "docstore.json"), 100)],
    ["JSON with something behind it", "hnswlib-ip", "FORMAT", (d) => writeFile(join(d, "args.json"), "{} {}")],
    ["a Faiss index that is cut off", "faiss-l2", "CORRUPT", (d) => truncate(join(d, "faiss.index"), 300)],
    ["a Faiss index without a header", "faiss-l2", "FORMAT", (d) => truncate(join(d, "faiss.index"), 10)],
    ["a file of something else", "faiss-l2", "FORMAT", (d) => writeFile(join(d, "faiss.index"), "x".repeat(500))],
    ["ids that are missing", "faiss-l2", "CORRUPT", (d) => edit(d, "docstore.json", ([all]: unknown[]) => [all, {}])],
    ["a docstore of another kind", "faiss-l2", "FORMAT", (d) => writeFile(join(d, "docstore.json"), '{"0":{"a":1}}')],
    [
      "nodes that are missing",
      "llamaindex",
      "CORRUPT",
      (d) => edit(d, "doc_store.json", () => ({ "docstore/data": {} })),
    ],
    [
      "a node that is none",
      "llamaindex",
      "FORMAT",
      (d) => edit(d, "doc_store.json", () => ({ "docstore/data": { a: 1 } })),
    ],
    [
      "a vector that is none",
      "llamaindex",
      "FORMAT",
      (d) => edit(d, "vector_store.json", () => ({ embeddingDict: { a: [1, "2"] } })),
    ],
    [
      "a part that is unknown",
      "llamaindex",
      "FORMAT",
      (d) => edit(d, "vector_store.json", () => ({ vectors: { a: [1] } })),
    ],
    ["a list where an object belongs", "llamaindex", "FORMAT", (d) => edit(d, "vector_store.json", () => [[1]])],
    ["an empty file", "llamaindex", "FORMAT", (d) => writeFile(join(d, "vector_store.json"), "")],
  ];

  async function edit<T>(directory: string, name: string, change: (value: T) => unknown) {
    const path = join(directory, name);
    await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, "utf8")))));
  }

  it.each(copies)("%s (%s) is refused with %s, and no file is made", async (_, name, code, damage) => {
    const directory = join(folder, name);
    await cp(fixture(name), directory, { recursive: true });
    await damage(directory);
    const path = join(folder, "moved.db");
    const move = sources.find(([, of]) => of.split("-")[0] === name.split("-")[0])?.[2];
    const moving = move?.(directory, { path });
    await expect(moving).rejects.toMatchObject({ code, message: expect.stringContaining(directory) });
    await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
  });
});
