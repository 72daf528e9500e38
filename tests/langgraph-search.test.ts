import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Embeddings } from "@langchain/core/embeddings";
import { InMemoryStore } from "@langchain/langgraph-checkpoint";
import { Thermocline } from "@thermocline/core";
import { ThermoclineStore, type ThermoclineStoreConfig } from "@thermocline/langchain/langgraph";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const embeddings = new WordEmbeddings();
const indexed = (fields?: string[]): ThermoclineStoreConfig => ({
  index: { dims: 96, embeddings, ...(fields && { fields }) },
});

const keys = (items: readonly { readonly key: string }[]) => items.map(({ key }) => key);
const cosine = (a: readonly number[], b: readonly number[]) => {
  const dot = (x: readonly number[], y: readonly number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

/** What is embedded of a value, in any order. */
async function embeddedTexts(value: Record<string, unknown>, fields: string[]): Promise<string[]> {
  const seen: string[] = [];
  class Spy extends Embeddings {
    override async embedDocuments(texts: string[]) {
      seen.push(...texts);
      return texts.map(() => [1, 0]);
    }
    override async embedQuery() {
      return [1, 0];
    }
  }
  const store = new ThermoclineStore({ index: { dims: 2, embeddings: new Spy({}), fields } });
  await store.put(["n"], "k", value);
  await store.stop();
  return seen;
}

describe("what is embedded", () => {
  const value = {
    title: "Sea",
    year: 1851,
    good: true,
    none: null,
    blank: "  ",
    author: { name: "Herman", born: { city: "New York" } },
    chapters: [{ text: "Call me" }, { text: "Ishmael" }, { other: 1 }],
    tags: ["whale", "sea", 3],
  };
  it.each([
    [["$"], [JSON.stringify(value, null, 2)]],
    [["title"], ["Sea"]],
    [["$.title"], ["Sea"]],
    [
      ["year", "good"],
      ["1851", "true"],
    ],
    [["none", "blank", "missing", "title.deeper", "tags.whale"], []],
    [["author.name"], ["Herman"]],
    [["author.born"], [JSON.stringify({ city: "New York" }, null, 2)]],
    [["chapters[*].text"], ["Call me", "Ishmael"]],
    [["chapters[0].text"], ["Call me"]],
    [["chapters[-2].text"], ["Ishmael"]],
    [["chapters[7].text", "chapters[-7].text", "author[0]"], []],
    [["tags[*]"], ["whale", "sea", "3"]],
    [["author.*"], ["Herman", JSON.stringify({ city: "New York" }, null, 2)]],
    [["tags.*"], ["whale", "sea", "3"]],
    [["{title,author.name}"], ["Sea", "Herman"]],
    [["chapters[*].{text,other}"], ["Call me", "Ishmael", "1"]],
    [["title", "title", "{title}"], ["Sea"]],
  ])("of the paths %j", async (fields, texts) => {
    expect(await embeddedTexts(value, fields)).toEqual(texts);
  });

  it("is what a put says, else what the store says, and nothing for false", async () => {
    const store = new ThermoclineStore(indexed(["text"]));
    await store.put(["n"], "store", { text: "red apple", other: "blue whale" });
    await store.put(["n"], "put", { text: "red apple", other: "blue whale" }, ["other"]);
    await store.put(["n"], "none", { text: "red apple" }, false);
    await store.put(["n"], "empty", { text: "red apple" }, []);
    await store.put(["n"], "absent", { words: "red apple" });
    const [first, second, ...others] = await store.search(["n"], { query: "red apple" });
    expect([first?.key, first?.score?.toFixed(3)]).toEqual(["store", "1.000"]);
    expect(second?.key).toBe("put");
    expect(second?.score).toBeLessThan(0.5);
    expect(others).toEqual([]);
    expect(await store.search(["n"])).toHaveLength(5);
    await store.stop();
  });

  it("is passed over where its vector is all zeros", async () => {
    class Zeros extends WordEmbeddings {
      override async embedQuery(text: string) {
        return (await this.embedDocuments([text]))[0] ?? [];
      }
      override async embedDocuments(texts: string[]) {
        return texts.map((text) =>
          text === "nothing" ? new Array<number>(96).fill(0) : [1, ...new Array(95).fill(0)],
        );
      }
    }
    const store = new ThermoclineStore({ index: { dims: 96, embeddings: new Zeros(), fields: ["a", "b"] } });
    await store.put(["n"], "k", { a: "nothing", b: "something" });
    await store.put(["n"], "none", { a: "nothing" });
    expect(keys(await store.search(["n"], { query: "any" }))).toEqual(["k"]);
    expect(await store.search(["n"], { query: "nothing" })).toEqual([]);
    expect(await store.search(["n"])).toHaveLength(2);
    await store.stop();
  });

  it("must have as many components as the store was told, and one vector each", async () => {
    const wrong = new ThermoclineStore({ index: { dims: 95, embeddings } });
    await expect(wrong.put(["n"], "k", { a: 1 })).rejects.toMatchObject({ code: "DIMENSION" });
    await expect(wrong.search(["n"], { query: "a" })).rejects.toMatchObject({ code: "DIMENSION" });
    class Few extends WordEmbeddings {
      override async embedDocuments() {
        return [];
      }
    }
    const few = new ThermoclineStore({ index: { dims: 96, embeddings: new Few() } });
    await expect(few.put(["n"], "k", { a: 1 })).rejects.toMatchObject({ code: "ARGUMENT" });
    expect(await few.search([])).toEqual([]);
    for (const store of [wrong, few]) await store.stop();
  });
});

describe("a query", () => {
  it("without an index ranks nothing, as in InMemoryStore", async () => {
    const store = new ThermoclineStore();
    const own = new InMemoryStore();
    for (const one of [store, own]) {
      await one.put(["n"], "a", { text: "red" });
      await one.put(["n"], "b", { text: "blue" });
    }
    const answer = await store.search(["n"], { query: "blue" });
    expect(keys(answer)).toEqual(keys(await own.search(["n"], { query: "blue" })));
    expect(answer.map(({ score }) => score)).toEqual([undefined, undefined]);
    await store.stop();
  });

  it("scores an item by the best of its texts, with the cosine", async () => {
    const store = new ThermoclineStore(indexed(["title", "notes[*]"]));
    await store.put(["n"], "many", { title: "grey stone", notes: ["red apple pie", "green", "red apple"] });
    await store.put(["n"], "one", { title: "red apple tree in spring", notes: [] });
    const found = await store.search(["n"], { query: "red apple" });
    expect(keys(found)).toEqual(["many", "one"]);
    const query = await embeddings.embedQuery("red apple");
    const expected = ["red apple", "red apple tree in spring"].map((text) => embeddings.embedQuery(text));
    for (const [i, vector] of (await Promise.all(expected)).entries()) {
      expect(found[i]?.score).toBeCloseTo(cosine(query, vector), 5);
    }
    await store.stop();
  });

  it("finds as many items as there are, though one has all of the best texts", async () => {
    const store = new ThermoclineStore(indexed(["notes[*]"]));
    const notes = Array.from({ length: 50 }, (_, i) => `red apple ${i}`);
    await store.put(["n"], "all", { notes });
    await store.put(["m"], "a", { notes: ["red stone in the garden of the house"] });
    await store.put(["n"], "b", { notes: ["apple of the house by the sea"] });
    await store.put(["m", "deep"], "c", { notes: ["a stone"] });
    const found = keys(await store.search([], { query: "red apple", limit: 3 }));
    expect(found).toEqual(["all", "b", "a"]);
    expect(keys(await store.search([], { query: "red apple", limit: 2, offset: 2 }))).toEqual(["a", "c"]);
    expect(keys(await store.search(["m"], { query: "red apple", limit: 1 }))).toEqual(["a"]);
    expect(await store.search([], { query: "red apple", limit: 0 })).toEqual([]);
    expect(await store.search([], { query: "red apple", offset: 4 })).toEqual([]);
    await store.stop();
  });

  it("never finds what was deleted, replaced, or put anew with index: false", async () => {
    const store = new ThermoclineStore(indexed(["text", "notes[*]"]));
    const old = { text: "red apple", notes: ["red apple pie", "green pear"] };
    for (const key of ["gone", "unindexed", "other", "fewer"]) await store.put(["n"], key, old);
    await store.delete(["n"], "gone");
    await store.put(["n"], "unindexed", old, false);
    await store.put(["n"], "other", { text: "blue whale" });
    await store.put(["n"], "fewer", { text: "yellow sun", notes: ["green pear"] });
    const found = await store.search(["n"], { query: "red apple" });
    expect(keys(found).sort()).toEqual(["fewer", "other"]);
    for (const { score } of found) expect(score).toBeLessThan(0.3);
    const [pear] = await store.search(["n"], { query: "green pear" });
    expect([pear?.key, pear?.score?.toFixed(3), pear?.value["text"]]).toEqual(["fewer", "1.000", "yellow sun"]);
    const core = await store.thermocline();
    // Four items less one, a text of `other`, two of `fewer`.
    expect((await core.namespaces())[0]?.records).toBe(6);
    await store.stop();
  });

  it("asks fields of which some are long without writing them for every text", async () => {
    const store = new ThermoclineStore(indexed(["notes[*]"]));
    const body = "water ".repeat(5_000);
    await store.put(["n"], "a", { body, notes: ["red", "green"], list: [1, 2] });
    await store.put(["n"], "b", { body: `${body}!`, notes: ["red"] });
    expect(keys(await store.search(["n"], { query: "red", filter: { body } }))).toEqual(["a"]);
    expect(keys(await store.search(["n"], { query: "red", filter: { body: { $ne: body } } }))).toEqual(["b"]);
    expect(keys(await store.search(["n"], { query: "red", filter: { list: { $exists: true } } }))).toEqual(["a"]);
    await store.stop();
  });

  it("finds what a put in between replaces", async () => {
    const store = new ThermoclineStore(indexed(["text"]));
    await store.put(["n"], "k", { text: "red apple 0" });
    let puts: Promise<void> = Promise.resolve();
    for (let n = 1; n <= 200; n++) puts = puts.then(() => store.put(["n"], "k", { text: `red apple ${n}` }));
    for (let n = 0; n < 60; n++) expect(keys(await store.search(["n"], { query: "red apple" }))).toEqual(["k"]);
    await puts;
    await store.stop();
  });
});

describe("any history", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "thermocline-langgraph-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const words = fc.array(fc.constantFrom("red", "green", "sea", "pie", "stone", "sun"), { minLength: 1, maxLength: 3 });
  const value = fc.record({
    text: words.map((some) => some.join(" ")),
    notes: fc.array(
      words.map((some) => some.join(" ")),
      { maxLength: 3 },
    ),
    n: fc.integer({ min: 0, max: 3 }),
  });
  const namespace = fc.constantFrom<string[]>(["a"], ["a", "b"], ["c"]);
  const key = fc.constantFrom("1", "2", "3");
  const index = fc.constantFrom(undefined, undefined, false as const, ["notes[*]"], []);
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant("put" as const), namespace, key, value, index }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), namespace, key }) },
    { weight: 1, arbitrary: fc.constant({ do: "reopen" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "demote" as const }) },
  );

  it("leaves the items, and finds by their texts what they are now", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
        const path = join(folder, `${run++}.db`);
        const config = { path, durability: "normal" as const, ...indexed(["text", "notes[*]"]) };
        let store = new ThermoclineStore({ ...config, originals: "float32", cold: { bytes: 8, effort: "fast" } });
        const model = new Map<string, { value: { n: number }; texts: string[] }>();
        for (const one of steps) {
          if (one.do === "reopen") {
            await store.stop();
            store = new ThermoclineStore(config);
          } else if (one.do === "demote") {
            const core = await store.thermocline();
            for (const { name } of await core.namespaces()) await core.demote({ all: true }, { namespace: name });
          } else if (one.do === "delete") {
            await store.delete(one.namespace, one.key);
            model.delete(JSON.stringify([one.namespace, one.key]));
          } else {
            await store.put(one.namespace, one.key, one.value, one.index);
            const { text, notes } = one.value;
            const texts = one.index === undefined ? [text, ...notes] : one.index ? one.index.flatMap(() => notes) : [];
            model.set(JSON.stringify([one.namespace, one.key]), { value: one.value, texts });
          }
        }
        const below = (name: string) => (JSON.parse(name)[0] as string[])[0] === "a";
        for (const n of [undefined, 1]) {
          const filter = n === undefined ? {} : { n };
          const expected = [...model].filter(([name, item]) => below(name) && (n === undefined || item.value.n === n));
          const listed = await store.search(["a"], { filter, limit: 100 });
          const named = (items: typeof listed) => items.map((item) => JSON.stringify([item.namespace, item.key]));
          expect(named(listed).sort()).toEqual(expected.map(([name]) => name).sort());
          for (const item of listed) {
            expect(item.value).toEqual(model.get(JSON.stringify([item.namespace, item.key]))?.value);
          }
          const found = await store.search(["a"], { filter, query: "red pie", limit: 100 });
          expect(named(found).sort()).toEqual(
            expected.flatMap(([name, { texts }]) => (texts.length > 0 ? name : [])).sort(),
          );
          const query = await embeddings.embedQuery("red pie");
          for (const item of found) {
            const texts = model.get(JSON.stringify([item.namespace, item.key]))?.texts ?? [];
            const vectors = await embeddings.embedDocuments(texts);
            expect(item.score).toBeCloseTo(Math.max(...vectors.map((vector) => cosine(query, vector))), 4);
          }
        }
        const namespaces = new Set([...model.keys()].map((name) => JSON.stringify(JSON.parse(name)[0])));
        expect((await store.listNamespaces()).map((one) => JSON.stringify(one)).sort()).toEqual([...namespaces].sort());
        const core = await store.thermocline();
        const texts = [...model.values()].reduce((sum, item) => sum + new Set(item.texts).size, 0);
        expect(core.stats().records).toBe(model.size + texts);
        await store.stop();
        expect((await Thermocline.verify(path)).ok).toBe(true);
      }),
      { numRuns: 6 },
    );
  });
});
