/** What SQLite takes for a `?`. */
export type SqlParameter = string | number | bigint | null;

/**
 * A piece of SQL and what its question marks stand for, in order.
 *
 * @example
 * const fragment: SqlFragment = { sql: "a = ?", parameters: [1] };
 */
export interface SqlFragment {
  readonly sql: string;
  readonly parameters: readonly SqlParameter[];
}

/** Joins fragments; every other interpolated value becomes a parameter, so that no value can end up as SQL. */
export function sql(strings: TemplateStringsArray, ...parts: readonly (SqlFragment | SqlParameter)[]): SqlFragment {
  const parameters: SqlParameter[] = [];
  let text = strings[0] ?? "";
  parts.forEach((part, index) => {
    if (typeof part === "object" && part !== null) {
      text += part.sql;
      for (const parameter of part.parameters) parameters.push(parameter);
    } else {
      text += "?";
      parameters.push(part);
    }
    text += strings[index + 1] ?? "";
  });
  return { sql: text, parameters };
}

/** True when all are; of nothing, true. */
export function allOf(fragments: readonly SqlFragment[]): SqlFragment {
  return balance(fragments, sql` AND `) ?? sql`1`;
}

/** True when any is; of nothing, false. */
export function anyOf(fragments: readonly SqlFragment[]): SqlFragment {
  return balance(fragments, sql` OR `) ?? sql`0`;
}

/** Splits in halves: a chain of a thousand would reach SQLite's limit on the depth of an expression. */
function balance(fragments: readonly SqlFragment[], operator: SqlFragment): SqlFragment | undefined {
  if (fragments.length < 2) return fragments[0];
  const middle = fragments.length >> 1;
  const left = balance(fragments.slice(0, middle), operator);
  const right = balance(fragments.slice(middle), operator);
  return left && right && sql`(${left}${operator}${right})`;
}
