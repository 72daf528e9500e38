// The blocks of pages that need a page of a browser, or an edge runtime: their very text is bundled and run there.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import * as esbuild from "esbuild";
import type { Browser } from "playwright-core";
import * as vite from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../scripts/files.mjs";
import { launchChromium } from "./support/chromium.js";
import { blockFor } from "./support/code-blocks.js";
import { promisesOf } from "./support/examples.js";
import { serveFolder } from "./support/serve-folder.js";
import { serveOnEdge } from "./support/workerd.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-docs-"));
const HTML =
  '<!doctype html><title>-</title><link rel="icon" href="data:,"><script type="module" src="./main.js"></script>';
let browser: Browser;

beforeAll(async () => {
  // As in a project into which they were installed: packages as they are published.
  symlinkSync(`${root}tests/node_modules`, join(folder, "node_modules"));
  browser = await launchChromium();
}, 600_000);

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function project(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

/** What a page logs until it has logged `lines` lines, or thrown. */
async function printedBy(served: string, lines: number): Promise<string[]> {
  const { server, url } = await serveFolder(served);
  // A context of its own has a disk of its own.
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const printed: string[] = [];
    await new Promise<void>((resolve, reject) => {
      page.on("pageerror", reject);
      page.on("console", (message) => {
        if (message.type() === "error") return reject(new Error(message.text()));
        if (message.type() === "log" && printed.push(message.text()) === lines) resolve();
      });
      page.goto(url).catch(reject);
    });
    return printed;
  } finally {
    await context.close();
    server.close();
  }
}

describe("blocks of the documentation for pages", () => {
  it("print what their comments say, built by Vite", { timeout: 120_000 }, async () => {
    const { code } = blockFor("vite-page");
    const path = project("vite", { "index.html": HTML.replace("main.js", "main.ts"), "main.ts": code });
    await vite.build({ root: path, logLevel: "error" });
    const promised = promisesOf(code);
    expect(promised.length).toBeGreaterThan(0);
    expect(await printedBy(join(path, "dist"), promised.length)).toEqual(promised);
  });

  it("print what their comments say, bundled by esbuild as the page says", { timeout: 120_000 }, async () => {
    const { code } = blockFor("esbuild-page");
    const path = project("esbuild", { "index.html": HTML, "main.ts": code });
    await esbuild.build({
      entryPoints: { main: join(path, "main.ts"), worker: "@thermocline/core/worker" },
      absWorkingDir: path,
      outdir: path,
      bundle: true,
      format: "esm",
      loader: { ".wasm": "file" },
      logLevel: "error",
    });
    const promised = promisesOf(code);
    expect(promised.length).toBeGreaterThan(0);
    expect(await printedBy(path, promised.length)).toEqual(promised);
  });
});

describe("the block of the documentation for edge runtimes", () => {
  it("answers in workerd from the bytes that its bucket has", { timeout: 120_000 }, async () => {
    const path = project("edge", {
      "documented.ts": blockFor("workerd").code,
      // A bucket that keeps what is sent to it, in the place of Cloudflare's.
      "worker.ts": `
        import documented from "./documented.js";
        const objects = new Map();
        const BUCKET = { get: async (name) => ({ arrayBuffer: async () => objects.get(name) }) };
        export default {
          async fetch(request) {
            if (request.method === "POST") return documented.fetch(request, { BUCKET });
            objects.set(new URL(request.url).pathname.slice(1), await request.arrayBuffer());
            return new Response();
          },
        };`,
    });
    const store = await Thermocline.open({ dim: 2 });
    await store.upsert([
      { id: "a", vector: [1, 0], text: "north", metadata: { n: 1 } },
      { id: "b", vector: [0, 1], text: "east" },
    ]);
    const bytes = await store.toBytes();
    const expected = await store.query({ vector: [1, 0.5], k: 5 });
    await store.close();
    const edge = await serveOnEdge(join(path, "worker.ts"), path);
    try {
      await fetch(`${edge.url}/memory.db`, { method: "PUT", body: bytes as BodyInit });
      const response = await fetch(edge.url, { method: "POST", body: "[1, 0.5]" });
      expect(await response.json()).toEqual(expected);
      expect(expected.map(({ id }) => id)).toEqual(["a", "b"]);
    } finally {
      edge.end();
    }
  });
});
