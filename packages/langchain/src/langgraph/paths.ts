import { type JsonValue, ThermoclineError } from "@thermocline/core";

/** One step into a value: a key, an element from the front or the back, all of what is there, or several paths at once. */
type Step =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "element"; readonly at: number }
  | { readonly kind: "elements" }
  | { readonly kind: "any" }
  | { readonly kind: "several"; readonly paths: readonly FieldPath[] };

/** A path into a value, parsed. Without steps it means all of the value. */
export type FieldPath = readonly Step[];

/** What stands between dots: braces, and around them brackets and names. */
const TOKEN = /\{([^{}]*)\}|\[([^[\]]*)\]|([^.{}[\]]+)|(\.)|(.)/gsu;

/**
 * Parses the paths of LangGraph's `index`: `a.b`, `a[0]`, `a[-1]`, `a[*].b`, `*`, `{a,b.c}`, and `$` for all of the value.
 *
 * @throws ThermoclineError `ARGUMENT` for what is no path
 */
export function parsePath(path: unknown): FieldPath {
  if (typeof path !== "string" || path === "") refuse(path);
  const steps: Step[] = [];
  for (const [, several, element, key, dot] of path.matchAll(TOKEN)) {
    if (several !== undefined) {
      steps.push({ kind: "several", paths: several.split(",").map((one) => parsePath(one.trim())) });
    } else if (element === "*") steps.push({ kind: "elements" });
    else if (element !== undefined && /^-?\d+$/.test(element)) steps.push({ kind: "element", at: Number(element) });
    else if (key === "*") steps.push({ kind: "any" });
    else if (key !== undefined) steps.push({ kind: "key", key });
    else if (dot === undefined) refuse(path);
  }
  const [first] = steps;
  return first?.kind === "key" && first.key === "$" ? steps.slice(1) : steps;
}

function refuse(path: unknown): never {
  const rule = 'give one as "a.b", "list[0]", "list[*].a", "*" or "{a,b}", or "$" for all';
  throw new ThermoclineError("ARGUMENT", `${JSON.stringify(path)} is no path into a value; ${rule}.`);
}

/** The texts at a path: strings as they are, numbers and booleans in words, objects and arrays as JSON. Blank ones are none. */
export function textsAt(value: JsonValue, path: FieldPath): string[] {
  return valuesAt(value, path)
    .filter((found) => found !== null)
    .map((found) => (typeof found === "object" ? JSON.stringify(found, null, 2) : String(found)))
    .filter((text) => text.trim() !== "");
}

function valuesAt(value: JsonValue, [step, ...rest]: FieldPath): JsonValue[] {
  if (step === undefined) return [value];
  return into(value, step).flatMap((found) => valuesAt(found, rest));
}

function into(value: JsonValue, step: Step): readonly JsonValue[] {
  if (step.kind === "several") return step.paths.flatMap((path) => valuesAt(value, path));
  if (isList(value)) {
    if (step.kind === "elements" || step.kind === "any") return value;
    const found = step.kind === "element" ? value.at(step.at) : undefined;
    return found === undefined ? [] : [found];
  }
  if (typeof value !== "object" || value === null) return [];
  if (step.kind === "any") return Object.values(value);
  const found = step.kind === "key" && Object.hasOwn(value, step.key) ? value[step.key] : undefined;
  return found === undefined ? [] : [found];
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
