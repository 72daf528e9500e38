import type { Document } from "@langchain/core/documents";
import { type Filter, ThermoclineError } from "@thermocline/core";

/**
 * What a search can be narrowed by: Mongo-style conditions on the metadata, which the database answers, or a function of
 * the document, for what they cannot say.
 *
 * @example
 * const recent: ThermoclineFilter = { year: { $gte: 2015 }, lang: { $in: ["en", "de"] } };
 * const short: ThermoclineFilter = (document) => document.pageContent.length < 200;
 */
export type ThermoclineFilter = Filter | ((document: Document) => boolean);

/** One filter that holds where both hold; an absent one holds everywhere. */
export function both(
  own: ThermoclineFilter | null | undefined,
  given: ThermoclineFilter | null | undefined,
): ThermoclineFilter | undefined {
  const one = own ?? undefined;
  const other = given ?? undefined;
  if (one === undefined || other === undefined) return one ?? other;
  if (typeof one === "function" && typeof other === "function") return (document) => one(document) && other(document);
  if (typeof one !== "function" && typeof other !== "function") return { $and: [one, other] };
  const rule = "give both as objects, or both as functions";
  throw new ThermoclineError("UNSUPPORTED", `The store's own filter and the call's are of different kinds; ${rule}.`);
}
