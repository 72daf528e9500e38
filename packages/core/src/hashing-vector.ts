/** Components of a hashed vector. */
const DIM = 512;

/** What three letters in a row count beside their word: forms of a word resemble each other by them. */
const PART = 0.3;

/**
 * A vector for a text without a model, offline: a unit vector of 512 components that says which words it has, and which three letters
 * in a row, by signed feature hashing (Weinberger et al. 2009). Texts are similar where they share words or stems; it knows no
 * synonyms. The same text has the same vector on every machine. `thermocline import --embed hashing` fills stores with these.
 *
 * @example
 * const store = await Thermocline.open({ path: "notes.db" });
 * const hits = await store.query({ vector: hashingVector("ocean currents"), k: 5 });
 */
export function hashingVector(text: string): Float32Array {
  const vector = new Float32Array(DIM);
  const words = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu);
  for (const word of words ?? []) {
    add(vector, word, 1);
    if (word.length < 4) continue;
    for (let i = 0; i + 3 <= word.length; i++) add(vector, `…${word.slice(i, i + 3)}`, PART);
  }
  let norm = length(vector);
  if (norm === 0) {
    // Nothing but signs, or words that cancel each other: the text as a whole.
    vector.fill(0);
    add(vector, `"${text}`, 1);
    norm = 1;
  }
  return vector.map((value) => value / norm);
}

function length(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}

/** Adds a feature at the component and with the sign that its hash gives (FNV-1a). */
function add(vector: Float32Array, feature: string, weight: number): void {
  let hash = 0x811c9dc5;
  for (let i = 0; i < feature.length; i++) hash = Math.imul(hash ^ feature.charCodeAt(i), 0x01000193);
  // The lowest bits of FNV are its weakest.
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 0;
  const at = (hash >>> 1) % vector.length;
  vector[at] = (vector[at] ?? 0) + (hash >>> 31 === 0 ? weight : -weight);
}
