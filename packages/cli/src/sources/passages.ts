import { fromMarkdown } from "mdast-util-from-markdown";
import { toString as plainText } from "mdast-util-to-string";

/** A part of a Markdown text: a section, or some paragraphs of a long one. */
export interface Passage {
  /** What it is called in its file, once each: `install`, and `install-2` where that is taken. */
  readonly slug: string;
  /** The heading that it stands under and those above that, as `Guide › Install`; empty above the first. */
  readonly heading: string;
  /** Where it begins and ends, in UTF-16 code units, as `slice` takes them. */
  readonly start: number;
  readonly end: number;
}

/** A passage that is at least so long ends with its paragraph. */
const LENGTH = 1_000;

/** A paragraph, a table or a block of code that is longer is cut, at a line or a space where there is one. */
const LONGEST = 2_000;

/** The passages of a text, in order: cut before each heading, and between paragraphs where a section is long. */
export function passagesOf(markdown: string): Passage[] {
  const passages: Passage[] = [];
  const taken = new Set<string>();
  const headings: string[] = [];
  let open: { readonly start: number; end: number; readonly heads: boolean } | undefined;

  const finish = () => {
    if (open === undefined) return;
    const titles = headings.filter((title) => title !== "");
    const section = slugOf(titles.at(-1) ?? "");
    let slug = section;
    for (let times = 2; taken.has(slug); times++) slug = `${section}-${times}`;
    taken.add(slug);
    passages.push({ slug, heading: titles.join(" › "), start: open.start, end: open.end });
    open = undefined;
  };

  for (const { type, depth, title, start, end } of blocksOf(markdown)) {
    if (type === "heading") {
      // A heading whose section has only sections of its own says nothing that they do not say.
      if (open?.heads && depth > headings.length && isHeadingOnly(markdown, open)) open = undefined;
      else finish();
      headings.splice(depth - 1);
      // A level that was left out is empty.
      while (headings.length < depth - 1) headings.push("");
      headings.push(title);
      open = { start, end, heads: true };
      continue;
    }
    for (const [from, to] of cut(markdown, start, end)) {
      if (open && to - open.start > LONGEST && !isHeadingOnly(markdown, open)) finish();
      open ??= { start: from, end: to, heads: false };
      open.end = to;
      if (open.end - open.start >= LENGTH) finish();
    }
  }
  finish();
  return passages;
}

interface Block {
  readonly type: string;
  readonly depth: number;
  readonly title: string;
  readonly start: number;
  readonly end: number;
}

/** The outermost blocks of a text: headings, paragraphs, lists, tables, code. What is before them (front matter) is none. */
function blocksOf(markdown: string): Block[] {
  const skipped = /^---\r?\n[\s\S]*?\r?\n---[ \t]*(\r?\n|$)/.exec(markdown)?.[0].length ?? 0;
  return fromMarkdown(markdown.slice(skipped)).children.flatMap((node) => {
    const [start, end] = [node.position?.start.offset, node.position?.end.offset];
    if (start === undefined || end === undefined || node.type === "definition") return [];
    const [depth, title] = node.type === "heading" ? [node.depth, plainText(node)] : [0, ""];
    return [{ type: node.type, depth, title, start: start + skipped, end: end + skipped }];
  });
}

function isHeadingOnly(markdown: string, { start, end }: { readonly start: number; readonly end: number }): boolean {
  const lines = markdown.slice(start, end).split(/\r?\n/);
  return lines.length === 1 || (lines.length === 2 && /^(=+|-+)\s*$/.test(lines[1] ?? ""));
}

/** A block in parts of at most `LONGEST`. */
function* cut(markdown: string, start: number, end: number): Generator<readonly [from: number, to: number]> {
  let from = start;
  while (end - from > LONGEST) {
    const part = markdown.slice(from, from + LONGEST);
    const at = Math.max(part.lastIndexOf("\n"), 0) || Math.max(part.lastIndexOf(" "), 0);
    // Never between the halves of a character.
    const to = from + (at || (/[\uD800-\uDBFF]$/.test(part) ? LONGEST - 1 : LONGEST));
    yield [from, to];
    from = to;
    while (from < end && /\s/.test(markdown[from] ?? "")) from += 1;
  }
  if (from < end) yield [from, end];
}

function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
}
