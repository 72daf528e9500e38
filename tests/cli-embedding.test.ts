import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Thermocline } from "@thermocline/core";
import { HashingEmbeddings, ThermoclineVectorStore } from "@thermocline/langchain";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { embeddingProvider } from "../packages/cli/src/embedding/provider.js";
import { cli, cliJson } from "./support/cli.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-cli-embedding-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

interface Asked {
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly model: string;
  readonly input: readonly string[];
}

/** A service that speaks OpenAI's protocol. `answer` may answer in its stead, by returning true. */
async function service(answer: (response: ServerResponse, count: number) => boolean = () => false, dim = 4) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { model, input } = JSON.parse(await text(request)) as Asked;
    asked.push({ url: request.url, key: request.headers.authorization, model, input });
    if (answer(response, asked.length)) return;
    // Out of order, as the protocol allows.
    const data = input.map((one, index) => ({ index, embedding: vectorOf(one, dim) })).reverse();
    response.setHeader("content-type", "application/json").end(JSON.stringify({ data }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, asked, stop };
}

const vectorOf = (one: string, dim: number) => Array.from({ length: dim }, (_, i) => one.charCodeAt(i % one.length));

function refuse(response: ServerResponse, status: number, wait = "0"): boolean {
  response.writeHead(status, { "retry-after": wait }).end("busy");
  return true;
}

describe("an embedding service", () => {
  it("is asked by its protocol, with its key, and its vectors come in the order of the texts", async () => {
    const { url, asked, stop } = await service();
    vi.stubEnv("OPENAI_BASE_URL", `${url}/v1/`);
    vi.stubEnv("OPENAI_API_KEY", "secret");
    const texts = Array.from({ length: 70 }, (_, i) => `text ${i}`);
    const vectors = await embeddingProvider("openai").embed(texts);
    expect(vectors.map((vector) => Array.from(vector))).toEqual(texts.map((one) => vectorOf(one, 4)));
    expect(asked.map(({ url, key, model, input }) => [url, key, model, input.length])).toEqual([
      ["/v1/embeddings", "Bearer secret", "text-embedding-3-small", 64],
      ["/v1/embeddings", "Bearer secret", "text-embedding-3-small", 6],
    ]);
    await stop();
  });

  it("does not see the key of another, and may be a host and a port", async () => {
    const { url, asked, stop } = await service();
    vi.stubEnv("OLLAMA_HOST", url.replace("http://", ""));
    vi.stubEnv("OPENAI_API_KEY", "secret");
    await embeddingProvider("ollama", { model: "tiny" }).embed(["a"]);
    expect(asked).toEqual([{ url: "/v1/embeddings", key: undefined, model: "tiny", input: ["a"] }]);
    await stop();
  });

  it.each([429, 500, 503])("is asked again when it answers %i", async (status) => {
    const { url, asked, stop } = await service((response, count) => count < 3 && refuse(response, status));
    vi.stubEnv("OLLAMA_HOST", url);
    expect(await embeddingProvider("ollama").embed(["a"])).toHaveLength(1);
    expect(asked).toHaveLength(3);
    await stop();
  });

  it("is asked five times at most, and once where asking again cannot help", async () => {
    for (const [status, times] of [
      [503, 5],
      [401, 1],
      [404, 1],
    ] as const) {
      const { url, asked, stop } = await service((response) => refuse(response, status));
      vi.stubEnv("OLLAMA_HOST", url);
      const refused = embeddingProvider("ollama").embed(["a"]);
      await expect(refused).rejects.toMatchObject({
        code: "IO",
        message: expect.stringMatching(`status ${status}: busy`),
      });
      expect(asked).toHaveLength(times);
      await stop();
    }
  });

  it("ends at once when it is interrupted, also while it waits", async () => {
    const abort = new AbortController();
    const { url, stop } = await service((response) => {
      setTimeout(() => abort.abort(), 20);
      return refuse(response, 503, "600");
    });
    vi.stubEnv("OLLAMA_HOST", url);
    await expect(embeddingProvider("ollama").embed(["a"], abort.signal)).rejects.toMatchObject({ name: "AbortError" });
    await stop();
  });

  it("that gives too few vectors, or no JSON, is not believed", async () => {
    for (const answer of ['{"data":[]}', "{}", "hello"]) {
      const { url, stop } = await service((response) => {
        response.end(answer);
        return true;
      });
      vi.stubEnv("OLLAMA_HOST", url);
      await expect(embeddingProvider("ollama").embed(["a"])).rejects.toMatchObject({ code: "IO" });
      await stop();
    }
  });

  it("is not asked without a key", async () => {
    vi.stubEnv("OPENAI_API_KEY", "");
    vi.stubEnv("OPENAI_BASE_URL", "");
    await expect(embeddingProvider("openai").embed(["a"])).rejects.toMatchObject({
      code: "ARGUMENT",
      message: expect.stringMatching(/set OPENAI_API_KEY/),
    });
  });
});

describe("a package that is optional", () => {
  it("is named where it is missing", async () => {
    const refused = import("../packages/cli/src/optional-package.js").then(({ optionalPackage }) =>
      optionalPackage("thermocline-no-such-package", "Reading moons"),
    );
    await expect(refused).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message:
        "Reading moons needs the package thermocline-no-such-package; install it beside @thermocline/cli: npm install thermocline-no-such-package.",
    });
  });
});

describe("an import that is embedded", () => {
  const ROWS = 200;
  const lines = Array.from({ length: ROWS }, (_, i) => JSON.stringify({ id: `row-${i}`, text: `text ${i}` }));
  beforeEach(() => writeFileSync(at("texts.jsonl"), `${lines.join("\n")}\n`));

  it("leaves no file where its provider has no key", async () => {
    vi.stubEnv("OPENAI_API_KEY", "");
    vi.stubEnv("OPENAI_BASE_URL", "");
    const refused = await cli("import", at("keyless.db"), at("texts.jsonl"), "--embed", "openai");
    expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/set OPENAI_API_KEY/) });
    expect(existsSync(at("keyless.db"))).toBe(false);
  });

  it("by hashing is searched from LangChain.js with the same embeddings", async () => {
    await cli("import", at("hashed.db"), at("texts.jsonl"), "--embed", "hashing");
    const store = new ThermoclineVectorStore(new HashingEmbeddings(), { path: at("hashed.db") });
    const [[found, score] = []] = await store.similaritySearchWithScore("text 17", 1);
    expect(found).toMatchObject({ id: "row-17", pageContent: "text 17" });
    expect(score).toBeCloseTo(1, 5);
    await store.close();
  });

  it("goes on where it was ended, and embeds no text twice", async () => {
    const first = await service((response, count) => count > 2 && refuse(response, 401));
    vi.stubEnv("OLLAMA_HOST", first.url);
    const args = ["import", at("resumed.db"), at("texts.jsonl"), "--embed", "ollama", "--model", "tiny"];
    expect(await cli(...args)).toMatchObject({ code: 1, err: expect.stringMatching(/gave no vectors \(status 401/) });
    await first.stop();
    expect(await cliJson("verify", at("resumed.db"))).toMatchObject({ code: 0, value: { ok: true } });

    const second = await service();
    vi.stubEnv("OLLAMA_HOST", second.url);
    // The file remembers what embeds it.
    const on = await cliJson("import", at("resumed.db"), at("texts.jsonl"));
    expect(on.value).toMatchObject({ present: 128, imported: 72, embedding: { provider: "ollama", model: "tiny" } });
    expect(second.asked.flatMap(({ input }) => input)).toEqual(Array.from({ length: 72 }, (_, i) => `text ${i + 128}`));
    await second.stop();
    expect((await cliJson("info", at("resumed.db"))).value).toMatchObject({ records: ROWS, withoutVector: 0, dim: 4 });
  });

  it("leaves a whole file after Ctrl-C, ends with 130, and says how to go on", async () => {
    const { url, stop } = await service((_, count) => {
      if (count === 3) process.emit("SIGINT");
      return false;
    });
    vi.stubEnv("OLLAMA_HOST", url);
    const args = ["import", at("interrupted.db"), at("texts.jsonl"), "--embed", "ollama"];
    expect(await cli(...args)).toEqual({
      code: 130,
      out: "",
      err: expect.stringMatching(
        /interrupted\.db is whole, with 128 records imported\. Run the same command again to go on\./,
      ),
    });
    expect(await cliJson("verify", at("interrupted.db"))).toMatchObject({ value: { ok: true } });
    expect((await cliJson(...args)).value).toMatchObject({ present: 128, imported: 72 });
    await stop();
  });

  it("may be by another provider as long as there is no vector", async () => {
    vi.stubEnv("OLLAMA_HOST", "http://127.0.0.1:9");
    expect(await cli("import", at("late.db"), at("texts.jsonl"), "--embed", "ollama")).toMatchObject({ code: 1 });
    expect((await cliJson("import", at("late.db"), at("texts.jsonl"), "--embed", "hashing")).value).toMatchObject({
      imported: ROWS,
      embedding: { provider: "hashing" },
    });
  });

  it("is refused where the model has changed its length, and where the file says another model", async () => {
    const four = await service();
    vi.stubEnv("OLLAMA_HOST", four.url);
    await cliJson("import", at("lengths.db"), at("texts.jsonl"), "--embed", "ollama", "--model", "tiny");
    await four.stop();
    writeFileSync(at("more.jsonl"), '{"id":"more","text":"more"}\n');
    expect(await cli("import", at("lengths.db"), at("more.jsonl"), "--model", "large")).toMatchObject({
      code: 2,
      err: expect.stringMatching(
        /filled by ollama \(tiny\), and vectors of ollama \(large\).*leave --embed and --model out/,
      ),
    });
    const five = await service(undefined, 5);
    vi.stubEnv("OLLAMA_HOST", five.url);
    expect(await cli("import", at("lengths.db"), at("more.jsonl"))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/vector of 5 with tiny, and the store holds vectors of 4/),
    });
    await five.stop();
  });

  it("is searched by words alone where its service does not answer, if asked to", async () => {
    const { url, stop } = await service();
    vi.stubEnv("OLLAMA_HOST", url);
    await cliJson("import", at("away.db"), at("texts.jsonl"), "--embed", "ollama");
    await stop();
    expect(await cli("search", at("away.db"), "text")).toMatchObject({
      code: 1,
      err: expect.stringMatching(/--mode keyword/),
    });
    expect((await cliJson("search", at("away.db"), "text", "--mode", "keyword", "-k", "1")).value).toMatchObject({
      mode: "keyword",
      hits: [{}],
    });
  });

  it("of a store whose vectors nobody knows must be told, and is believed where the length is right", async () => {
    const store = await Thermocline.open({ path: at("unknown.db"), dim: 3 });
    await store.upsert([{ id: "a", vector: [1, 0, 0] }]);
    await store.close();
    expect(await cli("import", at("unknown.db"), at("texts.jsonl"))).toMatchObject({
      code: 2,
      err: expect.stringMatching(/give --embed/),
    });
    expect(await cli("import", at("unknown.db"), at("texts.jsonl"), "--embed", "hashing")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/holds vectors of 3, and hashing makes 512/),
    });
  });
});
