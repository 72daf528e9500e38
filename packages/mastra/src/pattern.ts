import type { JsonValue } from "@thermocline/core";
import { filterError } from "./filter-error.js";

/** JavaScript's flags for what `$options` and `(?…)` may say. */
const FLAGS = /^[ims]*$/;

/**
 * What `$regex` and `$options` say, as a test of a value: a string that has a match, or an array with such an element. A pattern may
 * begin with its options, as in `(?i)sea`.
 */
export function patternTest(
  pattern: unknown,
  options: unknown,
  where: string,
): (value: JsonValue | undefined) => boolean {
  if (typeof pattern !== "string" && !(pattern instanceof RegExp)) {
    filterError(`$regex on ${where} is no pattern`, "Give a string or a RegExp");
  }
  const source = typeof pattern === "string" ? pattern : pattern.source;
  const [opening = "", own = ""] = /^\(\?([a-z]+)\)/.exec(source) ?? [];
  // Where a search goes on is of no meaning here, and would make the test remember the one before.
  const given = options ?? (typeof pattern === "string" ? "" : pattern.flags.replace(/[^imsuv]/g, ""));
  if (typeof given !== "string" || !FLAGS.test(given.replace(/[uv]/g, "")) || !FLAGS.test(own)) {
    filterError(`$options on ${where} are ${JSON.stringify(`${String(given)}${own}`)}`, "Use the letters i, m and s");
  }
  let expression: RegExp;
  try {
    expression = new RegExp(source.slice(opening.length), [...new Set(given + own)].join(""));
  } catch (cause) {
    filterError(`$regex on ${where} is no pattern of JavaScript`, "Correct it", cause);
  }
  const matches = (value: JsonValue | undefined) => typeof value === "string" && expression.test(value);
  return (value) => matches(value) || (Array.isArray(value) && value.some(matches));
}
