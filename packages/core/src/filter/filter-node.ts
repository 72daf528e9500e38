/** A scalar as JSON has it: what operands become once dates are ISO strings. */
export type JsonScalar = string | number | boolean | null;

/** The ordering operators, as they are written in both JavaScript and SQL. */
export type Ordering = ">" | ">=" | "<" | "<=";

/**
 * A parsed filter: frozen plain data. `path` holds one key per level. `$eq`, `$ne`, `$in` and `$nin` are all `in`,
 * under a `not` where they are complements; `and` of nothing is true.
 *
 * @example
 * const node: FilterNode = { kind: "in", path: ["author", "name"], values: ["Ada"] };
 */
export type FilterNode =
  | { readonly kind: "and" | "or"; readonly children: readonly FilterNode[] }
  | { readonly kind: "not"; readonly child: FilterNode }
  | { readonly kind: "in"; readonly path: readonly string[]; readonly values: readonly JsonScalar[] }
  | {
      readonly kind: "compare";
      readonly path: readonly string[];
      readonly ordering: Ordering;
      readonly bound: string | number;
    }
  | { readonly kind: "contains"; readonly path: readonly string[]; readonly value: JsonScalar }
  | { readonly kind: "exists"; readonly path: readonly string[] };
