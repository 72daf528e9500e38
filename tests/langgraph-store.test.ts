import { InMemoryStore, InvalidNamespaceError, type Operation } from "@langchain/langgraph-checkpoint";
import { Thermocline, ThermoclineError } from "@thermocline/core";
import { ThermoclineStore } from "@thermocline/langchain/langgraph";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { WordEmbeddings } from "./langchain-embeddings.js";

const embeddings = new WordEmbeddings();
const index = { dims: 96, embeddings };

const open: ThermoclineStore[] = [];
function store(config?: ConstructorParameters<typeof ThermoclineStore>[0]): ThermoclineStore {
  const made = new ThermoclineStore(config);
  open.push(made);
  return made;
}
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

const keys = (items: readonly { readonly key: string }[]) => items.map(({ key }) => key);

describe("an item", () => {
  it("comes back as it was put, from get and from search", async () => {
    const memory = store();
    const value = {
      text: "half a pair \ud800, a zero \0 and a 🦑",
      "a\0key": { "": [1, [null, true]], "a.b": -0.5, $set: "x" },
      __proto__x: {},
      long: "x".repeat(1_000),
      none: null,
    };
    await memory.put(["docs", "deep"], "a:b.c", value);
    const item = await memory.get(["docs", "deep"], "a:b.c");
    expect(item).toEqual({
      value,
      key: "a:b.c",
      namespace: ["docs", "deep"],
      createdAt: expect.any(Date),
      updatedAt: expect.any(Date),
    });
    expect(await memory.search(["docs"])).toEqual([item]);
    expect(Object.keys((await memory.search(["docs"]))[0] ?? {})).not.toContain("score");
  });

  it("may have any key that is a string, the empty one, too", async () => {
    const memory = store();
    for (const key of ["", "item:", "a b", "*", "%_", "ключ"]) await memory.put(["k"], key, { key });
    for (const key of ["", "item:", "a b", "*", "%_", "ключ"]) {
      expect((await memory.get(["k"], key))?.value).toEqual({ key });
    }
    await memory.delete(["k"], "");
    expect(await memory.get(["k"], "")).toBeNull();
    expect(await memory.search(["k"])).toHaveLength(5);
  });

  it("of megabytes is no problem", async () => {
    const memory = store({ index: { ...index, fields: ["chapters[*].title"] } });
    const chapters = Array.from({ length: 40 }, (_, i) => ({ title: `chapter ${i}`, body: "water ".repeat(10_000) }));
    await memory.put(["books"], "sea", { chapters });
    expect((await memory.get(["books"], "sea"))?.value).toEqual({ chapters });
    expect(keys(await memory.search(["books"], { query: "chapter 7" }))).toEqual(["sea"]);
    // Forty copies of the value would be ninety megabytes.
    expect((await memory.thermocline()).stats().diskBytes).toBeLessThan(12_000_000);
  });

  it("keeps when it was made, and is updated later than before, also within a millisecond", async () => {
    const memory = store();
    await memory.put(["t"], "a", { n: 0 });
    const first = await memory.get(["t"], "a");
    let before = first?.updatedAt.getTime() ?? 0;
    expect(first?.createdAt.getTime()).toBe(before);
    expect(Math.abs(Date.now() - before)).toBeLessThan(60_000);
    for (let n = 1; n < 5; n++) {
      await memory.put(["t"], "a", { n });
      const item = await memory.get(["t"], "a");
      expect(item?.value).toEqual({ n });
      expect(item?.createdAt).toEqual(first?.createdAt);
      expect(item?.updatedAt.getTime()).toBeGreaterThan(before);
      before = item?.updatedAt.getTime() ?? 0;
    }
    await memory.delete(["t"], "a");
    await memory.put(["t"], "a", { n: 9 });
    const again = await memory.get(["t"], "a");
    expect(again?.createdAt).toEqual(again?.updatedAt);
  });

  it("is not shared with whoever put or got it", async () => {
    const memory = store();
    const value = { list: [1] };
    await memory.put(["s"], "a", value);
    value.list.push(2);
    (await memory.get(["s"], "a"))?.value["list"].push(3);
    expect((await memory.get(["s"], "a"))?.value).toEqual({ list: [1] });
  });

  it("that is no JSON object is refused, and what was there stays", async () => {
    const memory = store();
    await memory.put(["v"], "a", { fine: true });
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const bad = [{ n: Number.NaN }, { f: () => 1 }, { m: new Map() }, { b: 1n }, cycle, [1], "text", 5, undefined];
    for (const value of bad) {
      const put = memory.put(["v"], "a", value as Record<string, unknown>);
      await expect(put).rejects.toMatchObject({ name: "ThermoclineError", code: "ARGUMENT" });
    }
    expect((await memory.get(["v"], "a"))?.value).toEqual({ fine: true });
    await memory.put(["v"], "b", { at: new Date(0), missing: undefined });
    expect((await memory.get(["v"], "b"))?.value).toEqual({ at: "1970-01-01T00:00:00.000Z" });
  });
});

describe("namespaces", () => {
  it("are refused as LangGraph's own store refuses them", async () => {
    const bad = [[], ["a", ""], ["a.b"], ["a:b"], ["a\0b"], ["a", 5], ["langgraph"], ["langgraph", "x"]] as string[][];
    // The oldest LangGraph that the adapter declares takes these two.
    const known = process.env.FRAMEWORK === undefined ? bad : bad.filter((labels) => !/[:\0]/.test(labels.join()));
    for (const namespace of known) {
      const own = new InMemoryStore().put(namespace, "k", { n: 1 });
      const said = await own.catch((error: unknown) => error);
      expect(said).toBeInstanceOf(InvalidNamespaceError);
      const ours = await store()
        .put(namespace, "k", { n: 1 })
        .catch((error: unknown) => error);
      expect(ours).toBeInstanceOf(InvalidNamespaceError);
    }
    const memory = store();
    for (const namespace of bad.slice(1, 6)) {
      await expect(memory.search(namespace)).rejects.toBeInstanceOf(InvalidNamespaceError);
      await expect(memory.get(namespace, "k")).rejects.toBeInstanceOf(InvalidNamespaceError);
      await expect(memory.delete(namespace, "k")).rejects.toBeInstanceOf(InvalidNamespaceError);
      await expect(memory.listNamespaces({ prefix: namespace })).rejects.toBeInstanceOf(InvalidNamespaceError);
      const operation = { namespace, key: "k", value: { n: 1 } };
      await expect(memory.batch([operation])).rejects.toBeInstanceOf(InvalidNamespaceError);
    }
    await memory.batch([{ namespace: ["langgraph", "x"], key: "k", value: { n: 1 } }]);
    expect((await memory.get(["langgraph", "x"], "k"))?.value).toEqual({ n: 1 });
    expect(await memory.search(["langgraph"])).toHaveLength(1);
  });

  it("are searched by whole labels, with all that is below", async () => {
    const memory = store();
    for (const namespace of [["a"], ["a", "b"], ["a", "b", "c"], ["ab"], ["b", "a"]]) {
      await memory.put(namespace, namespace.join("-"), { n: 1 });
    }
    expect(keys(await memory.search(["a"]))).toEqual(["a", "a-b", "a-b-c"]);
    expect(keys(await memory.search(["a", "b"]))).toEqual(["a-b", "a-b-c"]);
    expect(keys(await memory.search([]))).toEqual(["a", "a-b", "a-b-c", "ab", "b-a"]);
    expect(await memory.search(["c"])).toEqual([]);
    expect(await memory.get(["a"], "a-b")).toBeNull();
  });

  it("are listed as long as they hold items", async () => {
    const memory = store({ index });
    for (const user of ["ada", "bob"]) await memory.put(["users", user], "likes", { text: "tea" });
    await memory.put(["docs"], "a", { text: "b" });
    expect(await memory.listNamespaces()).toEqual([["docs"], ["users", "ada"], ["users", "bob"]]);
    await memory.delete(["users", "ada"], "likes");
    expect(await memory.listNamespaces()).toEqual([["docs"], ["users", "bob"]]);
    expect(await memory.listNamespaces({ limit: 1, offset: 1 })).toEqual([["users", "bob"]]);
    expect(await memory.listNamespaces({ limit: 0 })).toEqual([]);
    expect(await memory.listNamespaces({ offset: 7 })).toEqual([]);
  });

  it("of other users of the underlying store are not seen, nor theirs by them", async () => {
    const core = await Thermocline.open();
    await core.upsert([{ id: "x", text: "mine", metadata: { kind: "item" } }], { namespace: "docs" });
    const one = ThermoclineStore.fromExistingStore(core);
    const other = ThermoclineStore.fromExistingStore(core, { namespace: "other" });
    await one.put(["docs"], "x", { n: 1 });
    await other.put(["docs"], "x", { n: 2 });
    expect((await one.search([])).map(({ value }) => value["n"])).toEqual([1]);
    expect((await other.get(["docs"], "x"))?.value).toEqual({ n: 2 });
    expect(await other.listNamespaces()).toEqual([["docs"]]);
    await one.stop();
    await one.stop();
    await expect(one.get(["docs"], "x")).rejects.toMatchObject({ code: "CLOSED" });
    expect(await core.count()).toBe(0);
    expect(await core.count(undefined, { namespace: "docs" })).toBe(1);
    await core.close();
  });

  it("are listed as InMemoryStore lists them, whatever the conditions", async () => {
    const label = fc.constantFrom("a", "b", "c");
    const condition = fc.record({
      matchType: fc.constantFrom("prefix" as const, "suffix" as const),
      path: fc.array(fc.constantFrom("a", "b", "*"), { maxLength: 3 }),
    });
    const listing = fc.record(
      { matchConditions: fc.array(condition, { maxLength: 2 }), maxDepth: fc.integer({ min: 1, max: 4 }) },
      { requiredKeys: ["matchConditions"] },
    );
    const page = fc.record({ limit: fc.integer({ min: 0, max: 6 }), offset: fc.integer({ min: 0, max: 4 }) });
    const memory = store();
    const own = new InMemoryStore();
    const namespaces = fc.sample(fc.array(label, { minLength: 1, maxLength: 4 }), { numRuns: 40, seed: 7 });
    const puts = namespaces.map((namespace) => ({ namespace, key: "k", value: { n: 1 } }));
    await memory.batch(puts);
    await own.batch(puts);
    await fc.assert(
      fc.asyncProperty(listing, page, async (conditions, cut) => {
        const operation = { ...conditions, ...cut };
        expect(await memory.batch([operation])).toEqual(await own.batch([operation]));
      }),
      { numRuns: 150 },
    );
  });
});

describe("a batch", () => {
  const get = (key: string) => ({ namespace: ["b"], key });
  const put = (key: string, n: number) => ({ namespace: ["b"], key, value: { n } });

  it("does its operations in their order, each seeing those before it", async () => {
    const memory = store({ index });
    const search = { namespacePrefix: ["b"], limit: 10, offset: 0 };
    const gone = { ...get("a"), value: null };
    const results = await memory.batch<Operation[]>([
      get("a"),
      put("a", 1),
      put("c", 1),
      get("a"),
      put("a", 2),
      put("a", 3),
      search,
      { ...search, query: "n 3", limit: 1 },
      gone,
      get("a"),
      { matchConditions: [{ matchType: "prefix", path: ["b"] }], limit: 5, offset: 0 },
    ]);
    const n = (item: unknown) => (item as { value: { n: number } }).value.n;
    expect(results).toHaveLength(11);
    expect(results[0]).toBeNull();
    for (const i of [1, 2, 4, 5, 8]) expect(results[i]).toBeUndefined();
    expect(n(results[3])).toBe(1);
    expect((results[6] as unknown as unknown[]).map(n)).toEqual([1, 3]);
    expect((results[7] as unknown as unknown[]).map(n)).toEqual([3]);
    expect(results[9]).toBeNull();
    expect(results[10]).toEqual([["b"]]);
  });

  it("embeds each text once, and all in one call", async () => {
    const calls: string[][] = [];
    const counting = new WordEmbeddings();
    counting.embedDocuments = async (texts) => {
      calls.push(texts);
      return embeddings.embedDocuments(texts);
    };
    const memory = store({ index: { dims: 96, embeddings: counting, fields: ["a", "b"] } });
    const value = { a: "tea", b: "tea" };
    await memory.batch([
      { namespace: ["x"], key: "1", value },
      { namespace: ["y"], key: "2", value: { a: "tea", b: "milk" } },
      { namespace: ["y"], key: "3", value, index: false },
    ]);
    expect(calls).toEqual([["tea", "milk"]]);
  });

  it("of puts leaves items in the order of the last of them", async () => {
    const memory = store();
    await memory.batch([put("a", 1), put("b", 1), put("c", 1), put("a", 2)]);
    await memory.put(["b"], "b", { n: 3 });
    expect(keys(await memory.search(["b"]))).toEqual(["c", "a", "b"]);
    expect(keys(await memory.search(["b"], { limit: 1, offset: 1 }))).toEqual(["a"]);
  });

  it("with a bad operation does nothing", async () => {
    const memory = store({ index });
    const bad: unknown[] = [
      { namespace: [], key: "k", value: { n: 1 } },
      { namespace: ["a"], key: 5 },
      { namespace: ["a"], key: "k", value: 5 },
      { namespace: ["a"], key: "k", value: { n: 1 }, index: ["a["] },
      { namespace: ["a"], key: "k", value: { n: 1 }, index: true },
      { namespace: ["a"], key: "k", value: { n: 1 }, options: { ttl: 0 } },
      { namespacePrefix: ["a"], filter: { n: { $about: 1 } } },
      { namespacePrefix: ["a"], limit: -1 },
      { namespacePrefix: ["a"], offset: 0.5 },
      { matchConditions: [{ matchType: "infix", path: ["a"] }], limit: 1, offset: 0 },
      { matchConditions: [], maxDepth: 0, limit: 1, offset: 0 },
      {},
    ];
    for (const operation of bad) {
      const error = await memory.batch([put("a", 1), operation as Operation]).catch((given: unknown) => given);
      const typed = error instanceof ThermoclineError || error instanceof InvalidNamespaceError;
      expect(typed, JSON.stringify(operation)).toBe(true);
    }
    expect(await memory.search([])).toEqual([]);
  });

  it("whose embeddings fail changes nothing, and the next one works", async () => {
    const failing = new WordEmbeddings();
    let fails = true;
    failing.embedDocuments = async (texts) => {
      if (fails) throw new Error("no network");
      return embeddings.embedDocuments(texts);
    };
    const memory = store({ index: { dims: 96, embeddings: failing } });
    await expect(memory.put(["a"], "k", { n: 1 })).rejects.toThrow("no network");
    expect(await memory.search([])).toEqual([]);
    fails = false;
    await memory.put(["a"], "k", { n: 1 });
    expect(await memory.search([])).toHaveLength(1);
  });

  it("called later takes effect later, however long its embeddings take", async () => {
    const slow = new WordEmbeddings();
    let release = () => {};
    slow.embedDocuments = async (texts) => {
      if (texts[0] === "first") await new Promise<void>((resolve) => (release = resolve));
      return embeddings.embedDocuments(texts);
    };
    const memory = store({ index: { dims: 96, embeddings: slow, fields: ["text"] } });
    const first = memory.put(["o"], "k", { text: "first" });
    const second = memory.put(["o"], "k", { text: "second" });
    setTimeout(() => release(), 20);
    await Promise.all([first, second]);
    expect((await memory.get(["o"], "k"))?.value).toEqual({ text: "second" });
    expect(await memory.search(["o"], { query: "first" })).toHaveLength(1);
    expect((await (await memory.thermocline()).namespaces())[0]?.records).toBe(2);
  });
});

describe("bad options", () => {
  it("are refused", async () => {
    const bad = [
      { namespace: "a:b" },
      { namespace: "" },
      { index: { dims: 0, embeddings } },
      { index: { dims: 96, embeddings: {} } },
      { index: { ...index, fields: "text" } },
      { index: { ...index, fields: ["a]"] } },
      { ttl: { defaultTtl: -1 } },
      { ttl: { refreshOnRead: "yes" } },
    ] as unknown as ConstructorParameters<typeof ThermoclineStore>[0][];
    for (const options of bad) {
      expect(() => new ThermoclineStore(options), JSON.stringify(options)).toThrow(ThermoclineError);
    }
    await expect(store({ colour: "red" } as object).start()).rejects.toMatchObject({ code: "ARGUMENT" });
    const dot = await Thermocline.open({ metric: "dot" });
    expect(() => ThermoclineStore.fromExistingStore(dot)).toThrow(/cosine/);
    await dot.close();
  });
});
