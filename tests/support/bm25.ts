/** Texts by id; null where a record has none. */
export type Texts = ReadonlyMap<string, string | null>;

/** Words as FTS5's unicode61 cuts plain letters and digits. */
export function tokens(text: string): string[] {
  return (text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu) ?? []) as string[];
}

/** BM25 as SQLite documents it (k1 = 1.2, b = 0.75) of each text of `of` that has any of the words; statistics are those of `all`. */
export function bm25(query: string, all: readonly (string | null)[], of: Texts): ReadonlyMap<string, number> {
  const documents = all.flatMap((text) => (text === null ? [] : [tokens(text)]));
  const average = documents.reduce((sum, words) => sum + words.length, 0) / documents.length;
  const scores = new Map<string, number>();
  for (const word of new Set(tokens(query))) {
    const found = documents.filter((words) => words.includes(word)).length;
    const rarity = Math.log((documents.length - found + 0.5) / (found + 0.5));
    for (const [id, text] of of) {
      const words = text === null ? [] : tokens(text);
      const times = words.filter((other) => other === word).length;
      if (times === 0) continue;
      const saturated = (times * 2.2) / (times + 1.2 * (0.25 + (0.75 * words.length) / average));
      scores.set(id, (scores.get(id) ?? 0) + Math.max(rarity, 1e-6) * saturated);
    }
  }
  return scores;
}
