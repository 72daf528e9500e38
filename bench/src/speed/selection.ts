import { UsageError } from "../usage-error.js";
import { CASES, fullName, type SpeedCase } from "./cases.js";
import { DATASETS } from "./dataset.js";

/** What to leave out; an absent field leaves nothing out. */
export interface Selection {
  /** What a full name contains, in any case. */
  readonly only?: string | undefined;
  readonly datasets?: readonly string[] | undefined;
}

/** The cases that a selection leaves, by default of all; throws UsageError where that is none. */
export function selectCases({ only, datasets }: Selection, cases: readonly SpeedCase[] = CASES): SpeedCase[] {
  const unknown = datasets?.find((name) => !DATASETS.some((dataset) => dataset === name));
  if (unknown !== undefined)
    throw new UsageError(`There is no data set "${unknown}"; there are ${DATASETS.join(", ")}.`);
  const wanted = (only ?? "").toLowerCase();
  const chosen = cases.filter(
    (test) => fullName(test).toLowerCase().includes(wanted) && (datasets?.includes(test.dataset) ?? true),
  );
  if (chosen.length > 0) return chosen;
  const names = [...new Set(cases.map(({ name }) => name))].join("; ");
  throw new UsageError(`No case is selected. The names are: ${names}.`);
}
