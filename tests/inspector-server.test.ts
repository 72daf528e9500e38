import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Thermocline } from "@thermocline/core";
import * as inspector from "@thermocline/inspector";
import { type Serving, type Source, StoreSource, serveInspector } from "@thermocline/inspector";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { files, root } from "../scripts/files.mjs";
import { runProgram } from "./support/examples.js";
import { scifactFile } from "./support/inspected.js";
import { refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

let file: Awaited<ReturnType<typeof scifactFile>>;
let store: Thermocline;
let source: Source;
let serving: Serving;

beforeAll(async () => {
  file = await scifactFile(1_100);
  store = await Thermocline.open({ path: file.path, readOnly: true });
  source = new StoreSource(store, "scifact.db");
  serving = await serveInspector(source);
});

afterAll(async () => {
  await serving?.close();
  await store?.close();
  file?.remove();
});

interface Answered {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** Sends a request as it is: `fetch` would not let a host be chosen. */
function send(url: string, headers: Record<string, string> = {}, method = "GET", body = ""): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, body: text }));
    });
    sent.on("error", reject).end(body);
  });
}

const call = (method: string, question: object, headers: Record<string, string> = {}) =>
  send(`${serving.url}api/${method}`, headers, "POST", JSON.stringify(question));
const lines = ({ body }: Answered) =>
  body
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("who may ask", () => {
  it("is whoever has the token, and nobody learns from a refusal what is here", async () => {
    expect((await send(serving.url)).status).toBe(200);
    const { origin } = new URL(serving.url);
    for (const path of [
      "/",
      "/api/describe",
      "/x/",
      `/${"A".repeat(32)}/`,
      `${new URL(serving.url).pathname.slice(0, -2)}/`,
    ]) {
      const { status, body } = await send(origin + path, {}, "POST", "{}");
      expect([path, status]).toEqual([path, 403]);
      expect(body).toMatch(/token/);
    }
  });

  it("is no page under another name, and no other site", async () => {
    const { port } = new URL(serving.url);
    for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1:${port}.evil.example`]) {
      expect([host, (await call("describe", {}, { host })).status]).toEqual([host, 403]);
    }
    expect((await call("describe", {}, { host: `localhost:${port}` })).status).toBe(200);
    for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1", `http://localhost:${port}`]) {
      expect([origin, (await call("describe", {}, { origin })).status]).toEqual([origin, 403]);
    }
    expect((await call("describe", {}, { origin: `http://127.0.0.1:${port}` })).status).toBe(200);
    expect((await call("describe", {}, { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors" })).status).toBe(403);
  });

  it("gets pages that may load nothing of others, and that no cache keeps", async () => {
    const { headers } = await send(serving.url);
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(policy).not.toMatch(/unsafe|\*|http/);
    expect((await call("describe", {})).headers["cache-control"]).toBe("no-store");
  });
});

describe("what may be asked", () => {
  it("is the calls that read, by POST, and the files of the page", async () => {
    expect((await call("upsert", {})).status).toBe(404);
    expect((await call("constructor", {})).status).toBe(404);
    expect((await send(`${serving.url}api/describe`)).status).toBe(405);
    expect((await send(serving.url, {}, "DELETE")).status).toBe(405);
    for (const path of ["package.json", "../index.js", "..%2findex.js", "%2e%2e/index.js"]) {
      expect([path, (await send(serving.url + path)).status !== 200]).toEqual([path, true]);
    }
  });

  it("is answered as the store says, errors with their code", async () => {
    const { result } = lines(await call("describe", {}))[0];
    expect(result).toMatchObject({ name: "scifact.db", stats: { records: 1_100, dim: 384 } });
    const bad = await call("page", { namespace: "default", conditions: [], offset: 0, limit: 0 });
    expect(bad.status).toBe(400);
    expect(lines(bad)[0].error).toMatchObject({ code: "ARGUMENT", message: expect.stringMatching(/limit is 0/) });
    for (const body of ["", "[", "7", `{"text":"${"x".repeat(1_100_000)}"}`]) {
      const { status } = await send(`${serving.url}api/search`, {}, "POST", body);
      expect(status).toBe(400);
    }
  });

  it("is measured with progress, and a caller who goes away ends the measuring", async () => {
    let aborted = false;
    const slow: Source = {
      describe: () => source.describe(),
      spectrum: () => source.spectrum(),
      search: (question) => source.search(question),
      page: (question) => source.page(question),
      record: (question) => source.record(question),
      curve: (_, signal, said) =>
        new Promise((_resolve, reject) => {
          said?.(0.25);
          signal?.addEventListener("abort", () => {
            aborted = true;
            reject(new Error("ended"));
          });
        }),
    };
    const other = await serveInspector(slow);
    const gone = new AbortController();
    const response = await fetch(`${other.url}api/curve`, { method: "POST", body: "{}", signal: gone.signal });
    const first = await response.body?.getReader().read();
    expect(JSON.parse(new TextDecoder().decode(first?.value))).toEqual({ progress: 0.25 });
    gone.abort();
    await expect.poll(() => aborted).toBe(true);
    await other.close();
  });
});

describe("a store as the page sees it", () => {
  const question = { namespace: "default", conditions: [], k: 10 } as const;

  it("is paged from any place, as the listing is", async () => {
    const all = [];
    for await (const { id } of store.list()) all.push(id);
    for (const offset of [0, 990, 1_000, 1_050, 1_095, 5_000]) {
      const { records, total } = await source.page({ namespace: "default", conditions: [], offset, limit: 20 });
      expect(total).toBe(1_100);
      expect(records.map(({ id }) => id)).toEqual(all.slice(offset, offset + 20));
    }
    const conditions = [
      { path: "length", operator: "$eq", value: "short" },
      { path: "row", operator: "$gte", value: 500 },
    ] as const;
    const { total, records } = await source.page({ namespace: "default", conditions, offset: 3, limit: 5 });
    expect(total).toBe(await store.count({ length: "short", row: { $gte: 500 } }));
    for (const { metadata } of records) expect(metadata.length).toBe("short");
  });

  it("searches by words, by what they are like, by both, by a vector and by a record", async () => {
    const words = await source.search({ ...question, mode: "words", text: "cancer cells" });
    expect(words.hits[0]?.pieces.filter((_, i) => i % 2 === 1).join(" ")).toMatch(/cancer|cells/i);
    expect(words.hits[0]?.textScore).toBeGreaterThan(0);
    const meaning = await source.search({ ...question, mode: "meaning", text: "cancer cells" });
    expect(meaning.hits.map(({ after }) => after)).toEqual(meaning.hits.map((_, i) => i + 1));
    expect(meaning.hits.some(({ before, after }) => before !== after)).toBe(true);
    expect(meaning.reranked).toBeGreaterThan(0);
    for (const { tier, estimate, exact, score } of meaning.hits) {
      expect([estimate === undefined, exact]).toEqual([tier === "hot", score]);
    }
    const both = await source.search({ ...question, mode: "both", text: "cancer cells" });
    expect(both.hits[0]).toMatchObject({ textScore: expect.any(Number), after: expect.any(Number) });
    const [record] = await store.get([both.hits[0]?.id ?? ""], { includeVectors: true });
    const typed = await source.search({
      ...question,
      mode: "words",
      text: JSON.stringify([...(record?.vector ?? [])]),
    });
    const like = await source.search({ ...question, mode: "words", text: "", like: record?.id });
    expect(typed.hits.map(({ id }) => id)).toEqual(like.hits.map(({ id }) => id));
    expect(like.hits[0]?.id).toBe(record?.id);
  });

  it("says why there is nothing", async () => {
    expect((await source.search({ ...question, mode: "meaning", text: "xyzzy" })).note).toMatch(/No text .* words/);
    expect((await source.search({ ...question, mode: "words", text: "", like: "nobody" })).note).toMatch(/gone/);
    await refusal(source.search({ ...question, mode: "words", text: "[1, 2]" }), "DIMENSION", /vectors of 384/);
    await refusal(source.search({ ...question, mode: "words", text: "[1, oops]" }), "ARGUMENT", /JSON array/);
  });

  it("lights hits where its map has them, and has the curve with the store's own bytes", {
    timeout: 60_000,
  }, async () => {
    const { points, eigenvalues, bits, bitsFrom, bytes } = await source.spectrum();
    expect([eigenvalues.length, bits?.length, bitsFrom, bytes]).toEqual([384, 384, "codebook", 24]);
    const spot = points[7];
    const { hits } = await source.search({ ...question, mode: "words", text: "", like: spot?.id });
    expect(hits[0]?.x).toBeCloseTo(spot?.x ?? 0, 4);
    expect(hits[0]?.y).toBeCloseTo(spot?.y ?? 0, 4);
    let share = 0;
    const small = await Thermocline.open({ dim: 16, cold: { bytes: 10, effort: "fast" } });
    await small.upsert(records(1_000, 16));
    const curve = await new StoreSource(small, "small").curve({ sampleSize: 1_000 }, undefined, (now) => {
      share = now;
    });
    await small.close();
    expect([share, curve.chosen, curve.curve.map(({ bytes }) => bytes)]).toEqual([1, 10, [8, 10, 12, 16]]);
  });
});

it("the README's program runs, and prints an address of this machine", async () => {
  const readme = readFileSync(`${root}packages/inspector/README.md`, "utf8");
  const [, program = ""] = /^```ts\n([\s\S]*?)^```/m.exec(readme) ?? [];
  const modules = { "@thermocline/core": { Thermocline: { open: () => store } }, "@thermocline/inspector": inspector };
  const { printed } = await runProgram(program, modules);
  expect(printed).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/$/)]);
});

describe("thermocline serve", () => {
  const entry = fileURLToPath(new URL("../packages/cli/src/index.ts", import.meta.url));
  const start = (...args: string[]) => {
    const child = spawn(process.execPath, ["--import", "tsx", entry, "serve", ...args], { cwd: root });
    let [out, err] = ["", ""];
    child.stdout.on("data", (data) => {
      out += data;
    });
    child.stderr.on("data", (data) => {
      err += data;
    });
    const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
      child.on("close", (code) => resolve({ code, out, err })),
    );
    return { child, ended, said: () => out };
  };

  it("serves a file that it leaves as it is, until Ctrl-C, and says when the port is taken", {
    timeout: 60_000,
  }, async () => {
    const digest = () => createHash("sha256").update(readFileSync(file.path)).digest("hex");
    const before = digest();
    const served = start(file.path, "--json");
    await expect.poll(served.said, { timeout: 30_000 }).toContain("\n");
    const { url } = JSON.parse(served.said());
    const { body } = await send(`${url}api/describe`, {}, "POST", "{}");
    expect(JSON.parse(body).result).toMatchObject({ name: "scifact.db", stats: { records: 1_100 } });
    const second = await start(file.path, "--port", new URL(url).port, "--json").ended;
    expect(second.code).toBe(1);
    expect(JSON.parse(second.out).error).toMatchObject({ code: "IO", message: expect.stringMatching(/taken/) });
    served.child.kill("SIGINT");
    expect(await served.ended).toMatchObject({ code: 0, err: "" });
    expect(digest()).toBe(before);
  });
});

describe("what a page weighs", () => {
  const weight = (folder: string, counts: (path: string) => boolean) =>
    files(folder)
      .filter(counts)
      .reduce((sum, path) => sum + gzipSync(readFileSync(root + path)).length, 0);

  it("is less than 300 kB, compressed; the engine of the one that opens files comes on top", () => {
    const page = weight("packages/inspector/dist/page/", () => true);
    const still = weight("packages/inspector/dist/static/", (path) => !/\.wasm$|worker/.test(path));
    console.log(`served ${page} bytes, static ${still} without its engine`);
    expect(page).toBeLessThan(300_000);
    expect(still).toBeLessThan(300_000);
  });
});
