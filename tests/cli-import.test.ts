import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Thermocline } from "@thermocline/core";
import { parquetWriteFile } from "hyparquet-writer";
import { afterAll, describe, expect, it } from "vitest";
import { cli, cliJson } from "./support/cli.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-cli-import-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

let stores = 0;
const newStore = () => at(`store-${stores++}.db`);

/** All records of a store, by their ids. */
async function recordsOf(path: string) {
  const store = await Thermocline.open({ path, readOnly: true });
  const found = new Map<string, { text: string | undefined; metadata: object; vector: number[] | undefined }>();
  for await (const { id, text, metadata, vector } of store.list({ includeVectors: true })) {
    found.set(id, { text, metadata: { ...metadata }, vector: vector && Array.from(vector) });
  }
  await store.close();
  return found;
}

describe("an import of CSV", () => {
  const CSV = `\uFEFFid,text,year,code,open,note,vector
a,"Salt, and ""water""
in two lines",2015,007,true,,"[1,0]"
b,Ice,-1.5,1e3,false,cold,"[0,1]"
`;

  it("makes numbers and booleans of cells that read so, and of no other", async () => {
    writeFileSync(at("cells.csv"), CSV);
    const store = newStore();
    expect((await cliJson("import", store, at("cells.csv"))).value).toMatchObject({ imported: 2 });
    const records = await recordsOf(store);
    expect(records.get("a")).toEqual({
      text: 'Salt, and "water"\nin two lines',
      metadata: { year: 2015, code: "007", open: true },
      vector: [1, 0],
    });
    expect(records.get("b")).toMatchObject({ metadata: { year: -1.5, code: "1e3", open: false, note: "cold" } });
  });

  it("reads TSV and gzip, and takes fields by other names for id and text", async () => {
    writeFileSync(at("papers.tsv.gz"), gzipSync("doi\tabstract\tid\n10.1/x\t42\t7\n10.1/y\tTwo\t8\n"));
    const store = newStore();
    const args = ["import", store, at("papers.tsv.gz"), "--id-field", "doi", "--text-field", "abstract"];
    expect((await cliJson(...args, "--embed", "none")).value).toMatchObject({ imported: 2 });
    const records = await recordsOf(store);
    expect(records.get("10.1/x")).toEqual({ text: "42", metadata: { id: 7 }, vector: undefined });
  });

  it.each([
    ["a,b\n1\n", [], /CSV \(.*line 2.*correct it/],
    ['id,vector\na,"[1,"\n', [], /row 1, has a vector that is no JSON/],
    ["id,text\na,x\n", ["--id-field", "doi"], /row 1, has no field doi/],
  ])("refuses %j", async (csv, args, message) => {
    writeFileSync(at("bad.csv"), csv);
    const { code, err } = await cli("import", newStore(), at("bad.csv"), "--embed", "hashing", ...args);
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe("an import of Parquet", () => {
  it("reads rows, vectors, large numbers and times", async () => {
    const columnData = [
      { name: "id", data: ["a", "b"] },
      { name: "text", data: ["Salt", "Ice"] },
      { name: "views", data: [9n, 10n] },
      { name: "at", data: [new Date(0), new Date(1)] },
      {
        name: "vector",
        data: [
          [1, 0],
          [0, 1],
        ],
        type: "JSON" as const,
      },
    ];
    parquetWriteFile({ filename: at("rows.parquet"), columnData });
    const store = newStore();
    expect((await cliJson("import", store, at("rows.parquet"))).value).toMatchObject({ imported: 2 });
    expect((await recordsOf(store)).get("b")).toEqual({
      text: "Ice",
      metadata: { views: 10, at: "1970-01-01T00:00:00.001Z" },
      vector: [0, 1],
    });
    expect((await cliJson("import", store, at("rows.parquet"))).value).toMatchObject({ imported: 0, present: 2 });
  });

  it("refuses what is no Parquet", async () => {
    writeFileSync(at("not.parquet"), "id,text\n");
    expect(await cli("import", newStore(), at("not.parquet"))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/is no Parquet/),
    });
  });
});

describe("an import of Markdown", () => {
  const LONG = "Salt water is denser than fresh water. ".repeat(30).trim();
  const GUIDE = `---
title: kept out
---
Before any heading.

# Guide

## Install

Run it.

\`\`\`sh
# no heading
\`\`\`

Install
-------

${LONG}

${LONG}
`;

  function write(name: string, files: Record<string, string>): string {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(at(name), path, ".."), { recursive: true });
      writeFileSync(join(at(name), path), text);
    }
    return at(name);
  }

  it("makes a record of each section, which says where its text stands", async () => {
    const docs = write("docs", {
      "guide.md": GUIDE,
      "deep/er.markdown": "Only this.\r\n",
      "node_modules/x.md": "Not this.",
    });
    const store = newStore();
    const { value } = await cliJson("import", store, docs, "--embed", "hashing");
    expect(value).toMatchObject({ imported: 5, embedding: { provider: "hashing" } });
    const records = await recordsOf(store);
    expect([...records.keys()]).toEqual([
      "docs/deep/er.markdown#",
      "docs/guide.md#",
      "docs/guide.md#install",
      "docs/guide.md#install-2",
      "docs/guide.md#install-3",
    ]);
    expect(records.get("docs/guide.md#install")).toMatchObject({
      text: "## Install\n\nRun it.\n\n```sh\n# no heading\n```",
      metadata: { source: "docs/guide.md", heading: "Guide › Install" },
    });
    for (const [id, { text, metadata }] of records) {
      const { start, end, source } = metadata as { start: number; end: number; source: string };
      if (source === "docs/guide.md") expect([id, GUIDE.slice(start, end)]).toEqual([id, text]);
    }
    const info = await cliJson("info", store);
    expect(info.value).toMatchObject({ records: 5, namespaces: 1, embedding: { provider: "hashing" } });
  });

  it("is searched by the words' meaning without saying by what, and another provider is refused", async () => {
    const store = newStore();
    await cliJson(
      "import",
      store,
      write("sea", { "a.md": "# Heat\n\nFerries cross the sound.", "b.md": "Ice melts." }),
      "--embed",
      "hashing",
    );
    // Not a word of the text, but of the same stem.
    const found = await cliJson<{ mode: string; hits: { id: string }[] }>("search", store, "ferry", "-k", "1");
    expect(found.value).toMatchObject({ mode: "hybrid", hits: [{ id: "sea/a.md#heat" }] });
    const words = await cliJson("search", store, "ferry", "--mode", "keyword");
    expect(words.value).toEqual({ mode: "keyword", hits: [] });
    for (const args of [
      ["search", store, "ferry"],
      ["import", store, at("sea")],
    ]) {
      const { code, err } = await cli(...args, "--embed", "ollama");
      expect([code, err]).toEqual([
        args[0] === "search" ? 2 : 0,
        args[0] === "search" ? expect.stringMatching(/filled by hashing.*leave --embed out/) : "",
      ]);
    }
    write("sea", { "c.md": "New." });
    expect(await cli("import", store, at("sea"), "--embed", "ollama")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/filled by hashing/),
    });
    expect((await cliJson("import", store, at("sea"))).value).toMatchObject({ imported: 1, present: 2 });
  });

  it("of files that have changed embeds what is new, and deletes what has left them", async () => {
    const store = newStore();
    const docs = write("living", { "a.md": "# One\n\nFirst.\n\n# Two\n\nSecond.", "b.md": "# Other\n\nStays." });
    await cliJson("import", store, docs, "--embed", "hashing");
    write("living", { "a.md": "# One\n\nFirst, changed.\n\n# Three\n\nThird." });
    rmSync(join(docs, "b.md"));
    const mine = at("mine.jsonl");
    writeFileSync(mine, '{"id":"mine","text":"Of another origin","source":"living/a.md"}\n');
    await cliJson("import", store, mine);
    expect((await cliJson("import", store, docs)).value).toMatchObject({ imported: 2, present: 0, outdated: 1 });
    const records = await recordsOf(store);
    expect([...records.keys()].sort()).toEqual(["living/a.md#one", "living/a.md#three", "living/b.md#other", "mine"]);
    expect(records.get("living/a.md#one")?.text).toMatch(/changed/);
    expect((await cliJson("import", store, docs)).value).toMatchObject({ imported: 0, present: 2, outdated: 0 });
  });

  it("needs to be told what embeds a new store, and makes none before", async () => {
    const { code, err } = await cli("import", at("never.db"), write("some", { "a.md": "x" }));
    expect([code, err]).toEqual([2, expect.stringMatching(/--embed hashing\|openai\|ollama\|transformers/)]);
    expect(await cli("import", newStore(), write("none", { "a.txt": "x" }))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no .md/),
    });
    expect((await cli("info", at("never.db"))).code).toBe(1);
  });
});
