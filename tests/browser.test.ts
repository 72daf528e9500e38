import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StoreModules, Thermocline } from "@thermocline/core";
import type {
  openInWorker as open,
  removeStore as remove,
  StoreInWorker,
  verifyInWorker as verify,
} from "@thermocline/core/browser";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDataset } from "../examples/beir-scifact/src/dataset.js";
import { mean, ndcgAt } from "../examples/beir-scifact/src/metrics.js";
import { bundle, serve } from "../examples/browser/src/serve.js";
import { launchChromium } from "./support/chromium.js";

type Answers = (readonly [id: string, score: number])[][];

/** What the example's page leaves for the console. */
declare global {
  var running: Promise<{ store: StoreInWorker; answers: Answers; ndcg10: number; found: number; blocked: number }>;
  var openInWorker: typeof open;
  var removeStore: typeof remove;
  var verifyInWorker: typeof verify;
  var wasm: StoreModules;
}

const folder = mkdtempSync(join(tmpdir(), "thermocline-browser-"));
let server: Server;
let url: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  await bundle(folder);
  ({ server, url } = await serve(folder));
  browser = await launchChromium();
  context = await browser.newContext();
  page = await context.newPage();
}, 600_000);

afterAll(async () => {
  await browser?.close();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What the page found, once it has. */
async function found() {
  await page.waitForFunction("Boolean(globalThis.running)");
  return page.evaluate(async () => {
    const { store, answers, ndcg10, found, blocked } = await running;
    return { stats: await store.stats(), answers, ndcg10, found, blocked };
  });
}

describe("a page with SciFact on the browser's own disk", () => {
  let first: Awaited<ReturnType<typeof found>>;
  let bytes: Uint8Array;

  it("stores, codes and searches it as Node does", { timeout: 600_000 }, async () => {
    await page.goto(url);
    first = await found();
    const { stats } = first;
    expect(first.found).toBe(0);
    expect(stats).toMatchObject({ records: 5_183, hot: { rows: 500 }, cold: { rows: 4_683 }, codebook: { id: 1 } });
    expect(stats.kernel.backend).toBe("wasm");
    console.log(`nDCG@10 ${first.ndcg10}, longest task of the page ${first.blocked} ms, ${stats.kernel.isa}`);

    const { abstracts, abstractVectors, claims, claimVectors } = await loadDataset();
    const row = (of: typeof claimVectors, i: number) => of.values.subarray(i * of.dim, (i + 1) * of.dim);
    const store = await Thermocline.open({ cold: { bytes: 24, effort: "fast" } });
    await store.upsert(abstracts.map(({ id }, i) => ({ id, vector: row(abstractVectors, i), metadata: { row: i } })));
    await store.demote({ filter: { row: { $gte: 500 } } });
    const ranked = await Promise.all(claims.map((_, i) => store.query({ vector: row(claimVectors, i), k: 10 })));
    await store.close();
    const ndcg10 = mean(
      ranked.map((hits, i) =>
        ndcgAt(
          hits.map(({ id }) => id),
          claims[i]?.relevance ?? new Map(),
          10,
        ),
      ),
    );
    expect(Math.abs(first.ndcg10 - ndcg10)).toBeLessThan(0.002);
    expect(first.ndcg10).toBeGreaterThan(0.64);
  });

  it("answers the same from disk when it is loaded anew", { timeout: 60_000 }, async () => {
    await page.reload();
    const again = await found();
    expect(again.found).toBe(5_183);
    expect(again.stats.cold).toEqual(first.stats.cold);
    expect(again.answers).toEqual(first.answers);
  });

  it("gives bytes that open in Node with the same answers", { timeout: 60_000 }, async () => {
    const base64 = await page.evaluate(async () => {
      const bytes = await (await running).store.toBytes();
      return new Promise<string>((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(String(reader.result));
        reader.readAsDataURL(new Blob([bytes as BlobPart]));
      });
    });
    bytes = Buffer.from(base64.slice(base64.indexOf(",") + 1), "base64");
    const file = join(folder, "from-page.db");
    writeFileSync(file, bytes);
    const { claims, claimVectors } = await loadDataset();
    for (const store of [await Thermocline.fromBytes(bytes), await Thermocline.open({ path: file })]) {
      const { dim, values } = claimVectors;
      const answers = await Promise.all(
        claims.map((_, i) => store.query({ vector: values.subarray(i * dim, (i + 1) * dim), k: 10 })),
      );
      expect(answers.map((ten) => ten.map(({ id, score }) => [id, score]))).toEqual(first.answers);
      await store.close();
    }
  });

  it("is refused to a second tab, which is told what to do", { timeout: 60_000 }, async () => {
    const tab = await context.newPage();
    await tab.goto(url);
    await tab.waitForFunction("Boolean(globalThis.running)");
    const refused = await tab.evaluate(() => running.catch(({ code, message }) => ({ code, message })));
    expect(refused).toMatchObject({ code: "LOCKED", message: expect.stringMatching(/another tab .* close it there/) });
    await tab.close();
  });
});

describe("a store in a worker", () => {
  it("opens bytes that Node wrote", { timeout: 60_000 }, async () => {
    const store = await Thermocline.open();
    await store.upsert([
      { id: "a", vector: [1, 0], text: "\ufeffnorth\0", metadata: { deep: { list: [1, null] } } },
      { id: "b", vector: [0, 1] },
    ]);
    const expected = await store.query({ vector: [1, 0.5], includeVectors: true });
    const base64 = Buffer.from(await store.toBytes()).toString("base64");
    await store.close();
    const hits = await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
      const store = await openInWorker({ wasm }, { bytes });
      const hits = await store.query({ vector: [1, 0.5], includeVectors: true });
      await store.close();
      return hits.map((hit) => ({ ...hit, vector: Array.from(hit.vector ?? []) }));
    }, base64);
    expect(hits).toEqual(expected.map((hit) => ({ ...hit, vector: Array.from(hit.vector ?? []) })));
  });

  it("searches by words as Node does, and its index is kept on in Node", { timeout: 60_000 }, async () => {
    const records = [
      { id: "a", vector: [1, 0], text: "Überall rises warm water" },
      { id: "b", vector: [0, 1], text: "salt\0water sinks" },
      { id: "c", vector: [1, 1] },
    ];
    const queries = [
      { text: "UBERALL" },
      { text: "water salt", snippet: true },
      { text: "warm water", textMatch: "phrase", vector: [0, 1] },
      { text: "sinks", vector: [1, 0], alpha: 0.3 },
    ] as const;
    const inPage = await page.evaluate(
      async ({ records, queries }) => {
        const store = await openInWorker({ path: "words.db", dim: 2, wasm });
        await store.upsert(records);
        const answers = [];
        for (const query of queries) answers.push(await store.query(query));
        await store.upsert([{ id: "a", vector: [1, 0], text: "brine" }]);
        const later = await store.query({ text: "warm brine" });
        const bytes = Array.from(await store.toBytes());
        await store.close();
        return { answers, later, bytes };
      },
      { records, queries },
    );
    const store = await Thermocline.open({ dim: 2 });
    await store.upsert(records);
    for (const [i, query] of queries.entries()) expect(inPage.answers[i]).toEqual(await store.query(query));
    await store.close();
    expect(inPage.later.map(({ id }) => id)).toEqual(["a"]);
    const taken = await Thermocline.fromBytes(Uint8Array.from(inPage.bytes));
    expect(await taken.query({ text: "warm brine" })).toEqual(inPage.later);
    await taken.delete({ ids: ["a"] });
    expect(await taken.query({ text: "brine" })).toEqual([]);
    await taken.close();
  });

  it("lets signals, progress, callbacks that throw and typed errors through", { timeout: 60_000 }, async () => {
    const said = await page.evaluate(async () => {
      const store = await openInWorker({ dim: 64, wasm });
      const matrix = Float32Array.from({ length: 64 * 3_000 }, (_, i) => Math.sin(i));
      const records = Array.from({ length: 3_000 }, (_, i) => ({
        id: `${i}`,
        vector: matrix.subarray(i * 64, (i + 1) * 64),
      }));
      const outcome = (call: Promise<unknown>) =>
        call.then(
          (value) => ({ value, name: "", code: "", message: "", cause: "" }),
          (error) => ({ ...error, name: error.name, message: error.message, cause: String(error.cause) }),
        );
      const controller = new AbortController();
      const aborted = await outcome(
        store.upsert(records, { signal: controller.signal, onProgress: () => controller.abort("enough") }),
      );
      const thrown = await outcome(
        store.upsert(records, {
          onProgress: () => {
            throw new RangeError("mine");
          },
        }),
      );
      const nothing = await store.count();
      const steps: number[] = [];
      // The call after it waits its turn, and what was seen before the result is all of the progress.
      const writing = store.upsert(records, { onProgress: ({ done }) => steps.push(done) }).then(() => steps.length);
      const counted = store.count();
      const seen = await writing;
      const result = {
        aborted,
        thrown,
        nothing,
        counted: await counted,
        steps,
        seen,
        late: await outcome(store.upsert(records.slice(0, 1), { signal: AbortSignal.abort() })),
        dimension: await outcome(store.query({ vector: [1] })),
        predicate: await outcome(store.query({ vector: matrix.subarray(0, 64), filter: () => true })),
        option: await outcome(store.query({ vector: matrix.subarray(0, 64), limit: 3 } as never)),
        backup: await outcome(store.backup("copy.db")),
      };
      await store.close();
      return { ...result, closed: await outcome(store.count()) };
    });
    expect(said.aborted).toMatchObject({ code: "ABORTED", name: "AbortError", cause: "enough" });
    expect(said.thrown).toMatchObject({ name: "RangeError", message: "mine" });
    expect(said.nothing).toBe(0);
    expect(said.steps.at(-1)).toBe(3_000);
    expect(said.steps).toEqual([...said.steps].sort((a, b) => a - b));
    expect(said.seen).toBe(said.steps.length);
    expect(said.counted).toBe(3_000);
    expect(said.late.code).toBe("ABORTED");
    expect(said.dimension).toMatchObject({ code: "DIMENSION", message: expect.stringMatching(/vectors of 64/) });
    expect(said.predicate).toMatchObject({ code: "UNSUPPORTED", message: expect.stringMatching(/not a function/) });
    expect(said.option).toMatchObject({ code: "ARGUMENT", message: expect.stringMatching(/limit/) });
    expect(said.backup).toMatchObject({ code: "UNSUPPORTED", message: expect.stringMatching(/toBytes/) });
    expect(said.closed.code).toBe("CLOSED");
  });

  it("is verified in a worker of its own while no one has it open", { timeout: 60_000 }, async () => {
    const said = await page.evaluate(async () => {
      const path = "verified.db";
      const code = (call: Promise<unknown>) => call.then(String, (error) => error.code ?? error.message);
      const missing = await code(verifyInWorker(path, { wasm }));
      const store = await openInWorker({ path, wasm });
      await store.upsert(Array.from({ length: 2_000 }, (_, i) => ({ id: `${i}`, vector: [i, 1], text: `word${i}` })));
      await store.query({ text: "word7" });
      const held = await code(verifyInWorker(path, { wasm }));
      await store.close();
      const phases = new Set<string>();
      const report = await verifyInWorker(path, { wasm, onProgress: ({ phase }) => phases.add(phase) });
      const option = await code(verifyInWorker(path, { wasm, deep: true } as never));
      const aborting = new AbortController();
      const aborted = await code(
        verifyInWorker(path, { wasm, signal: aborting.signal, onProgress: () => aborting.abort() }),
      );
      const throwing = () => {
        throw new Error("mine");
      };
      const thrown = await code(verifyInWorker(path, { wasm, onProgress: throwing }));
      const late = await code(verifyInWorker(path, { wasm, signal: AbortSignal.abort() }));
      await removeStore(path);
      return { missing, held, report, phases: [...phases], option, aborted, thrown, late };
    });
    expect(said).toMatchObject({
      missing: "IO",
      held: "LOCKED",
      report: { ok: true, records: 2_000, textIndex: { compared: true } },
      phases: ["verify"],
      option: "ARGUMENT",
      aborted: "ABORTED",
      thrown: "mine",
      late: "ABORTED",
    });
  });

  it("keeps a store under its path until it is removed", { timeout: 60_000 }, async () => {
    const said = await page.evaluate(async () => {
      const path = "notes/2024 ä.db";
      const options = { path, wasm };
      const code = (call: Promise<unknown>) => call.then(String, (error) => error.code);
      const store = await openInWorker(options);
      await store.upsert([{ id: "a", vector: [1, 0] }]);
      const held = await code(removeStore(path));
      await store.close();
      const again = await openInWorker({ ...options, dim: 2 });
      const kept = await again.count();
      await again.close();
      const misfit = await code(openInWorker({ ...options, dim: 3 }));
      const removed = [await removeStore(path), await removeStore(path)];
      const fresh = await openInWorker(options);
      const empty = await fresh.count();
      await fresh.close();
      return { held, kept, misfit, removed, empty, last: await removeStore(path) };
    });
    expect(said).toEqual({
      held: "LOCKED",
      kept: 1,
      misfit: "DIMENSION",
      removed: [true, false],
      empty: 0,
      last: true,
    });
  });

  it("has every write that resolved and nothing of one that was cut off with its tab", {
    timeout: 60_000,
  }, async () => {
    const tab = await context.newPage();
    await tab.goto(url);
    await tab.waitForFunction("Boolean(globalThis.openInWorker)");
    await tab.evaluate(async () => {
      const records = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, i) => ({ id: `${from + i}`, vector: [i, 1], text: "x".repeat(2_000) }));
      const store = await openInWorker({ path: "cut.db", wasm });
      await store.upsert(records(0, 100));
      await new Promise<void>((resolve) => {
        void store.upsert(records(100, 20_000), { onProgress: ({ done }) => done > 5_000 && resolve() });
      });
    });
    await tab.close();
    const { records, found, last } = await page.evaluate(async () => {
      const store = await openInWorker({ path: "cut.db", wasm });
      const { records } = await store.stats();
      const ids = Array.from({ length: 100 }, (_, i) => `${i}`);
      const found = (await store.get(ids)).filter((record) => record?.text?.length === 2_000).length;
      const last = (await store.query({ vector: [99, 1], k: records, filter: {} })).length;
      await store.close();
      await removeStore("cut.db");
      return { records, found, last };
    });
    expect({ records, found, last }).toEqual({ records: 100, found: 100, last: 100 });
  });
});
