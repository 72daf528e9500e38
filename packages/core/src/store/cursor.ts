import { ThermoclineError } from "../errors.js";
import { shown } from "./settings.js";

/** Where a listing goes on: after `row`, up to `last`, the highest row there was when it began. */
export interface ListPlace {
  readonly row: number;
  readonly last: number;
}

/** Callers see cursors as text that means nothing to them; its first letter tells whose it is. */
export function listCursor({ row, last }: ListPlace): string {
  return `l${row}-${last}`;
}

export function listPlace(cursor: unknown): ListPlace {
  const [, row, last] = (typeof cursor === "string" && /^l(\d{1,15})-(\d{1,15})$/.exec(cursor)) || [];
  if (row === undefined || last === undefined) refuse(cursor, "listPage");
  return { row: Number(row), last: Number(last) };
}

function refuse(cursor: unknown, method: string): never {
  throw new ThermoclineError(
    "ARGUMENT",
    `cursor is ${shown(cursor)}; give the cursor of a page of ${method}, or leave it out to begin.`,
  );
}
