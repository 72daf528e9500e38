/** Components of a hashed vector. */
const DIM = 1024;

/** What a pair of words counts beside a word. */
const PAIR = 0.5;

const STOP_WORDS = new Set(
  `a about an and any are as at be been but by can could did do does for from had has have how i if in into is it its me my of on or
  our so than that the their them then there these they this to was we were what when where which who whom whose why will with would
  you your`.split(/\s+/),
);

/** The words of a text that say what it is about, in lower case and without a plural's s. */
export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? [];
  return words
    .filter((word) => !STOP_WORDS.has(word))
    .map((word) => (word.length > 3 ? word.replace(/(?<!s)s$/, "") : word));
}

/**
 * Embeds a text by feature hashing: each word, and each pair of words next to each other, adds to a component that its hash chooses.
 * It needs no model and no network, and two texts are similar when they have words in common. That is all: it knows no
 * synonyms and no meaning, and "car" is as far from "automobile" as from "banana".
 */
export function hashed(text: string): number[] {
  const words = wordsOf(text);
  const counts = new Map<string, number>();
  const count = (feature: string, weight: number) => counts.set(feature, (counts.get(feature) ?? 0) + weight);
  words.forEach((word, i) => {
    count(word, 1);
    if (i > 0) count(`${words[i - 1]} ${word}`, PAIR);
  });
  const vector = new Array<number>(DIM).fill(0);
  for (const [feature, times] of counts) {
    const hash = fnv1a(feature);
    const at = hash % DIM;
    // Features that share a component cancel out as often as they add up.
    vector[at] = (vector[at] ?? 0) + (hash >>> 31 ? 1 : -1) * Math.log1p(times);
  }
  // A text without words has a direction, too, which no other text has.
  if (vector.every((value) => !value)) vector[0] = 1e-6;
  return vector;
}

/** 32 bits of FNV-1a. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
