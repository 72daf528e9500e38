import type { DocumentInterface } from "@langchain/core/documents";
import { sameNumber } from "./lists.js";
import type { AddOptions } from "./options.js";
import { Pace } from "./pace.js";

// UUIDs of version 8 leave their bits to whoever makes them: the twelve after the version say that an id is ours. So a
// generated id is a valid UUID anywhere, and is known again without a mark in the metadata.
const MARK = "87c1";
const GENERATED = new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${MARK}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);

function generateId(): string {
  const random = crypto.randomUUID();
  return `${random.slice(0, 14)}${MARK}${random.slice(18)}`;
}

/** Whether the store made this id for a document that came without one. */
export function isGeneratedId(id: string): boolean {
  return GENERATED.test(id);
}

/** The id of each document: the given one, else its own, else a new one. */
export async function idsOf(
  documents: readonly DocumentInterface[],
  given: AddOptions["ids"],
  signal?: AbortSignal,
): Promise<string[]> {
  if (given) sameNumber("ids", given, documents);
  const pace = new Pace(signal);
  const ids: string[] = [];
  for (const [i, document] of documents.entries()) {
    ids.push(given?.[i] ?? document.id ?? generateId());
    if (pace.due) await pace.pause();
  }
  return ids;
}
