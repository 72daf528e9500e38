/** Components of every `wordVector`. */
export const WORD_DIM = 96;

/** A vector for a text by the words in it: texts with words in common are similar, and none is the zero vector. */
export function wordVector(text: string): number[] {
  // A small constant part keeps texts without words from having no direction.
  const vector = new Array<number>(WORD_DIM).fill(0.01);
  for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
    let hash = 7;
    for (const letter of word) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003;
    vector[hash % WORD_DIM] = (vector[hash % WORD_DIM] ?? 0) + 1;
  }
  return vector;
}
