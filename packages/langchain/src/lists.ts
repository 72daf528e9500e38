import { ThermoclineError } from "@thermocline/core";

/** Whether a value is a list; unlike `Array.isArray` it knows that a readonly one is an array too. */
export function isList<T>(value: T | readonly string[]): value is readonly string[] {
  return Array.isArray(value);
}

/** Refuses a list that does not go with the documents. */
export function sameNumber(what: string, list: ArrayLike<unknown>, documents: ArrayLike<unknown>): void {
  if (Array.isArray(list) && list.length === documents.length) return;
  const given = Array.isArray(list) ? `${list.length} ${what}` : `no list of ${what}`;
  throw new ThermoclineError("ARGUMENT", `Given: ${given} for ${documents.length} documents. Give one for each.`);
}
