import { describe, expect, it } from "vitest";
import { codeBlocks, pagePrograms, pages } from "./support/code-blocks.js";
import { runProgram } from "./support/examples.js";
import { typeErrors } from "./support/type-check.js";

const programs = pages.flatMap((page) => pagePrograms(codeBlocks(page)));

/** Languages that a program, a command or nothing is written in: each is read by a test, or says nothing that could be wrong. */
const LANGUAGES = new Set(["ts", "js", "sh", "json", "text"]);

const MARKS = new Set(["continued", "types-only", "help-only"]);

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

  describe.each([...new Set(programs.filter(({ runs }) => runs).map(({ page }) => page))])("of %s", (page) => {
    it.each(programs.filter((program) => program.runs && program.page === page))(
      "print from line $line on what their comments say",
      { timeout: 60_000 },
      async ({ code }) => {
        const { printed, promised } = await runProgram(code);
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
    "```js types-only",
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
