import type { ThermoclineStore, ThermoclineStoreConfig } from "@thermocline/langchain/langgraph";
import { WordEmbeddings } from "../langchain-embeddings.js";

const KEYS = 7;
export const NAMESPACE = ["users", "ada"];

export function config(path: string): ThermoclineStoreConfig {
  return { path, index: { dims: 96, embeddings: new WordEmbeddings(), fields: ["texts[*]"] } };
}

/** What step `n` is about: a key, and the texts of its item, none where it is deleted. */
export function step(n: number): { readonly key: string; readonly texts: readonly string[] | undefined } {
  const texts = Array.from({ length: n % 4 }, (_, i) => `word${n} part${i}`);
  return { key: `${(n * 3) % KEYS}`, texts: n % 5 === 4 ? undefined : texts };
}

export async function doStep(store: ThermoclineStore, n: number): Promise<void> {
  const { key, texts } = step(n);
  if (texts) await store.put(NAMESPACE, key, { n, texts });
  else await store.delete(NAMESPACE, key);
}

/** The steps by which the items are what they are after so many. */
export function after(steps: number): ReadonlyMap<string, number> {
  const items = new Map<string, number>();
  for (let n = 0; n < steps; n++) {
    const { key, texts } = step(n);
    if (texts) items.set(key, n);
    else items.delete(key);
  }
  return items;
}
