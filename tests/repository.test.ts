import { existsSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path/posix";
import { describe, expect, it } from "vitest";
import { dependencyViolations, importsOf, importViolation, saysUnsafe, violations } from "../scripts/check-rules.mjs";
import { files, root } from "../scripts/files.mjs";

const topLevel = new Set(files().flatMap((file) => (file.includes("/") ? [file.split("/")[0]] : [])));

/** Whether `path` is there, seen from `folder` or from any folder above it. */
function exists(path: string, folder: string): boolean {
  return existsSync(`${root}${folder}/${path}`) || (folder !== "." && exists(path, dirname(folder)));
}

/**
 * The paths that a page of Markdown names: targets of relative links, and code spans that look like a path of this
 * repository. Fenced blocks are programs and trees, not prose; patterns and build outputs are not files.
 */
function pathsIn(markdown: string): string[] {
  const prose = markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, "");
  const links = [...prose.matchAll(/\]\((?![a-z]+:|#)([^)\s#]+)/g)].map(([, target = ""]) => target);
  const spans = [...prose.matchAll(/`([^`\s]+)`/g)]
    .map(([, span = ""]) => span)
    .filter((span) => span.includes("/") && !/[*<>{}$()]|^@|^\/|:/.test(span))
    .filter((span) => topLevel.has(span.split("/")[0]) || /\.(ts|mts|mjs|rs|md|json|toml|ya?ml)$/.test(span));
  return [...links, ...spans].filter((path) => !/(^|\/)(dist|target|node_modules)(\/|$)/.test(path));
}

describe("the repository", () => {
  it("keeps the dependency rule", () => {
    expect(violations()).toEqual([]);
  });

  it("names only paths that exist in its prose", () => {
    const missing = files()
      .filter((file) => file.endsWith(".md"))
      .flatMap((page) => pathsIn(readFileSync(root + page, "utf8")).map((path) => ({ page, path })))
      .filter(({ page, path }) => !exists(path, dirname(page)));
    expect(missing).toEqual([]);
  });

  it("has no file whose name says nothing", () => {
    const vague = files().filter((file) => /^(utils?|helpers?|managers?|common|misc)\b/.test(basename(file)));
    expect(vague).toEqual([]);
  });
});

describe("the dependency rule", () => {
  it.each([
    ["packages/core/src/catalogue/file.ts", "../kernel/kernel.js"],
    ["packages/core/src/catalogue/file.ts", "../store.js"],
    ["packages/core/src/kernel/native.ts", "../catalogue/catalogue.js"],
    ["packages/core/src/filter/parse.ts", "../store/store.js"],
    ["packages/core/src/store/store.ts", "node:fs"],
    ["packages/core/src/catalogue/catalogue.ts", "node:path"],
    ["packages/core/src/kernel/load.ts", "./native.js"],
    ["packages/core/src/store/open.ts", "@sqlite.org/sqlite-wasm"],
    ["packages/core/src/spectral/npy.ts", "node:fs/promises"],
    ["packages/core/src/store/store.ts", "@thermocline/native"],
    ["packages/core/src/kernel/native.ts", "@photostructure/sqlite"],
    ["packages/core/src/index.ts", "@langchain/core/documents"],
    ["packages/langchain/src/store.ts", "../../core/src/index.js"],
    ["packages/langchain/src/store.ts", "@thermocline/core/dist/index.js"],
    ["packages/langchain/src/store.ts", "@thermocline/native"],
    ["packages/llamaindex/src/node-store.ts", "@llamaindex/core/schema"],
    ["packages/llamaindex/src/index.ts", "./vectorstores-vector-store.js"],
    ["packages/llamaindex/src/vectorstores.ts", "./llamaindex-vector-store.js"],
    ["packages/llamaindex/src/vectorstores-vector-store.ts", "@llamaindex/core/schema"],
    ["packages/llamaindex/src/llamaindex-vector-store.ts", "llamaindex"],
  ])("refuses %s importing %s", (file, specifier) => {
    expect(importViolation(file, specifier)).toBeTypeOf("string");
  });

  it.each([
    ["packages/core/src/catalogue/node-driver.ts", "node:fs"],
    ["packages/core/src/store/open.ts", "#driver"],
    ["packages/core/src/spectral/files.ts", "node:fs/promises"],
    ["packages/core/src/catalogue/file.ts", "../errors.js"],
    ["packages/core/src/store/store.ts", "../catalogue/catalogue.js"],
    ["packages/core/src/kernel/native.ts", "@thermocline/native"],
    ["packages/langchain/src/store.ts", "@thermocline/core"],
    ["packages/langchain/src/store.ts", "@langchain/core/vectorstores"],
    ["packages/llamaindex/src/llamaindex-vector-store.ts", "@llamaindex/core/schema"],
    ["packages/llamaindex/src/vectorstores-vector-store.ts", "@vectorstores/core"],
    ["packages/llamaindex/src/vectorstores.ts", "./vectorstores-vector-store.js"],
  ])("allows %s importing %s", (file, specifier) => {
    expect(importViolation(file, specifier)).toBeUndefined();
  });

  it("refuses a framework that a package depends on, and scripts that run where it is installed", () => {
    const manifest = { name: "a", version: "1.0.0", peerDependencies: { "@langchain/core": "^1.0.0" } };
    expect(dependencyViolations({ ...manifest, dependencies: { "@thermocline/core": "1.0.0" } })).toEqual([]);
    expect(dependencyViolations({ ...manifest, dependencies: { "@langchain/core": "^1.0.0" } })).toHaveLength(1);
    expect(dependencyViolations({ ...manifest, scripts: { postinstall: "node build.mjs" } })).toHaveLength(1);
  });

  it("sees every form of import and no example in a comment", () => {
    const source = `
      /** import { no } from "comment"; */
      // import "comment";
      import type { A } from "./a.js";
      export * from './b.js';
      import "./c.js";
      const d = await import("./d.js");
      const e = require("./e.js");
    `;
    expect(importsOf(source)).toEqual(["./a.js", "./b.js", "./c.js", "./d.js", "./e.js"]);
  });

  it("finds unsafe in code only", () => {
    expect(saysUnsafe('#![deny(unsafe_code)] // unsafe\nlet s = "unsafe"; /* unsafe */')).toBe(false);
    expect(saysUnsafe("let q = '\"'; unsafe { read(p) }")).toBe(true);
  });
});

describe("paths in prose", () => {
  it("are link targets and code spans that look like files", () => {
    const page =
      "See [the API](docs/api.md#top), `packages/core/src/none.ts`, `and/or`, `@langchain/core`.\n```\ntests/x.ts\n```\n";
    expect(pathsIn(page)).toEqual(["docs/api.md", "packages/core/src/none.ts"]);
  });
});
