import type { Condition, Metadata } from "../source.js";

/** Letters of a value that are shown. */
const SHOWN = 40;

/** Values of a record that are shown. */
const MOST = 12;

interface ChipsProps {
  readonly metadata: Metadata;
  readonly onCondition: (condition: Condition) => void;
  readonly all?: boolean;
}

/** A record's metadata, of which each value can be made a filter. */
export function MetadataChips({ metadata, onCondition, all = false }: ChipsProps) {
  const values = [...leaves(metadata, "")];
  const shown = all ? values : values.slice(0, MOST);
  if (shown.length === 0) return null;
  return (
    <div class="chips">
      {shown.map(({ path, value }, i) => (
        <button
          key={`${path} ${i}`}
          type="button"
          class="chip"
          title={`Only records whose ${path} is this`}
          onClick={() => onCondition({ path, operator: "$eq", value })}
        >
          <span class="field">{path}</span> {shortened(value)}
        </button>
      ))}
      {shown.length < values.length && <span class="quiet">and {values.length - shown.length} more</span>}
    </div>
  );
}

/** The values in metadata that filters can ask for, elements of arrays one by one. */
function* leaves(value: Metadata[string], path: string): Generator<Pick<Condition, "path" | "value">> {
  if (typeof value !== "object" || value === null) {
    yield { path, value };
    return;
  }
  if (isArray(value)) {
    // Of arrays filters see the elements, but not into those that are objects.
    for (const element of value) if (typeof element !== "object" || element === null) yield { path, value: element };
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    // A key that looks like a path cannot be asked for.
    if (key !== "" && !key.includes(".") && !key.startsWith("$"))
      yield* leaves(inner, path === "" ? key : `${path}.${key}`);
  }
}

function isArray(value: Metadata[string]): value is readonly Metadata[string][] {
  return Array.isArray(value);
}

export function shortened(value: Condition["value"]): string {
  const text = String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
