import { ThermoclineError } from "@thermocline/core";

/** Whether a value is a list; unlike `Array.isArray` it knows that a readonly one is an array too. */
export function isList<T>(value: T | readonly string[]): value is readonly string[] {
  return Array.isArray(value);
}

/** Refuses lists that do not go together. */
export function sameNumber(what: string, list: ArrayLike<unknown>, documents: ArrayLike<unknown>): void {
  if (list.length === documents.length) return;
  const numbers = `${list.length} ${what} for ${documents.length} documents`;
  throw new ThermoclineError("ARGUMENT", `There are ${numbers}; give one for each.`);
}
