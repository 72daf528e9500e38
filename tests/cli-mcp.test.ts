import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Thermocline } from "@thermocline/core";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { McpClient } from "./support/mcp-client.js";
import { talk } from "./support/mcp-lines.js";

// Each test starts processes.
vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), "thermocline-mcp-"));
let files = 0;
const newFile = () => join(folder, `memory-${files++}.db`);
const clients: McpClient[] = [];

async function start(...[args, options]: Parameters<typeof McpClient.start>) {
  const client = await McpClient.start(args, options);
  clients.push(client);
  return client;
}

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Recalled {
  readonly mode: string;
  readonly note?: string;
  readonly memories: readonly {
    readonly id: string;
    readonly text: string;
    readonly score: number;
    readonly tier: string;
  }[];
}

interface Listed {
  readonly memories: readonly { readonly id: string; readonly text: string }[];
  readonly cursor?: string;
}

const FACTS = [
  { id: "ferry", text: "The ferry to Elba leaves at nine in the morning.", metadata: { topic: "travel", year: 2024 } },
  { id: "anna", text: "Anna is allergic to walnuts.", metadata: { topic: "people", year: 2021 } },
  { id: "boiler", text: "The boiler was serviced in October.", metadata: { topic: "house", year: 2023 } },
];

describe.each([{ line: "1" }, { line: "2" }] as const)(
  "the memory server, asked by line $line of the official SDK",
  (options) => {
    it("remembers, recalls, lists and forgets", async () => {
      const file = newFile();
      const client = await start([file], options);
      for (const fact of FACTS) {
        expect(await client.call("remember", fact)).toEqual({ id: fact.id, replaced: false });
      }
      const found = await client.call<Recalled>("recall", { query: "When does the ferry leave?", k: 2 });
      expect(found.memories[0]).toMatchObject({ ...FACTS[0], tier: "hot" });
      expect(found.memories[0]?.score).toBeGreaterThan(0);
      const older = { query: "Anna ferry boiler", filter: { year: { $lt: 2022 } } };
      expect((await client.call<Recalled>("recall", older)).memories.map(({ id }) => id)).toEqual(["anna"]);
      expect((await client.call<Listed>("list", {})).memories).toMatchObject(FACTS);
      expect(await client.call("forget", { ids: ["ferry", "nothing"] })).toEqual({ forgotten: 1 });
      expect(await client.call("forget", { filter: { topic: "house" } })).toEqual({ forgotten: 1 });
      expect((await client.call<Listed>("list", {})).memories.map(({ id }) => id)).toEqual(["anna"]);
      await client.close();
      expect(await Thermocline.verify(file)).toMatchObject({ ok: true });
      await using store = await Thermocline.open({ path: file, readOnly: true });
      expect(await store.count()).toBe(1);
    });
  },
);

describe("the memory server", () => {
  it("says of its tools what they take, give and do", async () => {
    const client = await start([newFile()]);
    const tools = await client.tools();
    expect(tools.map(({ name }) => name)).toEqual(["remember", "recall", "forget", "list"]);
    for (const { name, inputSchema, outputSchema, annotations, description } of tools) {
      expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
      expect(outputSchema).toMatchObject({ type: "object" });
      expect(description).toMatch(/\.$/);
      const reads = name === "recall" || name === "list";
      expect(annotations).toMatchObject({ readOnlyHint: reads, idempotentHint: true, openWorldHint: false });
      expect(annotations?.destructiveHint).toBe(reads ? undefined : true);
    }
    expect(client.instructions).toMatch(/remember/);
  });

  it("keeps what it was told when it is started again", async () => {
    const file = newFile();
    const first = await start([file]);
    await first.call("remember", { text: "The key is under the third pot." });
    await first.close();
    const second = await start([file], { line: "1" });
    const { memories } = await second.call<Recalled>("recall", { query: "where is the key" });
    expect(memories.map(({ text }) => text)).toEqual(["The key is under the third pot."]);
  });

  it("remembers the same text once, and replaces what has an id", async () => {
    const client = await start([newFile()]);
    const [one, two] = [
      await client.call("remember", { text: "Tea, not coffee." }),
      await client.call("remember", { text: "Tea, not coffee." }),
    ];
    expect(two).toEqual({ ...one, replaced: true });
    await client.call("remember", { id: one["id"], text: "Coffee, after all." });
    expect((await client.call<Listed>("list", {})).memories).toMatchObject([{ text: "Coffee, after all." }]);
  });

  it("keeps namespaces apart", async () => {
    const client = await start([newFile(), "--namespace", "alice"]);
    await client.call("remember", { id: "a", text: "Alice likes pears." });
    await client.call("remember", { id: "a", text: "Bob likes plums.", namespace: "bob" });
    const liked = async (args: object) =>
      (await client.call<Recalled>("recall", { query: "likes", ...args })).memories.map(({ text }) => text);
    expect(await liked({})).toEqual(["Alice likes pears."]);
    expect(await liked({ namespace: "alice" })).toEqual(["Alice likes pears."]);
    expect(await liked({ namespace: "bob" })).toEqual(["Bob likes plums."]);
    expect(await client.resource("thermocline://record/a?namespace=bob")).toMatchObject({ text: "Bob likes plums." });
    expect(await client.call("forget", { ids: ["a"] })).toEqual({ forgotten: 1 });
    expect(await liked({ namespace: "bob" })).toEqual(["Bob likes plums."]);
  });

  it("forgets by itself what had a time to live", async () => {
    const client = await start([newFile()]);
    const before = Date.now();
    const told = await client.call<{ expiresAt: string }>("remember", { text: "Back in a moment.", ttl: 1 });
    const expiresAt = Date.parse(told.expiresAt);
    expect(expiresAt).toBeGreaterThanOrEqual(before + 1000);
    expect(expiresAt).toBeLessThan(Date.now() + 1001);
    await vi.waitFor(async () => expect((await client.call<Listed>("list", {})).memories).toEqual([]), {
      timeout: 20_000,
      interval: 200,
    });
  });

  it("lists a page at a time, each memory once", async () => {
    const client = await start([newFile()]);
    for (let i = 0; i < 7; i++)
      await client.call("remember", { id: `m${i}`, text: `Fact ${i}.`, metadata: { even: i % 2 === 0 } });
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page: Listed = await client.call("list", { limit: 3, ...(cursor === undefined ? {} : { cursor }) });
      pages.push(page.memories.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(pages).toEqual([["m0", "m1", "m2"], ["m3", "m4", "m5"], ["m6"]]);
    const even = await client.call<Listed>("list", { filter: { even: true } });
    expect(even.memories.map(({ id }) => id)).toEqual(["m0", "m2", "m4", "m6"]);
  });

  it("shows a memory as a resource, whatever its id", async () => {
    const client = await start([newFile()]);
    const id = "a/b c?d=é,%41";
    await client.call("remember", { id, text: "Odd.", metadata: { deep: { list: [1, null] } } });
    const templates = (await client.templates()).map(({ uriTemplate }) => uriTemplate);
    expect(templates).toContain("thermocline://record/{id}");
    expect(await client.resource(`thermocline://record/${encodeURIComponent(id)}`)).toEqual({
      id,
      text: "Odd.",
      metadata: { deep: { list: [1, null] } },
      tier: "hot",
      namespace: "default",
    });
    await expect(client.resource("thermocline://record/none")).rejects.toThrow(/no memory.*the tool list/);
  });

  it("refuses bad input in a sentence that says what to do, and changes nothing", async () => {
    const client = await start([newFile()]);
    await client.call("remember", { id: "a", text: "Stays." });
    const refusals: [string, Record<string, unknown>, RegExp][] = [
      ["remember", {}, /text/],
      ["remember", { text: "" }, /text/],
      ["remember", { text: "x", txt: "y" }, /txt/],
      ["remember", { text: "x", id: "" }, /id/],
      ["remember", { text: "x", id: "a\0b" }, /^ARGUMENT: .*give a string/],
      ["remember", { text: "x", metadata: [] }, /metadata/],
      ["remember", { text: "x", ttl: 0 }, /ttl/],
      ["remember", { text: "x", ttl: 1e300 }, /^ARGUMENT: .*expiresAt/],
      ["remember", { text: "x", namespace: 7 }, /namespace/],
      ["forget", { ids: ["embedding"], namespace: "thermocline.settings" }, /^ARGUMENT: .*the server's own/],
      ["recall", { query: "" }, /query/],
      ["recall", { query: "x", k: 0 }, /k/],
      ["recall", { query: "x", k: 101 }, /k/],
      ["recall", { query: "x", mode: "magic" }, /mode/],
      ["recall", { query: "x", filter: { year: { $near: 3 } } }, /^FILTER: .*\$near/],
      ["forget", {}, /^ARGUMENT: .*either ids or filter/],
      ["forget", { ids: ["a"], filter: { a: 1 } }, /^ARGUMENT: .*either ids or filter/],
      ["forget", { ids: [] }, /ids/],
      ["forget", { filter: {} }, /^ARGUMENT: .*forget everything/],
      ["forget", { filter: { $and: [{}, { $or: [{ a: 1 }, {}] }] } }, /^ARGUMENT: .*forget everything/],
      ["forget", { filter: { $where: "1" } }, /^FILTER: /],
      ["list", { cursor: "nonsense" }, /^ARGUMENT: .*cursor/],
      ["list", { limit: 1000 }, /limit/],
    ];
    for (const [tool, args, message] of refusals) {
      const { isError, content, structuredContent } = await client.answer(tool, args);
      expect([tool, args, isError]).toEqual([tool, args, true]);
      expect((content as { text: string }[])[0]?.text).toMatch(message);
      expect(structuredContent).toBeUndefined();
    }
    await expect(client.answer("erase", {})).rejects.toThrow(/erase/);
    expect((await client.call<Listed>("list", {})).memories.map(({ id }) => id)).toEqual(["a"]);
  });

  it("shares a file with another server, each of which sees what the other was told", async () => {
    const file = newFile();
    const [one, two] = await Promise.all([start([file]), start([file], { line: "1" })]);
    await Promise.all(
      [one, two].flatMap((client, of) =>
        Array.from({ length: 10 }, (_, i) =>
          client.call("remember", { id: `${of}-${i}`, text: `Number ${i} of ${of}.` }),
        ),
      ),
    );
    for (const client of [one, two]) {
      expect((await client.call<Listed>("list", { limit: 100 })).memories).toHaveLength(20);
      const { memories } = await client.call<Recalled>("recall", { query: "number", k: 100, mode: "keyword" });
      expect(memories).toHaveLength(20);
    }
    await one.call("forget", { ids: ["1-3"] });
    expect((await two.call<Listed>("list", { limit: 100 })).memories.map(({ id }) => id)).not.toContain("1-3");
  });

  it("has on disk what it acknowledged when it is killed", async () => {
    const file = newFile();
    const client = await start([file]);
    const told: string[] = [];
    const telling = (async () => {
      for (let i = 0; ; i++) {
        await client.call("remember", { id: `m${i}`, text: `Told before the end: ${i}.` });
        told.push(`m${i}`);
      }
    })().catch(() => undefined);
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(20), { timeout: 30_000 });
    process.kill(client.pid, "SIGKILL");
    await telling;
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true });
    await using store = await Thermocline.open({ path: file, readOnly: true });
    expect((await store.get(told)).filter((record) => record === undefined)).toEqual([]);
    expect(await store.count()).toBeLessThanOrEqual(told.length + 1);
  });

  it("never writes where it may only read", async () => {
    const file = newFile();
    const writer = await start([file]);
    await writer.call("remember", { text: "Read me." });
    await writer.call("recall", { query: "read" });
    await writer.close();
    const reader = await start([file, "--read-only"]);
    expect((await reader.tools()).map(({ name }) => name)).toEqual(["recall", "list"]);
    expect((await reader.call<Recalled>("recall", { query: "read" })).memories).toHaveLength(1);
  });
});

describe("the memory server's embedding", () => {
  const recall = (client: McpClient, args: object) => client.call<Recalled>("recall", { query: "ferries", ...args });

  it("finds by meaning, by words, or by both, as it is asked", async () => {
    const client = await start([newFile()]);
    for (const fact of FACTS) await client.call("remember", fact);
    // Not a word of the text, but of the same stem.
    expect(await recall(client, { mode: "keyword" })).toEqual({ mode: "keyword", memories: [] });
    for (const mode of ["vector", "hybrid"]) {
      const found = await recall(client, { mode });
      expect(found).toMatchObject({ mode, memories: [{ id: "ferry" }, {}, {}] });
      expect(found.note).toBeUndefined();
    }
  });

  it("is the one that the file was filled with", async () => {
    const file = newFile();
    const first = await start([file]);
    await first.call("remember", { id: "a", text: "Hashed." });
    await first.close();
    await expect(start([file, "--embed", "ollama"])).rejects.toThrow();
    const { code, err } = await talk([file, "--embed", "ollama"], [], "end of input");
    expect(code).toBe(2);
    expect(err).toMatch(/filled by hashing.*leave --embed out/);
    const again = await start([file]);
    expect(await recall(again, { query: "hashing", mode: "vector" })).toMatchObject({ memories: [{ id: "a" }] });
  });

  it("falls back to words, and says so, where nobody knows whose the vectors are", async () => {
    const file = newFile();
    const store = await Thermocline.open({ path: file, dim: 3 });
    await store.upsert([{ id: "a", vector: [1, 0, 0], text: "The ferries are late." }]);
    await store.close();
    const client = await start([file]);
    expect(await recall(client, {})).toMatchObject({
      mode: "keyword",
      note: expect.stringMatching(/words only/),
      memories: [{ id: "a" }],
    });
    await expect(recall(client, { mode: "vector" })).rejects.toThrow(/^UNSUPPORTED: .*give mode "keyword"/);
    await client.call("remember", { id: "b", text: "Ferries again." });
    expect((await recall(client, {})).memories.map(({ id, tier }) => `${id} ${tier}`).sort()).toEqual([
      "a hot",
      "b none",
    ]);
    const { code, err } = await talk([file, "--embed", "hashing"], [], "end of input");
    expect(code).toBe(2);
    expect(err).toMatch(/holds vectors of 3, and hashing makes \d+/);
  });

  it("refuses to remember what it cannot embed, and recalls by words what it can", async () => {
    const file = newFile();
    const vectors = await startEmbeddings(4);
    const env = { OLLAMA_HOST: vectors.url };
    const client = await start([file, "--embed", "ollama", "--model", "tiny"], { env });
    await client.call("remember", { id: "a", text: "The ferries are late." });
    expect(await recall(client, {})).toMatchObject({ mode: "hybrid", memories: [{ id: "a" }] });
    expect(vectors.asked).toEqual([
      { model: "tiny", input: ["The ferries are late."] },
      { model: "tiny", input: ["ferries"] },
    ]);
    await vectors.stop();
    await expect(client.call("remember", { id: "b", text: "Lost?" })).rejects.toThrow(/^IO: .*is ollama there/);
    expect(await recall(client, {})).toMatchObject({
      mode: "keyword",
      note: expect.stringMatching(/could not be embedded/),
      memories: [{ id: "a" }],
    });
    await expect(recall(client, { mode: "vector" })).rejects.toThrow(/could not be embedded.*give mode "keyword"/);
    expect((await client.call<Listed>("list", {})).memories.map(({ id }) => id)).toEqual(["a"]);
  });
});

/** A service that speaks Ollama's protocol. */
async function startEmbeddings(dim: number) {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    const { model, input } = JSON.parse(await text(request)) as { model: string; input: string[] };
    asked.push({ model, input });
    const data = input.map((one, index) => ({
      index,
      embedding: Array.from({ length: dim }, (_, i) => one.length + i),
    }));
    response.setHeader("content-type", "application/json").end(JSON.stringify({ data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, asked, stop };
}
