import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Settings } from "@llamaindex/core/global";
import { Thermocline } from "@thermocline/core";
import { ThermoclineVectorStore } from "@thermocline/llamaindex";
import { afterEach, describe, expect, it } from "vitest";
import { codeOf } from "./support/error-code.js";
import { frameworks, type Store } from "./support/llamaindex-drivers.js";
import { bench, refusal } from "./support/stores.js";
import { wordVector } from "./support/word-vector.js";

const { path } = bench("on file");
const opened: Store[] = [];
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close().catch(() => {});
});

const texts = {
  storm: "storms over the sea",
  whale: "a whale in the sea",
  road: "a road through the desert",
  dune: "sand and worms in the desert",
};

describe.each(frameworks)("a store of $name", ({ open, over, schema }) => {
  const { TextNode, IndexNode, Document, ImageNode, ImageDocument } = schema;
  const at = (...config: Parameters<typeof open>) => {
    const store = open(...config);
    opened.push(store);
    return store;
  };
  const node = (id_: string, text: string, more: Record<string, unknown> = {}) =>
    new TextNode({ id_, text, embedding: wordVector(text), ...more });
  const shelf = async (...config: Parameters<typeof open>) => {
    const store = at(...config);
    await store.add(Object.entries(texts).map(([id, text]) => node(id, text, { metadata: { length: text.length } })));
    return store;
  };
  const ask = (store: Store, mode: string, question: string, more: Record<string, unknown> = {}) =>
    store.query({
      mode: mode as never,
      queryStr: question,
      queryEmbedding: wordVector(question),
      similarityTopK: 2,
      ...more,
    });
  const of = (nodeId: string) => ({ SOURCE: { nodeId, metadata: { from: nodeId }, hash: "h" } });

  describe("nodes", () => {
    it("come back as they were, but for their embeddings", async () => {
      const store = at();
      const nodes = [
        node("text", " text\n", {
          metadata: {
            n: 0,
            s: "",
            yes: true,
            none: null,
            list: [1, ["x"]],
            deep: { a: { b: [] } },
            "a.b": 1,
            empty: [],
          },
          excludedEmbedMetadataKeys: ["n"],
          excludedLlmMetadataKeys: ["s", "yes"],
          relationships: {
            ...of("doc"),
            NEXT: { nodeId: "next", metadata: {} },
            CHILD: [
              { nodeId: "c1", metadata: {} },
              { nodeId: "c2", metadata: {}, hash: "x" },
            ],
          },
          startCharIdx: 0,
          endCharIdx: 6,
          textTemplate: "{content}",
          metadataSeparator: " | ",
        }),
        new IndexNode({ id_: "index", text: "of", indexId: "other", embedding: wordVector("of") }),
        new Document({ id_: "document", text: "whole", metadata: { title: "T" }, embedding: wordVector("whole") }),
        new ImageNode({ id_: "image", image: "https://example.com/a.png", embedding: wordVector("image") }),
        new ImageDocument({
          id_: "photo",
          image: new URL("https://example.com/b.png"),
          embedding: wordVector("photo"),
        }),
        node("empty", ""),
      ];
      await store.add(nodes);
      const found = await ask(store, "default", "anything", { similarityTopK: 10 });
      expect(found.ids.toSorted()).toEqual(nodes.map(({ id_ }) => id_).toSorted());
      for (const before of nodes) {
        const after = found.nodes[found.ids.indexOf(before.id_)];
        const { embedding, ...json } = JSON.parse(JSON.stringify(before));
        expect(embedding).toHaveLength(96);
        expect(JSON.parse(JSON.stringify(after))).toEqual(json);
        expect(after?.constructor).toBe(before.constructor);
        expect(after?.hash).toBe(before.hash);
        expect(after?.sourceNode).toEqual(before.sourceNode);
      }
    });

    it("keep a hash that was set, and whatever else a node's own fields are", async () => {
      const store = at();
      const given = node("n", "text");
      given.hash = "given";
      given.startCharIdx = 0;
      await store.add([given]);
      const [back] = (await ask(store, "default", "text")).nodes;
      expect(back?.hash).toBe("given");
      expect(back).toMatchObject({ startCharIdx: 0 });
    });

    it("lose the bytes of a blob, as their JSON does, and come back all the same", async () => {
      const store = at();
      const image = new ImageNode({ id_: "i", image: new Blob(["x"]), embedding: [1, 0], metadata: { a: 1 } });
      await store.add([image]);
      const [back] = (await store.query({ mode: "default" as never, queryEmbedding: [1, 0], similarityTopK: 1 })).nodes;
      expect(back).toMatchObject({ metadata: { a: 1 }, image: undefined, hash: image.hash });
    });

    it("are neither changed by adding nor shared", async () => {
      const store = at();
      const given = node("n", "mine", { metadata: { deep: { list: [1] } } });
      // Asking for the hash makes it, which some frameworks' JSON shows.
      expect(given.hash).not.toBe("");
      const before = JSON.stringify(given);
      await store.add([given]);
      expect(JSON.stringify(given)).toBe(before);
      given.metadata["deep"].list.push(2);
      const [back] = (await ask(store, "default", "mine")).nodes;
      expect(back?.metadata).toEqual({ deep: { list: [1] } });
    });

    it("replace those of the same id, in one call, too", async () => {
      const store = await shelf();
      expect(await store.add([node("road", "x"), node("road", "a new road")])).toEqual(["road", "road"]);
      expect(await (await store.client()).count()).toBe(4);
      const { nodes } = await ask(store, "default", "a new road", { similarityTopK: 1 });
      expect(nodes[0]).toMatchObject({ id_: "road", text: "a new road" });
    });

    it("come from records that were not written as nodes, too", async () => {
      const client = await Thermocline.open();
      await client.upsert([
        { id: "plain", vector: [1, 0], text: "plain", metadata: { year: 2000, tags: ["sea"] } },
        { id: "bare", vector: [0, 1], metadata: { _node: "not one of ours" } },
      ]);
      const { nodes } = await over(client).query({
        mode: "default" as never,
        queryEmbedding: [1, 0],
        similarityTopK: 2,
        filters: { filters: [{ key: "tags", operator: "contains", value: "sea" }] },
      });
      expect(nodes).toHaveLength(1);
      expect(nodes[0]).toBeInstanceOf(TextNode);
      expect(nodes[0]).toMatchObject({ id_: "plain", text: "plain", metadata: { year: 2000, tags: ["sea"] } });
      await client.close();
    });

    it("are all added or none, and those that cannot be are named", async () => {
      const store = at();
      const good = node("good", "good");
      const bare = new TextNode({ id_: "bare", text: "no embedding" });
      await refusal(store.add([good, bare]), "ARGUMENT", /"bare" has no embedding; embed it first/);
      class Spreadsheet extends TextNode {
        override get type() {
          return "SPREADSHEET" as never;
        }
      }
      const sheet = new Spreadsheet({ id_: "sheet", embedding: wordVector("sheet") });
      await refusal(store.add([good, node("word", "x", { embedding: "x" })]), "ARGUMENT", /vector/);
      await refusal(store.add([good, sheet]), "ARGUMENT", /type "SPREADSHEET"; give a node of type TEXT/);
      await refusal(store.add([good, node("own", "x", { metadata: { _node: 1 } })]), "ARGUMENT", /the key _node/);
      await refusal(store.add([good, node("map", "x", { metadata: { m: new Map() } })]), "ARGUMENT", /Map/);
      await refusal(store.add([good, node("short", "x", { embedding: [1] })]), "DIMENSION");
      expect(await (await store.client()).count()).toBe(0);
      expect(await store.add([])).toEqual([]);
    });

    it("have no embedding where none is required, and are then found by words, filters and documents", async () => {
      const store = at({ requireEmbeddings: false });
      const bare = (id_: string, more = {}) => new TextNode({ id_, text: texts.dune, ...more });
      const dune = bare("dune", { metadata: { dry: true }, relationships: of("desert") });
      // The first node has none, so the store learns its dimension later.
      expect(await store.add([dune])).toEqual(["dune"]);
      await store.add([node("whale", texts.whale), node("road", texts.road), bare("lost")]);
      expect((await (await store.client()).stats()).withoutVector).toBe(2);
      const [back] = (
        await ask(store, "bm25", "worms", { filters: { filters: [{ key: "dry", value: true, operator: "==" }] } })
      ).nodes;
      expect(JSON.parse(JSON.stringify(back))).toEqual(JSON.parse(JSON.stringify(dune)));
      const found = async (mode: string) => (await ask(store, mode, texts.dune, { similarityTopK: 5 })).ids.toSorted();
      for (const mode of ["default", "mmr", "semantic_hybrid"]) expect(await found(mode)).toEqual(["road", "whale"]);
      for (const mode of ["bm25", "hybrid"])
        expect(await found(mode)).toEqual(expect.arrayContaining(["dune", "lost"]));
      expect(await store.exists("desert")).toBe(true);
      await store.delete("desert");
      // A node with an embedding replaces one without, and the other way round.
      await store.add([node("lost", texts.dune), bare("road")]);
      expect(await found("default")).toEqual(["lost", "whale"]);
    });

    it("are refused by a view that requires embeddings of a store in which others do not", async () => {
      const client = await Thermocline.open();
      const bare = new TextNode({ id_: "bare", text: "x" });
      await over(client, { requireEmbeddings: false }).add([bare]);
      await refusal(over(client).add([bare]), "ARGUMENT", /or make the store with requireEmbeddings: false/);
      await refusal(() => over(client, { requireEmbeddings: "no" as never }), "ARGUMENT", /requireEmbeddings is "no"/);
      await client.close();
    });

    it("take their embeddings as typed arrays, too", async () => {
      const store = at();
      await store.add([node("typed", "x", { embedding: Float32Array.of(1, 0) })]);
      const { ids } = await store.query({ mode: "default" as never, queryEmbedding: [1, 0], similarityTopK: 1 });
      expect(ids).toEqual(["typed"]);
    });

    it("are added with progress, and not at all once a signal has fired", async () => {
      const store = at();
      const seen: number[] = [];
      await store.add([node("n", "x")], { onProgress: ({ done }) => seen.push(done) });
      expect(seen.at(-1)).toBe(1);
      expect(await codeOf(() => store.add([node("m", "y")], { signal: AbortSignal.abort() }))).toBe("ABORTED");
      expect(await (await store.client()).count()).toBe(1);
    });
  });

  describe("documents", () => {
    const chapters = () => [
      node("a1", "first of a", { relationships: of("a") }),
      node("a2", "second of a", { relationships: of("a") }),
      node("b1", "first of b", { relationships: of("b") }),
      node("alone", "no source"),
      node("named", "no source, but a name", { metadata: { ref_doc_id: "c" } }),
    ];
    const ids = async (store: Store) => (await ask(store, "default", "first", { similarityTopK: 10 })).ids.toSorted();

    it("are deleted with all their nodes, and nothing else is", async () => {
      const store = at();
      await store.add(chapters());
      await store.delete("a");
      expect(await ids(store)).toEqual(["alone", "b1", "named"]);
      await store.delete("b1");
      await store.delete("nobody");
      expect(await ids(store)).toEqual(["alone", "b1", "named"]);
      await store.delete("alone");
      await store.delete("c");
      expect(await ids(store)).toEqual(["b1"]);
    });

    it("exist as long as they have nodes", async () => {
      const store = at();
      await store.add(chapters());
      for (const id of ["a", "b", "c", "alone"]) expect(await store.exists(id)).toBe(true);
      for (const id of ["a1", "named", ""]) expect(await store.exists(id)).toBe(false);
      await store.delete("a");
      expect(await store.exists("a")).toBe(false);
    });

    it("narrow a query by their ids", async () => {
      const store = at();
      await store.add(chapters());
      for (const mode of ["default", "bm25", "hybrid", "mmr"]) {
        const found = await ask(store, mode, "first second source", { similarityTopK: 10, docIds: ["a", "alone"] });
        expect(found.ids.toSorted()).toEqual(["a1", "a2", "alone"]);
        expect((await ask(store, mode, "first", { docIds: ["a1"] })).ids).toEqual([]);
        expect((await ask(store, mode, "first", { docIds: [] })).ids).toEqual([]);
      }
    });
  });

  describe("modes", () => {
    it("default: most similar first", async () => {
      const store = await shelf();
      const { ids, nodes, similarities } = await ask(store, "default", "whale sea");
      expect(ids).toEqual(["whale", "storm"]);
      expect(nodes.map(({ id_ }) => id_)).toEqual(ids);
      expect(similarities[1]).toBeLessThan(similarities[0] ?? 0);
      expect((await ask(store, "default", texts.whale)).similarities[0]).toBeCloseTo(1, 5);
    });

    it.each(["sparse", "bm25"])("%s: by words alone, without an embedding", async (mode) => {
      const store = await shelf();
      const { ids, similarities } = await ask(store, mode, "Desert, worms!", { queryEmbedding: undefined });
      expect(ids).toEqual(["dune", "road"]);
      expect(similarities[0]).toBeGreaterThan(similarities[1] ?? 0);
      expect(similarities[1]).toBeGreaterThan(0);
      expect((await ask(store, mode, "nothing of this")).ids).toEqual([]);
    });

    it("hybrid: words and vector, weighed by alpha", async () => {
      const store = await shelf();
      const split = { queryEmbedding: wordVector(texts.road), queryStr: "whale" };
      expect((await ask(store, "hybrid", "", { ...split, alpha: 0 })).ids[0]).toBe("whale");
      expect((await ask(store, "hybrid", "", { ...split, alpha: 1 })).ids[0]).toBe("road");
      const { ids, similarities } = await ask(store, "hybrid", "", { ...split, similarityTopK: 2 });
      expect(ids.toSorted()).toEqual(["road", "whale"]);
      expect(similarities[0]).toBeGreaterThanOrEqual(similarities[1] ?? 0);
    });

    it("hybrid: never more than asked for, however many are fetched", async () => {
      const store = await shelf();
      const found = await ask(store, "hybrid", "sea desert", { similarityTopK: 1, hybridPrefetch: 1_000 });
      expect(found.ids).toHaveLength(1);
      await refusal(ask(store, "hybrid", "sea", { hybridPrefetch: 0 }), "ARGUMENT", /hybridPrefetch is 0/);
    });

    it("semantic_hybrid: what words and vector find, in the order of exact similarity", async () => {
      const store = await shelf();
      const asked = { queryEmbedding: wordVector(texts.road), queryStr: "whale sea", similarityTopK: 4 };
      const { ids, similarities } = await ask(store, "semantic_hybrid", "", asked);
      const plain = await ask(store, "default", "", asked);
      expect(ids).toEqual(plain.ids);
      expect(similarities).toEqual(plain.similarities);
      expect((await ask(store, "hybrid", "", { ...asked, alpha: 0 })).ids).not.toEqual(ids);
    });

    it("mmr: as diverse as mmrThreshold says", async () => {
      const store = at();
      await store.add([node("sea", "sea sea"), node("twin", "sea sea sea"), node("other", "sea desert")]);
      expect((await ask(store, "mmr", "sea", { mmrThreshold: 1 })).ids.toSorted()).toEqual(["sea", "twin"]);
      const { ids, similarities } = await ask(store, "mmr", "sea", { mmrThreshold: 0 });
      expect(ids).toContain("other");
      const plain = await ask(store, "default", "sea", { similarityTopK: 3 });
      expect(similarities).toEqual(ids.map((id) => plain.similarities[plain.ids.indexOf(id)]));
    });

    it.each(["svm", "logistic_regression", "linear_regression", "psychic"])("%s: refused by name", async (mode) => {
      await refusal(ask(await shelf(), mode, "sea"), "UNSUPPORTED", new RegExp(`no query mode "${mode}"; use default`));
    });

    it.each([
      ["default", "queryEmbedding"],
      ["mmr", "queryEmbedding"],
      ["hybrid", "queryEmbedding"],
      ["semantic_hybrid", "queryStr"],
      ["hybrid", "queryStr"],
      ["bm25", "queryStr"],
      ["sparse", "queryStr"],
    ])("%s: needs %s", async (mode, missing) => {
      const message = new RegExp(`${missing} is required for ${mode.toUpperCase()} mode`);
      await refusal(ask(await shelf(), mode, "sea", { [missing]: undefined }), "ARGUMENT", message);
    });

    it.each(["default", "hybrid", "semantic_hybrid", "bm25", "mmr"])(
      "%s: finds a whole number of nodes",
      async (mode) => {
        const store = await shelf();
        for (const similarityTopK of [0, -1, 1.5, Number.NaN, undefined]) {
          const message = new RegExp(`similarityTopK is ${similarityTopK}; give`);
          await refusal(ask(store, mode, "sea", { similarityTopK }), "ARGUMENT", message);
        }
      },
    );

    it("take from customParams what retrievers do not hand on, after the query's own", async () => {
      const store = await shelf();
      const split = { queryEmbedding: wordVector(texts.road), queryStr: "whale", similarityTopK: 1 };
      const best = async (more: Record<string, unknown>) =>
        (await ask(store, "hybrid", "", { ...split, ...more })).ids[0];
      expect(await best({ customParams: { alpha: 0 } })).toBe("whale");
      expect(await best({ customParams: { alpha: 1 } })).toBe("road");
      expect(await best({ alpha: 0, customParams: { alpha: 1 } })).toBe("whale");
      const all = { customParams: { textMatch: "all" } };
      expect((await ask(store, "bm25", "worms sea", all)).ids).toEqual([]);
      expect((await ask(store, "default", "worms sea", all)).ids).toHaveLength(2);
      await refusal(best({ customParams: { namespace: "bob" } }), "ARGUMENT", /customParams has namespace/);
    });
  });

  describe("the underlying store", () => {
    it("keeps everything in one file, and gives the same answers when it is opened again", async () => {
      const file = path();
      const store = await shelf({ path: file, cold: { bytes: 24 } });
      const questions = ["default", "bm25", "hybrid", "mmr"].map((mode) => [mode, "a whale in the desert"] as const);
      const answers = (from: Store) => Promise.all(questions.map(([mode, question]) => ask(from, mode, question)));
      const before = await answers(store);
      await store.close();
      expect(await answers(at({ path: file }))).toEqual(before);
    });

    it("keeps namespaces apart", async () => {
      const client = await Thermocline.open();
      const [alice, bob] = [over(client, { namespace: "alice" }), over(client, { namespace: "bob" })];
      await alice.add([node("same", "hers", { relationships: of("doc") })]);
      await bob.add([node("same", "his", { relationships: of("doc") })]);
      await bob.delete("doc");
      expect([await alice.exists("doc"), await bob.exists("doc")]).toEqual([true, false]);
      expect((await ask(alice, "default", "his")).nodes).toMatchObject([{ text: "hers" }]);
      expect((await ask(bob, "bm25", "hers")).ids).toEqual([]);
      await client.close();
    });

    it("stays open when it was given, and closes when it was not", async () => {
      const client = await Thermocline.open();
      const view = over(client);
      await view.add([node("n", "x")]);
      await view.close();
      expect(await client.count()).toBe(1);
      expect(await codeOf(() => view.add([node("m", "y")]))).toBe("CLOSED");
      await client.close();
      const own = await shelf();
      const inside = await own.client();
      await own.close();
      expect(await codeOf(() => inside.count())).toBe("CLOSED");
      expect(await codeOf(() => own.close())).toBe("CLOSED");
    });

    it("is not opened twice, and a failed opening can be tried again", async () => {
      const file = path("not-yet/store.db");
      const store = at({ path: file });
      expect(await codeOf(() => store.client())).toBe("IO");
      await mkdir(dirname(file));
      const [one, other] = await Promise.all([store.client(), store.client()]);
      expect(one).toBe(other);
    });

    it("is not both given and to be opened", async () => {
      const client = await Thermocline.open();
      await refusal(() => open({ client, path: "x.db" } as never), "ARGUMENT", /client and path/);
      await client.close();
    });

    it("is copied to a file by persist, which opens as a store of its own", async () => {
      const store = await shelf();
      const copy = path("copy.db");
      await store.persist(copy);
      await store.delete("road");
      expect(await at({ path: copy }).exists("road")).toBe(true);
      await store.persist(copy);
      expect(await codeOf(() => store.persist(path("nowhere/copy.db")))).toBe("IO");
    });
  });
});

describe("the embedding model", () => {
  it("is not needed by a store that is given embeddings", async () => {
    expect(() => Settings.embedModel).toThrow();
    const store = new ThermoclineVectorStore();
    expect(() => store.embedModel).toThrow();
    await store.close();
  });

  it("is the given one, else what Settings hold when it is needed", () => {
    const [one, other, third] = [{}, {}, {}] as (typeof Settings.embedModel)[];
    const store = new ThermoclineVectorStore();
    expect(new ThermoclineVectorStore({ embedModel: one }).embedModel).toBe(one);
    expect(new ThermoclineVectorStore({ embeddingModel: one }).embedModel).toBe(one);
    Settings.embedModel = other as never;
    expect(store.embedModel).toBe(other);
    store.embedModel = third as never;
    expect(store.embedModel).toBe(third);
  });
});
