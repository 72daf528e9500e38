import type { Condition } from "../catalogue/reader.js";
import { ThermoclineError } from "../errors.js";
import { parseFilter } from "../filter/parse.js";
import { compileFilter } from "../filter/sql.js";
import type { Selection } from "../types.js";
import { shown } from "./settings.js";
import { validId } from "./validate.js";

const EVERYTHING: Condition = { sql: "1", parameters: [] };

function compiled(filter: unknown): Condition {
  return compileFilter(parseFilter(filter), "records.metadata");
}

/** A filter as SQL over `records`; no filter holds for every record. */
export function conditionOf(filter: unknown): Condition {
  return filter === undefined || filter === null ? EVERYTHING : compiled(filter);
}

/** A selection, checked: ids, or a condition. */
export type Selected = { readonly ids: readonly string[] } | { readonly condition: Condition };

export function validSelection(selection: Selection): Selected {
  const given: object = typeof selection === "object" && selection !== null ? selection : {};
  const keys = Object.entries(given).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  const [key] = keys;
  if (keys.length !== 1 || (key !== "ids" && key !== "filter" && key !== "all")) {
    const named = keys.length === 0 ? shown(selection) : keys.join(" and ");
    throw new ThermoclineError("ARGUMENT", `The selection gives ${named}; give exactly one of ids, filter and all.`);
  }
  if (selection.ids !== undefined) {
    if (Array.isArray(selection.ids)) return { ids: selection.ids.map(validId) };
    throw new ThermoclineError("ARGUMENT", `ids is ${shown(selection.ids)}; give an array of strings.`);
  }
  if (selection.all !== undefined) {
    // Only the literal true empties a namespace: `all: false` is surely not meant to.
    if (selection.all === true) return { condition: EVERYTHING };
    throw new ThermoclineError(
      "ARGUMENT",
      `all is ${shown((given as { all?: unknown }).all)}; give true, or select by ids or filter.`,
    );
  }
  // Not conditionOf, to which a filter of null is none and so everything.
  return { condition: compiled(selection.filter) };
}
