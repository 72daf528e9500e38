import { ThermoclineError } from "@thermocline/core";

/** Refuses a filter: what is wrong, and what to do. */
export function filterError(wrong: string, todo: string, cause?: unknown): never {
  throw new ThermoclineError("FILTER", `Filter: ${wrong}. ${todo}.`, { cause });
}
