import type { Condition } from "../source.js";
import { shortened } from "./metadata-chips.js";

const OPERATORS: readonly (readonly [Condition["operator"], string])[] = [
  ["$eq", "is"],
  ["$ne", "is not"],
  ["$gte", "at least"],
  ["$lte", "at most"],
];

interface BarProps {
  readonly conditions: readonly Condition[];
  readonly onChange: (conditions: readonly Condition[]) => void;
}

/** The filter that holds for the search and for the list, a condition at a time. */
export function ConditionsBar({ conditions, onChange }: BarProps) {
  if (conditions.length === 0) return null;
  const without = (at: number) => conditions.filter((_, i) => i !== at);
  return (
    <fieldset class="conditions">
      <legend class="hidden">Filter</legend>
      {conditions.map((condition, i) => {
        const { path, operator, value } = condition;
        const ordered = typeof value === "number" || typeof value === "string";
        return (
          <span key={JSON.stringify(condition)} class="condition">
            <span class="field">{path}</span>
            <select
              aria-label={`How ${path} compares`}
              value={operator}
              onChange={({ currentTarget }) => {
                const chosen = OPERATORS.find(([name]) => name === currentTarget.value)?.[0] ?? "$eq";
                onChange(conditions.map((other, j) => (j === i ? { ...condition, operator: chosen } : other)));
              }}
            >
              {OPERATORS.slice(0, ordered ? 4 : 2).map(([name, said]) => (
                <option key={name} value={name}>
                  {said}
                </option>
              ))}
            </select>
            {shortened(value)}
            <button
              type="button"
              class="remove"
              aria-label={`Remove the condition on ${path}`}
              onClick={() => onChange(without(i))}
            >
              ×
            </button>
          </span>
        );
      })}
      <button type="button" onClick={() => onChange([])}>
        Clear
      </button>
    </fieldset>
  );
}

/** The conditions and one more, unless it is there already. */
export function withCondition(conditions: readonly Condition[], added: Condition): readonly Condition[] {
  const same = ({ path, value }: Condition) => path === added.path && value === added.value;
  return conditions.some(same) ? conditions : [...conditions, added];
}
