import { chmod, cp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { entriesOf, Packed } from "../support/packed.js";
import { answerOf } from "../support/program.js";
import { Project } from "../support/project.js";
import { Registry } from "../support/registry.js";

let packed: Packed;
let registry: Registry;
beforeAll(async () => {
  packed = await Packed.make({ everyPlatform: true });
  registry = await Registry.serve(packed.packages);
});
afterAll(async () => {
  registry?.end();
  await packed?.remove();
});

const asked = { found: "r7", tier: "cold" };
const addon = expect.stringMatching(new RegExp(`^native-${process.platform}-${process.arch}`));

describe("npm install", () => {
  let project: Project;
  beforeAll(async () => {
    project = await Project.make(registry.url);
    await project.install("@thermocline/core", "@thermocline/langchain", "@langchain/core");
  });
  afterAll(() => project?.remove());

  it("brings the addon of this platform and no other", async () => {
    expect(await project.installed()).toEqual(["core", "langchain", "native", addon, "wasm"]);
  });

  it("runs in memory and on a file", async () => {
    expect(await project.node("print.mjs")).toEqual({ ...asked, backend: "native" });
    expect(await answerOf(process.execPath, ["print.mjs", "memory.db"], { cwd: project.folder })).toMatchObject(asked);
  });

  it("runs in Bun and in Deno", async () => {
    const runtimes = await Project.make(registry.url);
    try {
      await runtimes.install("bun@1.4.5", "deno@2.9.6");
      // Deno's package finds its program itself, Bun's is put in place by a script.
      const [bun = ""] = (await readdir(runtimes.path("node_modules/@oven"))).filter(
        (name) => !name.includes("baseline"),
      );
      const programs = [
        [runtimes.path("node_modules/@oven", bun, "bin/bun"), ["print.mjs"]],
        [runtimes.path("node_modules/.bin/deno"), ["run", "-A", "--node-modules-dir=manual", "print.mjs"]],
      ] as const;
      for (const [program, args] of programs) {
        const options = { cwd: project.folder };
        expect(await answerOf(program, args, options)).toEqual({ ...asked, backend: "native" });
        const env = { THERMOCLINE_KERNEL: "wasm" };
        expect(await answerOf(program, args, { ...options, env })).toEqual({ ...asked, backend: "wasm" });
      }
    } finally {
      await runtimes.remove();
    }
  });
});

describe("npm install --omit=optional", () => {
  it("brings no addon, and WebAssembly runs", async () => {
    const project = await Project.make(registry.url);
    try {
      await project.install("--omit=optional", "@thermocline/core");
      expect(await project.installed()).toEqual(["core", "native", "wasm"]);
      expect(await project.node("print.mjs")).toMatchObject({ ...asked, backend: "wasm" });
    } finally {
      await project.remove();
    }
  });
});

describe("a folder as functions are deployed from: production dependencies, moved, and not to be written to", () => {
  it("runs with its store in the folder for temporary files", async () => {
    const project = await Project.make(registry.url);
    const place = join(tmpdir(), `thermocline-function-${process.pid}`);
    const store = `${place}.db`;
    try {
      await project.install("@thermocline/core");
      await project.install("--omit=dev");
      await cp(project.folder, place, { recursive: true, verbatimSymlinks: true });
      await rename(project.path("node_modules"), project.path("gone"));
      await chmod(place, 0o555);
      // Permissions are nothing to root.
      const nobody = process.getuid?.() === 0 ? { uid: 65_534 } : {};
      const options = { cwd: place, env: { HOME: "/nonexistent" }, ...nobody };
      expect(await answerOf(process.execPath, ["print.mjs", store], options)).toEqual({ ...asked, backend: "native" });
    } finally {
      await chmod(place, 0o755).catch(() => {});
      for (const path of [place, store, `${store}-wal`, `${store}-shm`])
        await rm(path, { recursive: true, force: true });
      await project.remove();
    }
  });
});

describe("every package", () => {
  it("is imported and required with its peers as npm chooses them", async () => {
    const project = await Project.make(registry.url);
    try {
      const packages = packed.packages.filter(({ name }) => !name.startsWith("@thermocline/native"));
      const peers = packages.flatMap(({ manifest }) => Object.keys(manifest.peerDependencies ?? {}));
      await project.install(...packages.map(({ name }) => name), ...new Set(peers));
      const entries = packages.flatMap(({ manifest }) => entriesOf(manifest));
      const esm = entries.filter(({ specifier }) => !specifier.endsWith("/worker")).map(({ specifier }) => specifier);
      const cjs = entries.filter((entry) => entry.cjs).map(({ specifier }) => specifier);
      await project.write(
        "imports.mjs",
        `import { createRequire } from "node:module";
        const require = createRequire(import.meta.url);
        const names = {};
        for (const name of ${JSON.stringify(esm)}) names[name] = Object.keys(await import(name)).length;
        for (const name of ${JSON.stringify(cjs)}) names[name + " required"] = Object.keys(require(name)).length;
        console.log(JSON.stringify(names));`,
      );
      const names = (await project.node("imports.mjs")) as Readonly<Record<string, number>>;
      expect(Object.entries(names).filter(([, count]) => count === 0)).toEqual([]);
      expect(Object.keys(names)).toHaveLength(esm.length + cjs.length);
    } finally {
      await project.remove();
    }
  });
});
