import { cp, readdir, rename } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchChromium } from "../support/chromium.js";
import { Packed } from "../support/packed.js";
import { Project } from "../support/project.js";
import { Registry } from "../support/registry.js";
import { serveFolder } from "../support/serve-folder.js";

const asked = { found: "r7", tier: "cold" };
const files = {
  "webpack.config.mjs": `
    import path from "node:path";
    const base = { target: "node20", mode: "production", entry: "./print.mjs" };
    const output = (name) => ({ path: path.resolve("out", name), filename: "main.cjs" });
    export default [
      { ...base, name: "whole", output: output("webpack") },
      { ...base, name: "external", output: output("webpack-external"), externals: [/^@thermocline\\//], externalsType: "commonjs" },
    ];`,
  "index.html": '<!doctype html><script type="module" src="/page.mjs"></script>',
  "page.mjs": `
    import { ask } from "./ask.mjs";
    globalThis.answer = ask();`,
  "vite.whole.mjs":
    'export default { ssr: { noExternal: true }, build: { ssr: "print.mjs", outDir: "out/vite-whole" } };',
};

let packed: Packed;
let registry: Registry;
let project: Project;
beforeAll(async () => {
  packed = await Packed.make({ everyPlatform: true });
  registry = await Registry.serve(packed.packages);
  project = await Project.make(registry.url, files);
  const ours = ["@thermocline/core", "@sqlite.org/sqlite-wasm@3.54.1-build1"];
  await project.install(...ours, "esbuild@0.28.2", "webpack@5.112.2", "webpack-cli@6.0.1", "vite@8.3.8");
});
afterAll(async () => {
  registry?.end();
  await Promise.all([packed?.remove(), project?.remove()]);
});

/** Runs `work` where the addon is not installed. */
async function withoutAddon(work: () => Promise<void>): Promise<void> {
  const native = project.path("node_modules/@thermocline/native");
  await rename(native, `${native}-aside`);
  try {
    await work();
  } finally {
    await rename(`${native}-aside`, native);
  }
}

const esbuild = (...args: readonly string[]) =>
  project.tool("esbuild", ["print.mjs", "--bundle", "--platform=node", "--log-level=warning", ...args]);

describe("esbuild", () => {
  it.each(["esm", "cjs"])("bundles all but binaries, which are found beside the bundle: %s", async (format) => {
    const file = `out/esbuild.${format === "esm" ? "mjs" : "cjs"}`;
    await esbuild(`--format=${format}`, `--outfile=${file}`);
    expect(await project.node(file)).toEqual({ ...asked, backend: "native" });
  });

  it("leaves packages out, and then WebAssembly is found, too", async () => {
    await esbuild("--format=esm", "--packages=external", "--outfile=out/external.mjs");
    expect(await project.node("out/external.mjs")).toEqual({ ...asked, backend: "native" });
    await withoutAddon(async () => {
      expect(await project.node("out/external.mjs")).toMatchObject({ ...asked, backend: "wasm" });
    });
  });
});

describe("webpack", () => {
  it("bundles it whole or leaves it out, without a warning", async () => {
    await project.tool("webpack", ["--fail-on-warnings"]);
    expect(await project.node("out/webpack-external/main.cjs")).toEqual({ ...asked, backend: "native" });
    expect(await project.node("out/webpack/main.cjs")).toEqual({ ...asked, backend: "native" });
    await withoutAddon(async () => {
      expect(await project.node("out/webpack/main.cjs")).toMatchObject({ ...asked, backend: "wasm" });
    });
  });
});

describe("Vite", () => {
  it("builds for servers, with packages left out or in", async () => {
    await project.tool("vite", ["build", "--ssr", "print.mjs", "--outDir", "out/vite-ssr"]);
    await project.tool("vite", ["build", "-c", "vite.whole.mjs"]);
    expect(await project.node("out/vite-ssr/print.js")).toEqual({ ...asked, backend: "native" });
    expect(await project.node("out/vite-whole/print.js")).toEqual({ ...asked, backend: "native" });
    await withoutAddon(async () => {
      expect(await project.node("out/vite-ssr/print.js")).toMatchObject({ ...asked, backend: "wasm" });
    });
  });

  it("builds a page, which runs", async () => {
    await project.tool("vite", ["build", "--outDir", "out/page", "--emptyOutDir"]);
    await cp(project.path("out/page"), project.path("page"), { recursive: true });
    expect((await readdir(project.path("page/assets"))).filter((name) => name.endsWith(".node"))).toEqual([]);
    const { server, url } = await serveFolder(project.path("page"));
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(url);
      await page.waitForFunction("Boolean(globalThis.answer)");
      expect(await page.evaluate("globalThis.answer")).toMatchObject({ ...asked, backend: "wasm" });
    } finally {
      await browser.close();
      server.close();
    }
  });
});
