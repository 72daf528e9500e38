/** Around words that were found, in texts on their way to `pieces`: control characters that no text shows. */
export const OPEN = "\u0002";
export const CLOSE = "\u0003";

/** Letters of a text that is shown at once. */
const SHOWN = 320;

/** A marked text in pieces, of which those at odd places were found. */
export function piecesOf(marked: string): string[] {
  return marked.split(OPEN).flatMap((part) => part.split(CLOSE));
}

/** The beginning of a text, in such pieces, where words of a question are in it. */
export function highlighted(text: string, question: string): string[] {
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  const words = new Set(wordsOf(question).map(folded));
  const pieces = [""];
  for (const part of cut.split(/([\p{L}\p{N}]+)/u)) {
    if (words.has(folded(part)) && part !== "") pieces.push(part, "");
    else pieces[pieces.length - 1] += part;
  }
  return pieces;
}

function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Without case and accents, as the index of words has it. */
function folded(word: string): string {
  return word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
