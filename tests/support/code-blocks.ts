import { readFileSync } from "node:fs";
import { files, root } from "../../scripts/files.mjs";

/** A fenced block of a page of Markdown. */
export interface CodeBlock {
  /** The page's path from the root. */
  readonly page: string;
  /** The line that its code begins on, from 1. */
  readonly line: number;
  readonly language: string;
  /** Words after the language: `continued` goes on with the program before, those of `ELSEWHERE` run in tests of their own. */
  readonly marks: readonly string[];
  readonly code: string;
}

/** Blocks of a page that are one program, one after the other. */
export interface PageProgram {
  readonly page: string;
  readonly line: number;
  readonly language: "ts" | "js";
  readonly code: string;
  readonly runs: boolean;
}

/** Marks of blocks that Node cannot run as they are: each stands on one block of all pages, which a test of its own runs. */
export const ELSEWHERE: readonly string[] = ["vite-page", "esbuild-page", "workerd", "next-config"];

/** Every page whose blocks are run: those of the site that somebody wrote, and the README. */
export const pages: readonly string[] = ["README.md", ...files("docs/").filter((file) => file.endsWith(".md"))];

export function readPage(page: string): string {
  return readFileSync(root + page, "utf8");
}

/** The block that runs elsewhere, by its mark. */
export function blockFor(mark: string): CodeBlock {
  const blocks = pages.flatMap((page) => codeBlocks(page)).filter(({ marks }) => marks.includes(mark));
  const [block] = blocks;
  if (!block || blocks.length > 1) throw new Error(`${blocks.length} blocks are marked ${mark}; there should be one.`);
  return block;
}

export function codeBlocks(page: string, text: string = readPage(page)): CodeBlock[] {
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(({ index, 1: info = "", 2: code = "" }) => {
    const [language = "", ...marks] = info.trim().split(/\s+/);
    return { page, line: text.slice(0, index).split("\n").length + 1, language, marks, code };
  });
}

/**
 * The programs of a page. A block is one of its own unless it is marked `continued`; lines are kept where they stand in the page.
 * A program of a block that runs elsewhere does not run here.
 */
export function pagePrograms(blocks: readonly CodeBlock[]): PageProgram[] {
  const programs: PageProgram[] = [];
  for (const { page, line, language, marks, code } of blocks) {
    if (language !== "ts" && language !== "js") continue;
    const before = marks.includes("continued") ? programs.pop() : undefined;
    const runs = !marks.some((mark) => ELSEWHERE.includes(mark)) && before?.runs !== false;
    const first = before ?? { page, line, language, code: "" };
    const gap = "\n".repeat(line - first.line - first.code.split("\n").length + 1);
    programs.push({ ...first, code: first.code + gap + code, runs });
  }
  return programs;
}

/** All TypeScript of a page as one program, as READMEs of packages are written. */
export function wholeProgram(page: string): string {
  const blocks = codeBlocks(page).filter(({ language }) => language === "ts");
  return blocks.map(({ code }) => code).join("\n");
}
