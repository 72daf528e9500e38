import type * as transformers from "@huggingface/transformers";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { citations, passageForPrompt, quote } from "../examples/passages/src/citing.js";
import { hashed } from "../examples/passages/src/hashing.js";
import type { Transformers } from "../examples/passages/src/local-models.js";
import { passagesOf, sentencesOf } from "../examples/passages/src/markdown.js";
import { chosenModel, optional, running } from "../examples/passages/src/models.js";

function cosine(a: string, b: string): number {
  const [u, v] = [hashed(a), hashed(b)];
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0);
  return dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v));
}

describe("passages of Markdown", () => {
  it("begin at headings, and name those above them", () => {
    const passages = passagesOf("a.md", "intro\n# One\nfirst\n### Deep #\ndeep\n## Two\nsecond\n");
    expect(passages.map(({ id, heading }) => [id, heading])).toEqual([
      ["a.md#", ""],
      ["a.md#one", "One"],
      ["a.md#deep", "One › Deep"],
      ["a.md#two", "One › Two"],
    ]);
    expect(passages[2]?.text).toBe("One › Deep\n\ndeep");
  });

  it("never share an id", () => {
    const ids = passagesOf("a.md", "# A 2\nx\n# A\nx\n# A\nx\n# A\nx\n").map(({ id }) => id);
    expect(ids).toEqual(["a.md#a-2", "a.md#a", "a.md#a-3", "a.md#a-4"]);
  });

  it("do not begin within fenced code", () => {
    expect(passagesOf("a.md", "# A\n```sh\n# no heading\n```\n")).toHaveLength(1);
  });

  it("hold all of a long section in parts", () => {
    const paragraphs = Array.from({ length: 40 }, (_, i) => `Paragraph ${i} ${"word ".repeat(20)}`.trim());
    const passages = passagesOf("a.md", `# Long\n\n${paragraphs.join("\n\n")}\n`);
    expect(passages.length).toBeGreaterThan(2);
    expect(passages.every(({ text }) => text.length < 2500)).toBe(true);
    const text = passages.map((passage) => passage.text.replace("Long\n\n", "")).join("\n\n");
    expect(text).toBe(paragraphs.join("\n\n"));
  });

  it("are sentences without markup", () => {
    const text =
      "**One** is\nhere. [Two](b.md) is, too.\n\n- an item\n- another\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```js\ncode();\n```\n";
    expect(sentencesOf(text)).toEqual(["One is here.", "Two is, too.", "an item", "another", "1 · 2"]);
  });
});

describe("hashing", () => {
  it("finds texts with words in common similar, and others not", () => {
    expect(cosine("deleted files", "How are files deleted?")).toBeGreaterThan(0.5);
    expect(Math.abs(cosine("deleted files", "tea with milk"))).toBeLessThan(0.2);
  });

  it("gives a text without words a direction", () => {
    expect(cosine("…", "!")).toBeCloseTo(1);
  });
});

describe("quoting", () => {
  const sources = [
    { file: "a.md", heading: "Tea", text: "Tea\n\nTea is drunk hot. Most tea is grown in hills." },
    { file: "b.md", heading: "", text: "Coffee is drunk hot, too." },
  ];
  const prompt = sources.map((source, i) => passageForPrompt(source, i + 1)).join("\n");

  it("gives the sentences with the question's words, and their passages' numbers", () => {
    const answer = quote(prompt, "Where is tea grown?");
    expect(answer).toBe("“Most tea is grown in hills.” [1]");
    expect(citations(answer, sources)).toBe("[1] a.md › Tea");
    expect(citations("[2] and [1]", sources)).toBe("[1] a.md › Tea\n[2] b.md");
  });

  it("says so when no sentence has any", () => {
    expect(quote(prompt, "Who won?")).toBe("The passages do not say.");
    expect(quote("no passages", "tea")).toBe("The passages do not say.");
  });
});

describe("MODEL", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("is offline unless it is set, and one of those that there are", () => {
    vi.stubEnv("MODEL", "");
    expect(chosenModel()).toBe("offline");
    vi.stubEnv("MODEL", "bard");
    expect(chosenModel).toThrow('MODEL is "bard"; it may be one of offline, openai, ollama, transformers.');
  });

  it("says how to install a package that is missing, and leaves other failures as they are", async () => {
    vi.stubEnv("MODEL", "openai");
    const load = (name: string) => import(/* @vite-ignore */ name);
    await expect(optional("not-installed", "1.0.0", load, "some-example")).rejects.toThrow(
      /^MODEL=openai needs the package not-installed\. .*\n .* --filter \.\/examples\/some-example add not-installed@1\.0\.0$/,
    );
    await expect(
      optional("broken", "1.0.0", () => Promise.reject(new Error("no GPU")), "some-example"),
    ).rejects.toThrow(/^no GPU$/);
    await expect(running("Ollama", "http://127.0.0.1:1")).rejects.toThrow(/needs Ollama, but nothing answers at http/);
  });
});

it("transformers.js has what is used of it", () => {
  expectTypeOf<typeof transformers>().toExtend<Transformers>();
});
