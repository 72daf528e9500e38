import type { Passage } from "./markdown.js";

/**
 * What has to be done so that a store holds these passages and no others. Embedding is what takes long or costs money, so only
 * passages that are new or have another text are embedded; their ids say which is which.
 */
export async function changesSince(
  stored: AsyncIterable<{ readonly id: string; readonly text?: string }>,
  passages: readonly Passage[],
): Promise<{ readonly changed: readonly Passage[]; readonly gone: string[] }> {
  const texts = new Map<string, string | undefined>();
  for await (const { id, text } of stored) texts.set(id, text);
  const changed = passages.filter(({ id, text }) => texts.get(id) !== text);
  for (const { id } of passages) texts.delete(id);
  return { changed, gone: [...texts.keys()] };
}
