import { InvalidNamespaceError, type MatchCondition } from "@langchain/langgraph-checkpoint";
import { ThermoclineError } from "@thermocline/core";

/** Labels of a namespace, outermost first. */
export type Labels = readonly string[];

/** Between the labels of a namespace in the name that the underlying store knows it by; no label has one. */
const COLON = ":";

/**
 * Refuses what is no namespace, as LangGraph's own stores do. `put` alone may not write below the root `langgraph`, and checks
 * that before it comes here; only prefixes may be empty.
 */
export function checkLabels(labels: readonly string[], { empty }: { readonly empty: boolean }): Labels {
  if (!Array.isArray(labels)) {
    throw new InvalidNamespaceError(`Namespace must be an array of strings, but got ${typeof labels}.`);
  }
  if (labels.length === 0 && !empty) throw new InvalidNamespaceError("Namespace cannot be empty.");
  for (const label of labels as readonly unknown[]) {
    const why = typeof label === "string" ? wrongWith(label) : `must be strings, but got ${typeof label}`;
    if (why === undefined) continue;
    throw new InvalidNamespaceError(
      `Invalid namespace label '${String(label)}' found in ${labels.map(String)}. Namespace labels ${why}.`,
    );
  }
  return [...labels];
}

function wrongWith(label: string): string | undefined {
  if (label === "") return "cannot be empty strings";
  if (label.includes(".")) return "cannot contain periods ('.')";
  if (label.includes(COLON)) return "cannot contain colons (':')";
  return label.includes("\0") ? "cannot contain NUL bytes" : undefined;
}

/** The name that the underlying store knows a namespace by. */
export function nameOf(root: string, labels: Labels): string {
  return [root, ...labels].join(COLON);
}

/** The labels behind such a name; undefined for a namespace of others. */
export function labelsOf(root: string, name: string): Labels | undefined {
  const [first, ...labels] = name.split(COLON);
  return first === root && labels.length > 0 && !labels.includes("") ? labels : undefined;
}

/** Whether a namespace meets a condition; `*` stands for any label. */
export function matches(labels: Labels, { matchType, path }: MatchCondition): boolean {
  if (path.length > labels.length) return false;
  const from = matchType === "prefix" ? 0 : labels.length - path.length;
  return path.every((label, i) => label === "*" || label === labels[from + i]);
}

/** A condition that the caller gave. */
export function checkCondition(condition: MatchCondition): MatchCondition {
  const { matchType } = condition;
  if (matchType !== "prefix" && matchType !== "suffix") {
    throw new ThermoclineError("ARGUMENT", `matchType is ${JSON.stringify(matchType)}; give "prefix" or "suffix".`);
  }
  return { matchType, path: [...checkLabels(condition.path, { empty: true })] };
}

/** By label, from the outermost on; what is not as deep comes first. */
export function compareLabels(a: Labels, b: Labels): number {
  for (const [i, label] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    if (label !== other) return label < other ? -1 : 1;
  }
  return a.length - b.length;
}
