import { wordsOf } from "./hashing.js";
import { type Passage, sentencesOf } from "./markdown.js";

/** What a citation names of a passage. */
export type Cited = Pick<Passage, "file" | "heading">;

/** What a model is told about the passages that follow. */
export const INSTRUCTIONS =
  "Answer the question from the passages below, and from nothing else. After each statement, give the number of its passage in " +
  "brackets, as [1]. Where the passages do not answer the question, say so.";

/** How many sentences an answer quotes at most. */
const QUOTES = 3;

/** A passage as a part of a prompt, under the number by which it is cited. */
export function passageForPrompt(source: Cited & { readonly text: string }, number: number): string {
  return `<passage number="${number}" source="${nameOf(source).replaceAll('"', "'")}">\n${source.text}\n</passage>`;
}

/** A line for each of the sources that an answer cites: its number, from 1, file and heading. */
export function citations(answer: string, sources: readonly Cited[]): string {
  return sources
    .flatMap((source, i) => (answer.includes(`[${i + 1}]`) ? [`[${i + 1}] ${nameOf(source)}`] : []))
    .join("\n");
}

function nameOf({ file, heading }: Cited): string {
  return heading === "" ? file : `${file} › ${heading}`;
}

/**
 * An answer without a language model: of the passages in a prompt, the sentences that have most of the question's words, each with
 * the number of its passage. A word counts the more, the fewer sentences have it.
 */
export function quote(prompt: string, question: string): string {
  const passages = prompt.matchAll(/<passage number="(\d+)" source="(.*)">\n([\s\S]*?)\n<\/passage>/g);
  const sentences = [...passages].flatMap(([, number, source = "", text = ""]) =>
    sentencesOf(text)
      .filter((sentence) => !source.endsWith(sentence)) // the heading itself
      .map((sentence) => ({ quotation: `“${sentence}” [${number}]`, words: new Set(wordsOf(sentence)) })),
  );
  const asked = [...new Set(wordsOf(question))].map((word) => {
    const having = sentences.filter(({ words }) => words.has(word)).length;
    return { word, weight: Math.log1p(sentences.length / having) };
  });
  const ranked = sentences
    .map(({ quotation, words }) => {
      const weights = asked.filter(({ word }) => words.has(word)).map(({ weight }) => weight);
      return { quotation, score: weights.reduce((sum, weight) => sum + weight, 0) / Math.sqrt(words.size + 8) };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score);
  const best = ranked[0]?.score ?? 0;
  const quoted = ranked.filter(({ score }) => score > best / 2).slice(0, QUOTES);
  return quoted.map(({ quotation }) => quotation).join("\n") || "The passages do not say.";
}
