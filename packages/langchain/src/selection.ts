import { type Selection, ThermoclineError } from "@thermocline/core";
import { both, type ThermoclineFilter } from "./filter.js";
import { isList } from "./lists.js";
import type { DeleteOptions } from "./options.js";

/** What `delete` is about, in core's words. Nothing that could mean everything by mistake does. */
export function selectionOf(options: DeleteOptions | readonly string[], own: ThermoclineFilter | undefined): Selection {
  if (isList(options)) return { ids: options };
  const { ids, filter, deleteAll, ...others } = options ?? {};
  const given = [ids, filter, deleteAll].filter((value) => value !== undefined && value !== null);
  if (given.length !== 1 || (deleteAll ?? true) !== true || Object.keys(others).length > 0) {
    const keys = Object.keys(options ?? {}).join(" and ") || "nothing";
    const rule = "give exactly one of ids, filter and deleteAll: true";
    throw new ThermoclineError("ARGUMENT", `delete was called with ${keys}; ${rule}.`);
  }
  if (ids) return { ids };
  if (filter && Object.keys(filter).length === 0) {
    throw new ThermoclineError("ARGUMENT", "An empty filter holds for every document; say deleteAll: true for that.");
  }
  const narrowed = both(own, filter);
  if (narrowed === undefined) return { all: true };
  if (typeof narrowed !== "function") return { filter: narrowed };
  throw new ThermoclineError("UNSUPPORTED", "A function cannot say what to delete; give ids, or an object as filter.");
}
