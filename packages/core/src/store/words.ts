import type { SnippetStyle, Tokenizer } from "../catalogue/text-index.js";
import { ThermoclineError } from "../errors.js";
import type { QueryOptions, SnippetOptions, TextOptions } from "../types.js";
import { checkOptions } from "./options.js";
import { integer, oneOf, shown } from "./settings.js";

/** What a query says of texts, checked. */
export interface TextQuery {
  readonly text: string;
  readonly match: "any" | "all" | "phrase";
  readonly snippet: SnippetStyle | undefined;
  readonly fusion: "rrf" | "relative";
  /** The weight of vectors, 0 to 1; undefined: both rankings weigh 1. */
  readonly alpha: number | undefined;
}

/** The part of a query that says what to look for. */
export type Asked = Pick<QueryOptions, "vector" | keyof TextOptions>;

/** More words than that tell texts apart no better, and each has its price. */
const MAX_WORDS = 64;

/** FTS5 cuts snippets to this many tokens at most. */
const MAX_SNIPPET = 64;

const OF_TEXTS = ["textMatch", "snippet", "fusion", "alpha"] as const;

/** The options of a query that are about texts; undefined where it has no text. */
export function validTextQuery(options: Asked): TextQuery | undefined {
  const { text, vector, textMatch = "any", alpha } = options;
  if (text === undefined) {
    const idle = OF_TEXTS.find((name) => options[name] !== undefined);
    if (idle === undefined) return undefined;
    throw new ThermoclineError("ARGUMENT", `${idle} is for queries with a text; give text, or leave ${idle} out.`);
  }
  if (typeof text !== "string") {
    throw new ThermoclineError("ARGUMENT", `text is ${shown(text)}; give a string of words.`);
  }
  const match = oneOf("textMatch", textMatch, ["any", "all", "phrase"]);
  if (alpha !== undefined && !(typeof alpha === "number" && alpha >= 0 && alpha <= 1)) {
    throw new ThermoclineError("ARGUMENT", `alpha is ${shown(alpha)}; give a number from 0, words, to 1, vectors.`);
  }
  const byDefault = alpha === undefined ? "rrf" : "relative";
  const fusion = oneOf("fusion", options.fusion ?? byDefault, ["rrf", "relative"]);
  const idle = vector === undefined && (options.fusion !== undefined ? "fusion" : alpha !== undefined && "alpha");
  if (idle) {
    const why = "weighs words against a vector";
    throw new ThermoclineError("ARGUMENT", `${idle} ${why}; give a vector, too, or leave ${idle} out.`);
  }
  return { text, match, snippet: snippetStyle(options.snippet), fusion, alpha };
}

function snippetStyle(snippet: boolean | SnippetOptions | undefined): SnippetStyle | undefined {
  if (snippet === undefined || snippet === false) return undefined;
  const given = snippet === true ? {} : snippet;
  checkOptions("snippet", given);
  const { tokens = 32, open = "[", close = "]", ellipsis = "…" } = given;
  for (const [name, mark] of Object.entries({ open, close, ellipsis })) {
    if (typeof mark === "string" && !mark.includes("\0")) continue;
    throw new ThermoclineError("ARGUMENT", `snippet.${name} is ${shown(mark)}; give a string without U+0000.`);
  }
  return { tokens: integer("snippet.tokens", tokens, 1, MAX_SNIPPET), open, close, ellipsis };
}

/**
 * The words of a text as FTS5 is asked for them: quoted, so that nothing in them is its query language. Each is what the
 * tokenizer takes for one word, but for letters that are newer than its tables: then it is a phrase.
 */
export function wordsOf({ text, match }: Pick<TextQuery, "text" | "match">, tokenizer: Tokenizer): string[] {
  // The driver would end the text there.
  const plain = text.replaceAll("\0", " ");
  if (match === "phrase") return [quoted(plain)];
  // Pieces of three letters make no difference between letters and signs.
  const word = tokenizer === "trigram" ? /\S+/gu : /[\p{L}\p{N}\p{Co}][\p{L}\p{N}\p{Co}\p{M}]*/gu;
  const words = new Map<string, string>();
  for (const [found] of plain.matchAll(word)) {
    // Only to tell repeated words: in other letters than these, the tokenizer knows best.
    words.set(found.toLowerCase(), found);
    if (words.size === MAX_WORDS) break;
  }
  return [...words.values()].map(quoted);
}

function quoted(words: string): string {
  return `"${words.replaceAll('"', '""')}"`;
}
