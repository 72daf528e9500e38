import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import type { openInWorker, StoreInWorker } from "@thermocline/core/browser";
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
  var openInWorker: typeof import("@thermocline/core/browser").openInWorker;
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
  await page.waitForFunction("globalThis.running");
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
    const ndcg10 = mean(ranked.map((hits, i) => ndcgAt(hits.map(({ id }) => id), claims[i]?.relevance ?? new Map(), 10)));
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
});
