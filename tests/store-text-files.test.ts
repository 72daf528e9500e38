import { readFileSync, statSync, writeFileSync } from "node:fs";
import { type QueryOptions, Thermocline, ThermoclineError } from "@thermocline/core";
import { describe, expect, it, vi } from "vitest";
import { DistantTexts } from "../packages/core/src/catalogue/distant-texts.js";
import { TextIndex } from "../packages/core/src/catalogue/text-index.js";
import { Child } from "./support/child.js";
import { database, edit } from "./support/database.js";
import { bench, refusal } from "./support/stores.js";
import { lcg } from "./support/synthetic.js";

const DIM = 4;
const WORDS = ["tide", "salt", "deep", "current", "warm", "ice", "floats", "Übergang"];

function inputs(count: number, seed: number, prefix = "r") {
  const next = lcg(seed);
  const below = (n: number) => Math.floor(((next() + 1) / 2) * n) % n;
  return Array.from({ length: count }, (_, n) => ({
    id: `${prefix}${n}`,
    vector: [1, n, seed, 1],
    text: Array.from({ length: 1 + below(9) }, () => WORDS[below(8)]).join(" "),
  }));
}

/** What a store answers by words: every word, and two together. */
async function answers(store: Pick<Thermocline, "query">): Promise<unknown> {
  const found = [];
  for (const text of [...WORDS, "tide ice"]) {
    const hits = await store.query({ text, k: 10_000, snippet: true });
    found.push(hits.map(({ id, score, snippet }) => [id, score, snippet]));
  }
  return found;
}

/** That SQLite itself finds the index to say what the texts say. */
function checked(file: string): void {
  const opened = database(file);
  opened.exec("INSERT INTO text_index (text_index, rank) VALUES ('integrity-check', 1)");
  opened.close();
}

describe("the index of words in a file", () => {
  const { open, path } = bench("on file");

  async function indexed(count: number, name = "indexed.db") {
    const file = path(name);
    const store = await open({ path: file, dim: DIM });
    await store.upsert(inputs(count, 1));
    const found = await answers(store);
    await store.close();
    return { file, bytes: readFileSync(file), found };
  }

  it("answers the same when it is opened again, in Node and from its bytes", async () => {
    const { file, found } = await indexed(200);
    checked(file);
    expect(await answers(await open({ path: file }))).toEqual(found);
  });

  it("is shared with other processes, which keep it", async () => {
    const { file } = await indexed(50);
    const store = await open({ path: file });
    const child = new Child(file);
    expect(await child.answer()).toEqual({ result: "open" });
    expect(await child.call("upsert", [{ id: "new", vector: [1, 1, 1, 1], text: "brine" }])).toEqual({ result: null });
    expect((await store.query({ text: "brine" })).map(({ id }) => id)).toEqual(["new"]);
    expect(await child.call("delete", { ids: ["new"] })).toEqual({ result: 1 });
    expect(await store.query({ text: "brine" })).toEqual([]);
    await child.end();
    checked(file);
  });

  it("may be made by another process that has the file open", async () => {
    const file = path("shared.db");
    const store = await open({ path: file, dim: DIM });
    await store.upsert(inputs(30, 2));
    const child = new Child(file);
    expect(await child.answer()).toEqual({ result: "open" });
    expect(await child.call("indexTexts", { tokenizer: "porter" })).toEqual({ result: 30 });
    await store.upsert([{ id: "later", vector: [1, 1, 1, 1], text: "runs" }]);
    expect((await store.query({ text: "running" })).map(({ id }) => id)).toEqual(["later"]);
    await child.end();
    checked(file);
  });

  it.each([15, 60, 140, 260])("says what the records say when its writer is killed after %d ms", async (delay) => {
    const { file } = await indexed(40, "killed.db");
    const child = new Child(file, { hot: { capacity: 50 }, cold: { bytes: 48 } });
    expect(await child.answer()).toEqual({ result: "open" });
    for (let step = 0; step < 400; step++) {
      if (step % 3 === 2) child.send("delete", { ids: inputs(10, 1, `s${step - 1}-`).map(({ id }) => id) });
      else if (step % 10 === 9) child.send("indexTexts", { tokenizer: step % 20 === 9 ? "porter" : "unicode61" });
      else child.send("upsert", inputs(20, step, step % 2 === 0 ? "r" : `s${step}-`));
    }
    await new Promise((resolve) => {
      setTimeout(resolve, delay);
    });
    await child.kill();
    checked(file);
    const store = await open({ path: file });
    const found = await answers(store);
    await store.indexTexts();
    expect(await answers(store)).toEqual(found);
  });

  it.each([
    [
      "has lost a text",
      "INSERT INTO text_index (text_index, rowid, text) SELECT 'delete', row, text FROM texts LIMIT 1",
    ],
    ["has a text of no record", "INSERT INTO text_index (rowid, text) VALUES (9999, 'tide of nothing')"],
    ["has lost all", "INSERT INTO text_index (text_index) VALUES ('delete-all')"],
    // Another word in the index than in the text, in as many letters: only FTS5's checksums can tell.
    [
      "has another word",
      "INSERT INTO text_index (text_index, rowid, text) SELECT 'delete', row, text FROM texts LIMIT 1; INSERT INTO text_index (rowid, text) SELECT row, 'q' || substr(text, 2) FROM texts LIMIT 1",
    ],
  ])("is made anew when a small file is opened in which it %s, which verify tells", async (_, sql) => {
    const { file, found } = await indexed(100);
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true });
    edit(file, sql);
    const { problems, textIndex } = await Thermocline.verify(file);
    expect(problems.map(({ what, table }) => [what, table])).toEqual([["texts", "text_index"]]);
    expect(textIndex).toEqual({ compared: true, reason: undefined });
    expect(await answers(await open({ path: file }))).toEqual(found);
    checked(file);
  });

  it("is asked off the main thread in a large store, with the answers of one in memory", async () => {
    const near = vi.spyOn(TextIndex.prototype, "matches");
    const far = vi.spyOn(DistantTexts.prototype, "matches");
    const file = path("many.db");
    const [onFile, inMemory] = [await open({ path: file, dim: DIM }), await Thermocline.open({ dim: DIM })];
    const given = inputs(17_000, 4);
    for (const store of [onFile, inMemory]) {
      await store.upsert(given);
      await store.upsert([{ id: "alone", vector: [1, 2, 3, 4], text: "tide of another" }], { namespace: "other" });
      await store.indexTexts();
    }
    const queries: QueryOptions[] = [
      { text: "tide salt", k: 20 },
      { text: "tide ice", textMatch: "all", k: 5, minScore: 0.5 },
      { text: "warm ice", textMatch: "phrase", filter: { n: { $exists: false } }, k: 30_000 },
      { text: "tide", namespace: "other" },
      { text: "deep Übergang", vector: [1, 500, 4, 1], k: 50, snippet: true },
      { text: "tide", filter: ({ id }) => id.endsWith("77"), k: 40 },
      { text: "tide", vector: [1, 9_000, 4, 1], alpha: 0.2 },
      { text: "nowhere" },
    ];
    for (const query of queries) {
      const expected = await inMemory.query(query);
      near.mockClear();
      far.mockClear();
      expect(await onFile.query(query)).toEqual(expected);
      expect([near.mock.calls.length, far.mock.calls.length > 0 || query.text === "nowhere"]).toEqual([0, true]);
    }
    const pages = [];
    let cursor: string | undefined;
    do {
      const page = await onFile.queryPage({ text: "floats", k: 4_000, ...(cursor !== undefined && { cursor }) });
      pages.push(...page.hits);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(pages).toEqual(await inMemory.query({ text: "floats", k: 30_000 }));
    // What is written is found by the next query, and a signal ends one.
    await onFile.upsert([{ id: "r3", vector: [1, 1, 1, 1], text: "brine tide" }]);
    expect((await onFile.query({ text: "brine" })).map(({ id }) => id)).toEqual(["r3"]);
    const stop = new AbortController();
    const stopped = onFile.query({ text: "tide", signal: stop.signal });
    stop.abort();
    await refusal(stopped, "ABORTED");
    const reading = await open({ path: file, readOnly: true });
    expect(await reading.query({ text: "tide ice" })).toEqual(await onFile.query({ text: "tide ice" }));
    await reading.close();
    await inMemory.close();
    await onFile.close();
    // Nobody reads any more, so the log was merged whole.
    expect(statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  });

  it("is told of by stats: whether there is one, how it cuts texts, and how many it holds", async () => {
    const file = path("counted.db");
    const store = await open({ path: file, dim: DIM });
    await store.upsert([...inputs(300, 1), { id: "silent", vector: [1, 1, 1, 1] }, { id: "plain", text: "salt" }]);
    expect(store.stats().textIndex).toBeUndefined();
    expect(await store.indexTexts({ tokenizer: "porter" })).toBe(301);
    expect(store.stats().textIndex).toEqual({ tokenizer: "porter", texts: 301 });
    await store.upsert([...inputs(20, 2), ...inputs(5, 3, "more")]);
    await store.delete({ ids: ["plain", "silent", "r200"] });
    expect(store.stats().textIndex).toEqual({ tokenizer: "porter", texts: 304 });
    await store.close();
    edit(file, "INSERT INTO text_index (text_index) VALUES ('delete-all')");
    const reading = await open({ path: file, readOnly: true });
    expect(reading.stats().textIndex).toEqual({ tokenizer: "porter", texts: undefined });
  });

  it("is compared with the texts by verify in a file above 8 MiB, too, which stays as it is", async () => {
    const file = path("large.db");
    const store = await open({ path: file, dim: DIM });
    const next = lcg(9);
    const text = () => Array.from({ length: 750 }, () => Math.floor((next() + 1) * 1e9).toString(36)).join(" ");
    await store.upsert(inputs(1_200, 1).map((record) => ({ ...record, text: `${record.text} ${text()}` })));
    await store.indexTexts();
    await store.backup(path("sound.db"));
    const copy = path("sound.db");
    const bytes = readFileSync(copy);
    expect(bytes.length).toBeGreaterThan(8 * 2 ** 20);
    const whole = { ok: true, textIndex: { compared: true, reason: undefined } };
    expect(await Thermocline.verify(copy)).toMatchObject(whole);
    expect(readFileSync(copy).equals(bytes)).toBe(true);
    // Also while it is written to.
    expect(await Thermocline.verify(file)).toMatchObject(whole);
    edit(
      copy,
      "INSERT INTO text_index (text_index, rowid, text) SELECT 'delete', row, text FROM texts WHERE row = 700",
    );
    const { problems } = await Thermocline.verify(copy);
    expect(problems.map(({ what, table }) => [what, table])).toEqual([["texts", "text_index"]]);
  });

  it.each([
    ["the view of texts", "DROP VIEW texts"],
    ["the table", "DROP TABLE text_index"],
    ["a record of its tokenizer", "UPDATE settings SET value = 'porter' WHERE key = 'tokenizer'"],
  ])("is refused without %s", async (_, sql) => {
    const { file } = await indexed(10);
    edit(file, sql);
    await refusal(open({ path: file }), "CORRUPT", /text_index|setting tokenizer/);
  });

  it("answers in a file that is only to be read, and is not made there", async () => {
    const { file, found } = await indexed(50);
    const reading = await open({ path: file, readOnly: true });
    expect(await answers(reading)).toEqual(found);
    const without = path("without.db");
    const store = await open({ path: without, dim: DIM });
    await store.upsert(inputs(5, 1));
    await store.close();
    const unindexed = await open({ path: without, readOnly: true });
    await refusal(unindexed.query({ text: "tide" }), "UNSUPPORTED", /no index of words.*readOnly/);
    await refusal(unindexed.indexTexts(), "UNSUPPORTED", /readOnly/);
    expect(await unindexed.query({ vector: [1, 0, 0, 0] })).toHaveLength(5);
  });

  it.each([
    [
      "has lost a text",
      "INSERT INTO text_index (text_index, rowid, text) SELECT 'delete', row, text FROM texts LIMIT 1",
    ],
    ["has lost all", "INSERT INTO text_index (text_index) VALUES ('delete-all')"],
  ])("is refused, and vectors are still found, where it %s and the file is only to be read", async (_, sql) => {
    const { file, found } = await indexed(100);
    edit(file, sql);
    const reading = await open({ path: file, readOnly: true });
    expect(await reading.query({ vector: [1, 0, 0, 0] })).toHaveLength(10);
    await refusal(
      reading.query({ text: "tide" }),
      "CORRUPT",
      /index of words is damaged.*without readOnly.*indexTexts/,
    );
    await reading.close();
    const store = await open({ path: file });
    expect(await answers(store)).toEqual(found);
  });

  // More of them: THERMOCLINE_TEXT_BIT_FLIPS=20000 npm test -- text-files
  const flips = Number(process.env["THERMOCLINE_TEXT_BIT_FLIPS"] ?? "400");

  it("gives the same answer or an error of ours, whichever bit is wrong", { timeout: 36_000_000 }, async () => {
    const { file, bytes, found } = await indexed(60);
    const places = [...bytes.keys()].filter((at) => bytes[at] !== 0 || at % 8_192 < 16);
    const next = lcg(17);
    let refused = 0;
    for (let i = 0; i < flips; i++) {
      const at = places[Math.floor(((next() + 1) / 2) * places.length)] ?? 0;
      const damaged = Buffer.from(bytes);
      damaged[at] = (bytes[at] ?? 0) ^ (1 << (i & 7));
      writeFileSync(file, damaged);
      let store: Thermocline | undefined;
      try {
        store = await open({ path: file });
        expect(await answers(store), `byte ${at}, bit ${i & 7}`).toEqual(found);
      } catch (error) {
        if (!(error instanceof ThermoclineError) || /please report/.test(error.message)) throw error;
        refused += 1;
        expect(error.code, `byte ${at}, bit ${i & 7}: ${error.message}`).toMatch(/^(CORRUPT|FORMAT|VERSION)$/);
      } finally {
        await store?.close().catch(() => {});
      }
    }
    expect(refused).toBeGreaterThan(flips / 10);
  });
});
