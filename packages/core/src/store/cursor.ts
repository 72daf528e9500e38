import { ThermoclineError } from "../errors.js";
import { shown } from "./settings.js";

/** Where a listing goes on: after `row`, up to `last`, the highest row there was when it began. */
export interface ListPlace {
  readonly row: number;
  readonly last: number;
}

/** Where a query goes on: after a hit of this score and row, the last of `seen`. */
export interface QueryPlace {
  readonly seen: number;
  readonly row: number;
  readonly score: number;
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

export function queryCursor({ seen, row, score }: QueryPlace): string {
  return `q${seen}-${row}-${score}`;
}

export function queryPlace(cursor: unknown): QueryPlace {
  const pattern = /^q(\d{1,15})-(\d{1,15})-(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;
  const [, seen, row, score] = (typeof cursor === "string" && pattern.exec(cursor)) || [];
  if (seen === undefined || row === undefined || !Number.isFinite(Number(score))) refuse(cursor, "queryPage");
  return { seen: Number(seen), row: Number(row), score: Number(score) };
}

function refuse(cursor: unknown, method: string): never {
  throw new ThermoclineError(
    "ARGUMENT",
    `cursor is ${shown(cursor)}; give the cursor of a page of ${method}, or leave it out to begin.`,
  );
}
