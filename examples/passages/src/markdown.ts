import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** What stands under one heading of a Markdown file, or a part of it where that is long. */
export interface Passage {
  /** `guide.md#install`; of the second part of that section, and of a second heading of that name, `guide.md#install-2`. */
  readonly id: string;
  /** The file's path from the folder that was read, with slashes. */
  readonly file: string;
  /** The heading and those above it, as `Guide › Install`; empty above the first. */
  readonly heading: string;
  /** The heading in a paragraph of its own, as its words help to find the passage, and what stands under it. */
  readonly text: string;
}

/** A passage ends at the first empty line after so many characters, and in any case at the end of a line after twice as many. */
const LENGTH = 1000;

/** The passages of all Markdown files in a folder and the folders in it, in the order of their paths. */
export async function readMarkdown(folder: string): Promise<Passage[]> {
  const files = (await readdir(folder, { recursive: true }))
    .map((file) => file.replaceAll(path.sep, "/"))
    .filter((file) => /\.(md|markdown)$/i.test(file) && !/(^|\/)(node_modules|\.[^/]*)\//.test(file))
    .sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), "utf8")));
  return files.flatMap((file, i) => passagesOf(file, texts[i] ?? ""));
}

/** The passages of one file. A `#` in a fenced block is no heading. */
export function passagesOf(file: string, markdown: string): Passage[] {
  const passages: Passage[] = [];
  const ids = new Set<string>();
  const headings: string[] = [];
  let lines: string[] = [];
  let length = 0;
  let fenced = false;

  const finish = () => {
    const body = lines.join("\n").trim();
    lines = [];
    length = 0;
    if (body === "") return;
    const titles = headings.filter((title) => title !== "");
    const section = `${file}#${slugOf(titles.at(-1) ?? "")}`;
    let id = section;
    for (let times = 2; ids.has(id); times++) id = `${section}-${times}`;
    ids.add(id);
    const heading = titles.join(" › ");
    passages.push({ id, file, heading, text: heading === "" ? body : `${heading}\n\n${body}` });
  };

  for (const line of markdown.split(/\r?\n/)) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const [, marks = "", title = ""] = (!fenced && /^(#{1,6})\s+(.+?)(\s+#+)?\s*$/.exec(line)) || [];
    if (marks !== "") {
      finish();
      headings.splice(marks.length - 1);
      // A level that was left out is empty.
      while (headings.length < marks.length - 1) headings.push("");
      headings.push(title);
      continue;
    }
    if (length > (line === "" && !fenced ? LENGTH : 2 * LENGTH)) finish();
    lines.push(line);
    length += line.length;
  }
  finish();
  return passages;
}

function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
}

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });

/** The sentences of a Markdown text without its markup. A row of a table counts as one; its head and fenced blocks are left out. */
export function sentencesOf(markdown: string): string[] {
  const blocks: string[] = [];
  let block = "";
  const finish = () => {
    if (block !== "") blocks.push(block);
    block = "";
  };
  for (const line of markdown.replace(/^\s*(```|~~~)[\s\S]*?^\s*\1/gm, "").split("\n")) {
    const content = line.replace(/^\s*(?:[-*+>]|\d+[.)])\s+/, "").trim();
    const row = /^\|(.*)\|$/.exec(content)?.[1];
    if (content === "" || content !== line.trim() || row !== undefined) finish();
    if (row === undefined) block += `${block && " "}${content}`;
    else if (/^[\s|:-]*-[\s|:-]*$/.test(row)) blocks.pop();
    else blocks.push(cellsOf(row).join(" · "));
  }
  finish();
  return blocks.flatMap((text) => {
    const plain = text.replace(/\*\*|__/g, "").replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1");
    return plain === "" ? [] : [...sentences.segment(plain)].map(({ segment }) => segment.trim());
  });
}

function cellsOf(row: string): string[] {
  const cells = row.split("|").map((cell) => cell.trim());
  return cells.filter((cell) => cell !== "");
}
