import type { CodeBlock } from "./code-blocks.js";

/** One command of a page, as the words that a shell would hand on. */
export interface Command {
  readonly page: string;
  readonly line: number;
  readonly words: readonly string[];
  /** Of its block: `help-only` commands do not end by themselves, and are looked up in the program's help. */
  readonly marks: readonly string[];
}

/** The commands of blocks of shell, a line each. Nothing but words, quotes and comments is read. */
export function commandsOf(blocks: readonly CodeBlock[]): Command[] {
  return blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ page, line, marks, code }) =>
      code.split("\n").map((text, i) => ({ page, line: line + i, words: wordsOf(text), marks })),
    )
    .filter(({ words }) => words.length > 0);
}

export function wordsOf(text: string): string[] {
  const words = [...text.matchAll(/\s*(?:(#.*)|((?:"[^"]*"|'[^']*'|[^\s"'])+))/g)]
    .map(([, , word]) => word)
    .filter((word): word is string => word !== undefined);
  const special = words.find((word) => /[|<>&;`$]/.test(word.replace(/"[^"`$]*"|'[^']*'/g, "")));
  if (special !== undefined) throw new Error(`${text}: ${special} is more shell than tests read`);
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
