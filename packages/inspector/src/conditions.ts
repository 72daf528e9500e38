import type { Filter } from "@thermocline/core";
import type { Condition } from "./source.js";

/** Conditions as a filter: those that ask for values of one field ask for any of them, all others must hold. */
export function filterOf(conditions: readonly Condition[]): Filter | undefined {
  const equal = new Map<string, Condition["value"][]>();
  const others: Filter[] = [];
  for (const { path, operator, value } of conditions) {
    if (operator !== "$eq") others.push({ [path]: { [operator]: value } } as Filter);
    else equal.set(path, [...(equal.get(path) ?? []), value]);
  }
  const all = [...[...equal].map(([path, values]) => ({ [path]: { $in: values } }) as Filter), ...others];
  return all.length === 0 ? undefined : ({ $and: all } as Filter);
}
