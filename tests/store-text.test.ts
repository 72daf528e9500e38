import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bm25 } from "./support/bm25.js";
import { openWays, ways } from "./support/served-store.js";
import { bench, refusal } from "./support/stores.js";
import { lcg, vectors } from "./support/synthetic.js";

const DIM = 4;
const WORDS = ["warm", "water", "rises", "café", "ice", "floats", "salt", "deep", "current", "Übergang"];

/** Texts of some of the words, a tenth of them none. */
function texts(count: number, seed: number): (string | null)[] {
  const next = lcg(seed);
  const below = (n: number) => Math.floor(((next() + 1) / 2) * n) % n;
  return Array.from({ length: count }, () =>
    below(10) === 0 ? null : Array.from({ length: 1 + below(12) }, () => WORDS[below(below(9) + 1)]).join(" "),
  );
}

function inputs(given: readonly (string | null)[], prefix = "r") {
  const rows = vectors(given.length, DIM, 3);
  return given.map((text, n) => ({
    id: `${prefix}${n}`,
    vector: rows[n] ?? [],
    ...(text !== null && { text }),
    metadata: { n },
  }));
}

/** Ids and scores, best first, ties in the order of writing. */
function ranked(scores: ReadonlyMap<string, number>): [string, number][] {
  return [...scores].sort(([a, x], [b, y]) => y - x || Number(a.slice(1)) - Number(b.slice(1)));
}

describe.each(ways)("a query by words %s", (way) => {
  const open = openWays(way);

  it("says how it found its hits", async () => {
    const store = await open({ dim: DIM });
    const given = inputs(texts(200, 9));
    await store.upsert(given);
    const vector = given[0]?.vector ?? [];
    const filter = { n: { $lt: 100 } };
    const alone = await store.query({ text: "ice", filter, explain: true });
    expect(alone.explanation).toMatchObject({ scanned: { hot: 0, cold: 0 }, filtered: 100, passes: 0 });
    expect([...alone]).toEqual(
      (await store.query({ text: "ice", filter })).map((hit, i) => ({
        ...hit,
        explanation: { tier: "hot", estimate: undefined, exact: undefined, rank: i + 1 },
      })),
    );
    const both = await store.query({ text: "ice", vector, filter, snippet: true, explain: true });
    expect(both.explanation).toMatchObject({ scanned: { hot: 100, cold: 0 }, filtered: 100 });
    expect([...both]).toEqual(
      (await store.query({ text: "ice", vector, filter, snippet: true })).map((hit, i) => ({
        ...hit,
        explanation: { tier: "hot", estimate: undefined, exact: hit.vectorScore, rank: i + 1 },
      })),
    );
  });

  it("ranks texts as BM25 does, with its scores", async () => {
    const given = texts(300, 1);
    const store = await open({ dim: DIM });
    await store.upsert(inputs(given));
    const byId = new Map(given.map((text, n) => [`r${n}`, text]));
    for (const text of ["ice", "warm water", "CAFE ubergang, salt!", "deep current deep", "salt nowhere"]) {
      const hits = await store.query({ text, k: 1_000 });
      const expected = ranked(bm25(text, given, byId));
      expect(hits.map(({ id }) => id)).toEqual(expected.map(([id]) => id));
      for (const [i, { score, textScore, vectorScore }] of hits.entries()) {
        expect(score).toBeCloseTo(expected[i]?.[1] ?? 0, 12);
        expect(textScore).toBe(score);
        expect(vectorScore).toBeUndefined();
      }
      expect(hits.length).toBeGreaterThan(10);
      expect(await store.query({ text, k: 7 })).toEqual(hits.slice(0, 7));
      const third = hits[2]?.score ?? 0;
      expect(await store.query({ text, k: 1_000, minScore: third })).toEqual(
        hits.filter(({ score }) => score >= third),
      );
    }
  });

  it("finds in its namespace and tiers, and as far as a filter lets it, min(k, matching) records", async () => {
    const given = texts(200, 2);
    const other = texts(100, 4);
    const store = await open({ dim: DIM, cold: { bytes: 2 } });
    await store.upsert(inputs(given), { namespace: "a" });
    await store.upsert(inputs(other), { namespace: "b" });
    await store.demote({ filter: { n: { $lt: 90 } } }, { namespace: "a" });
    const all = [...given, ...other];
    const scores = bm25("warm salt", all, new Map(given.map((text, n) => [`r${n}`, text])));
    const ids = (keep: (n: number) => boolean) =>
      ranked(scores).flatMap(([id]) => (keep(Number(id.slice(1))) ? [id] : []));
    const found = async (options: object) =>
      (await store.query({ text: "warm salt", namespace: "a", k: 500, ...options })).map(({ id }) => id);
    expect(await found({})).toEqual(ids(() => true));
    expect(await found({ tiers: ["cold"] })).toEqual(ids((n) => n < 90));
    expect(await found({ tiers: ["hot"] })).toEqual(ids((n) => n >= 90));
    expect(await found({ filter: { n: { $lt: 50 } } })).toEqual(ids((n) => n < 50));
    expect(await found({ filter: { n: { $lt: 50 } }, k: 3 })).toEqual(ids((n) => n < 50).slice(0, 3));
    if (way === "in a worker") return;
    const odd = ({ metadata }: { metadata: object }) => ((metadata as { n: number }).n & 1) === 1;
    expect(await found({ filter: odd })).toEqual(ids((n) => n % 2 === 1));
    expect(await found({ filter: odd, k: 2 })).toEqual(ids((n) => n % 2 === 1).slice(0, 2));
  });

  it("knows what was written, replaced, deleted, copied and dropped before and after the index was made", async () => {
    const store = await open({ dim: DIM });
    const put = (id: string, text: string | undefined, namespace = "default") =>
      store.upsert([{ id, vector: [1, 0, 0, 0], text }], { namespace });
    const found = async (text: string, namespace = "default") =>
      (await store.query({ text, namespace })).map(({ id }) => id);
    await put("a", "first tide");
    await put("b", "second tide");
    expect(await found("tide first")).toEqual(["a", "b"]);
    await put("a", "third wave");
    expect(await found("first")).toEqual([]);
    expect(await found("third")).toEqual(["a"]);
    await put("b", undefined);
    expect(await found("tide")).toEqual([]);
    await store.copyNamespace("default", "copy");
    expect(await found("third", "copy")).toEqual(["a"]);
    await store.delete({ all: true });
    expect(await found("third")).toEqual([]);
    expect(await found("third", "copy")).toEqual(["a"]);
    await store.dropNamespace("copy");
    expect(await found("third", "copy")).toEqual([]);
    await put("c", "third");
    expect(await found("third")).toEqual(["c"]);
  });

  it("takes texts for words, never for a query language", async () => {
    const store = await open({ dim: DIM });
    const given = [
      'say "hello" OR not',
      "C++ and C#",
      "東京都 is Tokyo",
      "party 🎉 time",
      "nul\0inside",
      "half \ud800 pair",
    ];
    await store.upsert(inputs(given));
    const found = async (text: string, options: object = {}) =>
      (await store.query({ text, ...options })).map(({ id }) => id).sort();
    expect(await found('"hello')).toEqual(["r0"]);
    expect(await found("hello NOT or*")).toEqual(["r0"]);
    expect(await found("text : {tokyo} ^ (NEAR(a b, 2)")).toEqual(["r2"]);
    expect(await found("AND")).toEqual(["r1"]);
    expect(await found("東京都")).toEqual(["r2"]);
    expect(await found("inside")).toEqual(["r4"]);
    expect(await found("inside\0party")).toEqual(["r3", "r4"]);
    expect(await found("pair \udc00")).toEqual(["r5"]);
    for (const nothing of ["", " ", "…", '"', "🎉", "--", "''; DROP TABLE records", "\0"]) {
      expect(await found(nothing)).toEqual([]);
      expect(await found(nothing, { textMatch: "phrase" })).toEqual([]);
      expect(await found(nothing, { textMatch: "all" })).toEqual([]);
    }
    expect(await found(Array.from({ length: 5_000 }, (_, n) => `w${n}`).join(" "))).toEqual([]);
    expect(await found(`time ${"long ".repeat(10_000)}`)).toEqual(["r3"]);
  });

  it("asks for any word, all of them, or a phrase", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(inputs(["ice floats deep", "deep ice", "floats", "ice, floats"]));
    const found = async (textMatch: "any" | "all" | "phrase") =>
      (await store.query({ text: "ice floats", textMatch })).map(({ id }) => id).sort();
    expect(await found("any")).toEqual(["r0", "r1", "r2", "r3"]);
    expect(await found("all")).toEqual(["r0", "r3"]);
    expect(await found("phrase")).toEqual(["r0", "r3"]);
    expect((await store.query({ text: "floats deep", textMatch: "phrase" })).map(({ id }) => id)).toEqual(["r0"]);
  });

  it("shows where the words are", async () => {
    const store = await open({ dim: DIM });
    const long = `${"filler ".repeat(80)}cold ocean current ${"filler ".repeat(80)}`.trim();
    await store.upsert(inputs(["Ice floats", long, "ends with\0floats"]));
    const snippets = async (text: string, snippet: object | boolean) =>
      Object.fromEntries((await store.query({ text, snippet })).map((hit) => [hit.id, hit.snippet]));
    expect(await snippets("floats", true)).toEqual({ r0: "Ice [floats]", r2: "ends with[floats]" });
    expect(await snippets("ocean", { tokens: 3, open: "<", close: ">", ellipsis: "..." })).toEqual({
      r1: expect.stringMatching(/^\.\.\..*<ocean>.*\.\.\.$/),
    });
    expect(await snippets("floats", false)).toEqual({ r0: undefined, r2: undefined });
    const [hit] = await store.query({ text: "nowhere", vector: [1, 0, 0, 0], snippet: true, k: 1 });
    expect(hit && "snippet" in hit).toBe(false);
  });

  it("comes in pages that together are the ranking", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(inputs(texts(150, 5)));
    const whole = await store.query({ text: "warm deep", k: 1_000 });
    const paged: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.queryPage({ text: "warm deep", k: 11, cursor });
      paged.push(...page.hits);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(paged).toEqual(whole);
    expect(whole.length).toBeGreaterThan(50);
  });

  it("cuts texts as the tokenizer of the file does, which indexTexts changes", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(inputs(["running dogs", "東京都に住む", "c++ code"]));
    const found = async (text: string) => (await store.query({ text })).map(({ id }) => id);
    expect(await found("run")).toEqual([]);
    const progress: object[] = [];
    expect(await store.indexTexts({ tokenizer: "porter", onProgress: (step) => progress.push(step) })).toBe(3);
    expect(progress.at(-1)).toEqual({ phase: "index", done: 3, total: 3 });
    expect(await found("run dog")).toEqual(["r0"]);
    await store.upsert([{ id: "r3", vector: [1, 0, 0, 0], text: "he runs" }]);
    expect((await found("runner running")).sort()).toEqual(["r0", "r3"]);
    await store.indexTexts({ tokenizer: "trigram" });
    expect(await found("京都に")).toEqual(["r1"]);
    expect(await found("C++")).toEqual(["r2"]);
    expect(await found("do")).toEqual([]);
    expect(await store.indexTexts()).toBe(4);
    expect(await found("unnin")).toEqual(["r0"]);
  });

  it("makes no index where nothing was asked for by words, or the call is refused or aborted", async () => {
    const store = await open({ dim: DIM });
    await store.upsert(inputs(texts(50, 6)));
    const before = (await store.toBytes()).length;
    await refusal(store.query({ text: "warm", k: 0 }), "ARGUMENT", /k is 0/);
    const controller = new AbortController();
    controller.abort();
    await refusal(store.query({ text: "warm", signal: controller.signal }), "ABORTED");
    await refusal(store.indexTexts({ signal: controller.signal }), "ABORTED");
    await store.query({ vector: [1, 0, 0, 0] });
    expect(await store.query({ text: "warm", namespace: "none" })).toEqual([]);
    expect((await store.toBytes()).length).toBe(before);
    await store.query({ text: "warm" });
    expect((await store.toBytes()).length).toBeGreaterThan(before);
  });

  it.each([
    ["neither text nor vector", {}, /vector is undefined.*or a text/],
    ["a text that is none", { text: 5 }, /text is 5; give a string/],
    ["textMatch without a text", { vector: [1, 0, 0, 0], textMatch: "all" }, /textMatch is for queries with a text/],
    ["an unknown textMatch", { text: "a", textMatch: "some" }, /textMatch is "some"; use one of any, all, phrase/],
    ["alpha above 1", { text: "a", vector: [1, 0, 0, 0], alpha: 2 }, /alpha is 2/],
    ["alpha without a vector", { text: "a", alpha: 0.5 }, /alpha weighs words against a vector/],
    ["fusion without a vector", { text: "a", fusion: "rrf" }, /fusion weighs/],
    ["an unknown fusion", { text: "a", vector: [1, 0, 0, 0], fusion: "sum" }, /fusion is "sum"/],
    ["an unknown option of snippets", { text: "a", snippet: { words: 3 } }, /Unknown option "words" of snippet/],
    ["too long snippets", { text: "a", snippet: { tokens: 65 } }, /snippet.tokens is 65/],
    ["a mark with U+0000", { text: "a", snippet: { open: "\0" } }, /snippet.open/],
    ["snippets of a string", { text: "a", snippet: "yes" }, /options of snippet are "yes"/],
  ])("is refused with %s", async (_, options, says) => {
    const store = await open({ dim: DIM });
    await refusal(store.query(options as object), "ARGUMENT", says);
  });
});

describe("the index of words", () => {
  const { open } = bench("on file");
  const operation = fc.oneof(
    fc.record({ put: fc.nat(20), text: fc.option(fc.string({ unit: "grapheme", maxLength: 20 })), space: fc.nat(1) }),
    fc.record({ remove: fc.nat(20), space: fc.nat(1) }),
    fc.record({ copy: fc.nat(1) }),
    fc.record({ drop: fc.nat(1) }),
  );

  it.each(["unicode61", "porter", "trigram"] as const)(
    "holds what the records hold, whatever was done (%s)",
    async (tokenizer) => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
          const store = await open({ path: undefined, dim: DIM });
          await store.indexTexts({ tokenizer });
          for (const step of operations) {
            if ("put" in step) {
              const { put, text, space } = step;
              const record = { id: `r${put}`, vector: [1, 2, 3, put], ...(text !== null && { text }) };
              await store.upsert([record], { namespace: `s${space}` });
            } else if ("remove" in step) {
              await store.delete({ ids: [`r${step.remove}`] }, { namespace: `s${step.space}` });
            } else if ("copy" in step) {
              await store.dropNamespace("s2");
              await store.copyNamespace(`s${step.copy}`, "s2");
            } else await store.dropNamespace(`s${step.drop}`);
          }
          const asked = ["a b c", "abc", "1 2 3", "the"];
          const answers = async () => {
            const found = [];
            for (const text of asked) {
              for (const namespace of ["s0", "s1", "s2"]) {
                const hits = await store.query({ text, namespace, k: 100 });
                found.push(hits.map(({ id, score }) => [id, score]));
              }
            }
            return found;
          };
          const kept = await answers();
          await store.indexTexts();
          expect(await answers()).toEqual(kept);
          await store.close();
        }),
        { numRuns: 40 },
      );
    },
  );
});
