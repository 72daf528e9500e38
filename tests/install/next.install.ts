import { spawn } from "node:child_process";
import { cp, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blockFor } from "../support/code-blocks.js";
import { Packed } from "../support/packed.js";
import { Project } from "../support/project.js";
import { Registry } from "../support/registry.js";

const asked = { found: "r7", tier: "cold" };
const files = {
  "documented.mjs": blockFor("next-config").code,
  "next.config.mjs": `
    import documented from "./documented.mjs";
    export default process.env.EXTERNAL
      ? { output: "standalone", outputFileTracingRoot: import.meta.dirname, ...documented }
      : { distDir: "whole" };`,
  "app/layout.jsx": `
    export default function Layout({ children }) {
      return <html lang="en"><body>{children}</body></html>;
    }`,
  "app/page.jsx": `
    import { ask } from "../ask.mjs";
    export const dynamic = "force-dynamic";
    export default async function Page() {
      return <pre>{encodeURIComponent(JSON.stringify(await ask()))}</pre>;
    }`,
  "app/ask/route.js": `
    import { ThermoclineVectorStore } from "@thermocline/langchain";
    import { ask } from "../../ask.mjs";
    export const dynamic = "force-dynamic";
    export const GET = async () => Response.json({ ...(await ask()), adapter: typeof ThermoclineVectorStore });`,
};

let packed: Packed;
let registry: Registry;
let project: Project;
beforeAll(async () => {
  packed = await Packed.make({ everyPlatform: true });
  registry = await Registry.serve(packed.packages);
  project = await Project.make(registry.url, files);
  const ours = ["@thermocline/core", "@thermocline/langchain", "@langchain/core"];
  await project.install(...ours, "next@16.4.6", "react@19", "react-dom@19");
});
afterAll(async () => {
  registry?.end();
  await Promise.all([packed?.remove(), project?.remove()]);
});

/** Starts a server of Next, asks its route handler and its server component, and ends it. */
async function answers(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { THERMOCLINE_KERNEL: _, ...own } = process.env;
  const port = String(20_000 + Math.floor(Math.random() * 20_000));
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...own, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1", PORT: port, HOSTNAME: "127.0.0.1", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code) => reject(new Error(`Next ended with ${code}`)));
      createInterface({ input: child.stdout }).on("line", (line) => /Ready/.test(line) && resolve());
    });
    const url = `http://127.0.0.1:${port}`;
    const route = (await (await fetch(`${url}/ask`)).json()) as object;
    const html = await (await fetch(url)).text();
    const [, component = ""] = html.match(/<pre>(.*?)<\/pre>/) ?? [];
    return { route, component: JSON.parse(decodeURIComponent(component.replaceAll("&#x27;", "'"))) as object };
  } finally {
    child.kill();
  }
}

describe("Next.js with the packages external", () => {
  it("runs its standalone output elsewhere, on the addon and without it on WebAssembly", async () => {
    const elsewhere = `${project.folder}-standalone`;
    await project.tool("next", ["build"], { EXTERNAL: "1" });
    await cp(project.path(".next/standalone"), elsewhere, { recursive: true, verbatimSymlinks: true });
    try {
      const native = await answers(elsewhere, ["server.js"]);
      expect(native.route).toEqual({ ...asked, backend: "native", adapter: "function" });
      expect(native.component).toEqual({ ...asked, backend: "native" });
      await rm(`${elsewhere}/node_modules/@thermocline/native`, { recursive: true });
      const wasm = await answers(elsewhere, ["server.js"]);
      expect(wasm.route).toMatchObject({ ...asked, backend: "wasm" });
      expect(wasm.component).toMatchObject({ ...asked, backend: "wasm" });
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });
});

describe("Next.js without a word about them", () => {
  it("bundles them, and runs on the addon", async () => {
    await project.tool("next", ["build"]);
    const { route, component } = await answers(project.folder, ["node_modules/next/dist/bin/next", "start"]);
    expect(route).toMatchObject({ ...asked, backend: "native" });
    expect(component).toEqual({ ...asked, backend: "native" });
  });
});
