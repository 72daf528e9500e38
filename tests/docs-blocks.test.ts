import { mkdtempSync, rmSync } from "node:fs";
import { cp, rename } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env } from "@huggingface/transformers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../scripts/files.mjs";
import { blockFor, codeBlocks, ELSEWHERE, pagePrograms, pages } from "./support/code-blocks.js";
import { runProgram } from "./support/examples.js";
import { typeErrors } from "./support/type-check.js";

const programs = pages.flatMap((page) => pagePrograms(codeBlocks(page)));

/** Languages that a program, a command or nothing is written in: each is read by a test, or says nothing that could be wrong. */
const LANGUAGES = new Set(["ts", "js", "sh", "json", "text"]);

const MARKS = new Set(["continued", "help-only", ...ELSEWHERE]);

/** What programs of pages find in the folder that they run in, for those who have it from elsewhere. */
const FOUND: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "docs/moving-in.md": {
    "hnswlib-folder": `${root}tests/fixtures/moving-in/hnswlib-ip`,
    "faiss-folder": `${root}tests/fixtures/moving-in/faiss-l2`,
    storage: `${root}tests/fixtures/moving-in/llamaindex`,
  },
};

/** The model that a page names, and the one that stands in for it. */
const MODEL = "onnx-community/Qwen2.5-0.5B-Instruct";
const models = mkdtempSync(join(tmpdir(), "thermocline-models-"));

beforeAll(async () => {
  const model = join(models, MODEL);
  await cp(`${root}tests/fixtures/tiny-decoder/grouped`, model, { recursive: true });
  // Its weights are not quantised, but lie where those that are would.
  await rename(join(model, "onnx/model.onnx"), join(model, "onnx/model_q4.onnx"));
  env.allowRemoteModels = false;
  env.localModelPath = models;
});

afterAll(() => rmSync(models, { recursive: true }));

describe("blocks of the documentation", () => {
  it("are in languages that tests read, with marks that they know", () => {
    const others = pages
      .flatMap((page) => codeBlocks(page))
      .filter(({ language, marks }) => !LANGUAGES.has(language) || marks.some((mark) => !MARKS.has(mark)))
      .map(({ page, line, language, marks }) => `${page}:${line}: ${[language, ...marks].join(" ")}`);
    expect(others).toEqual([]);
  });

  it("have the types that they say, which is noticed where they do not", { timeout: 240_000 }, () => {
    const wrong = { page: "page.md", line: 7, language: "ts" as const, code: 'const a: number = "1";\n', runs: true };
    expect(typeErrors([...programs, wrong])).toEqual([expect.stringMatching(/^page\.md:7: Type 'string'/)]);
  });

  it("are JSON where they say so", () => {
    for (const { language, code } of pages.flatMap((page) => codeBlocks(page))) {
      if (language === "json") expect(() => JSON.parse(code)).not.toThrow();
    }
  });

  it("configure Next.js as a module that names our package, and the binaries that tracing does not see", async () => {
    const { default: config } = await import(
      `data:text/javascript,${encodeURIComponent(blockFor("next-config").code)}`
    );
    expect(Object.keys(config)).toEqual(["serverExternalPackages", "outputFileTracingIncludes"]);
    expect(config.serverExternalPackages).toEqual(["@thermocline/core"]);
    const folders = Object.values<string[]>(config.outputFileTracingIncludes).flat();
    expect(folders).toEqual(["./node_modules/@photostructure/sqlite/prebuilds/**"]);
  });

  describe.each([...new Set(programs.filter(({ runs }) => runs).map(({ page }) => page))])("of %s", (page) => {
    it.each(programs.filter((program) => program.runs && program.page === page))(
      "print from line $line on what their comments say",
      { timeout: 60_000 },
      async ({ code }) => {
        const { printed, promised } = await runProgram(code, {}, FOUND[page]);
        expect(printed).toEqual(promised);
      },
    );
  });
});

describe("a page's programs", () => {
  const page = [
    "```ts",
    "const a: number = 1;",
    "```",
    "words",
    "```ts continued",
    "console.log(a); // 2",
    "```",
    "```js next-config",
    "b",
    "```",
  ].join("\n");

  it("go on where they are marked, on their own lines", () => {
    const [first, second] = pagePrograms(codeBlocks("page.md", page));
    expect(first).toMatchObject({ line: 2, runs: true });
    expect(first?.code.split("\n").indexOf("console.log(a); // 2")).toBe(6 - 2);
    expect(second).toMatchObject({ line: 9, runs: false, language: "js" });
  });

  it("are refused where they print something else", async () => {
    const { printed, promised } = await runProgram("const a: number = 1;\nconsole.log(a); // 2\n");
    expect(printed).toEqual(["1"]);
    expect(promised).toEqual(["2"]);
  });
});
