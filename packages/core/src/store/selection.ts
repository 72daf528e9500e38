import type { Condition } from "../catalogue/reader.js";
import { ThermoclineError } from "../errors.js";
import { parseFilter } from "../filter/parse.js";
import { compileFilter, filterFields } from "../filter/sql.js";
import type { Selection } from "../types.js";
import type { Filtering } from "./masks.js";
import { shown } from "./settings.js";
import { validId } from "./validate.js";

export const EVERYTHING: Condition = { sql: "1", parameters: [] };

function checked(filter: unknown): Filtering {
  const node = parseFilter(filter);
  return {
    key: JSON.stringify(node),
    node,
    condition: compileFilter(node, "records.metadata"),
    paths: filterFields(node),
  };
}

/** A filter that was checked; undefined for none, which holds for every record. */
export function filteringOf(filter: unknown): Filtering | undefined {
  return filter === undefined || filter === null ? undefined : checked(filter);
}

/** A selection, checked: ids, or a filter, or without one everything. */
export type Selected = { readonly ids: readonly string[] } | { readonly filtering: Filtering | undefined };

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
    if (selection.all === true) return { filtering: undefined };
    throw new ThermoclineError(
      "ARGUMENT",
      `all is ${shown((given as { all?: unknown }).all)}; give true, or select by ids or filter.`,
    );
  }
  // Not filteringOf, to which a filter of null is none and so everything.
  return { filtering: checked(selection.filter) };
}
