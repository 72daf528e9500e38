import type { FieldValues, Leaf } from "./field-values.js";
import type { FilterNode } from "./filter-node.js";

/** What is known of some rows, a bit each: those that certainly meet a filter, and those that may. The same where all is known. */
export interface Verdict {
  readonly certain: Uint8Array;
  readonly possible: Uint8Array;
}

/** Pieces of a field's index, and which of the rows in question they begin at; together they need not cover all. */
export interface Piece {
  readonly first: number;
  readonly rows: number;
  readonly values: FieldValues;
}

/** What indexes say of a filter for `rows` rows, a multiple of 8; undefined when they say nothing. */
export function verdictOf(
  node: FilterNode,
  rows: number,
  piecesOf: (path: readonly string[]) => readonly Piece[],
): Verdict | undefined {
  switch (node.kind) {
    case "and":
    case "or": {
      const known = node.children.map((child) => verdictOf(child, rows, piecesOf));
      if (known.every((verdict) => verdict === undefined) && known.length > 0) return undefined;
      const all = known.map((verdict) => verdict ?? unknown(rows));
      return joined(node.kind, rows, all);
    }
    case "not": {
      const child = verdictOf(node.child, rows, piecesOf);
      if (!child) return undefined;
      const certain = child.possible.map((byte) => ~byte);
      return { certain, possible: child.possible === child.certain ? certain : child.certain.map((byte) => ~byte) };
    }
    default:
      return leafVerdict(node, rows, piecesOf(node.path));
  }
}

function unknown(rows: number): Verdict {
  return { certain: new Uint8Array(rows / 8), possible: new Uint8Array(rows / 8).fill(0xff) };
}

function joined(kind: "and" | "or", rows: number, verdicts: readonly Verdict[]): Verdict {
  const join = (of: (verdict: Verdict) => Uint8Array): Uint8Array => {
    const bits = new Uint8Array(rows / 8).fill(kind === "and" ? 0xff : 0);
    for (const verdict of verdicts) {
      const other = of(verdict);
      for (let i = 0; i < bits.length; i++) {
        bits[i] = kind === "and" ? (bits[i] ?? 0) & (other[i] ?? 0) : (bits[i] ?? 0) | (other[i] ?? 0);
      }
    }
    return bits;
  };
  const certain = join((verdict) => verdict.certain);
  const exact = verdicts.every((verdict) => verdict.certain === verdict.possible);
  return { certain, possible: exact ? certain : join((verdict) => verdict.possible) };
}

function leafVerdict(leaf: Leaf, rows: number, pieces: readonly Piece[]): Verdict | undefined {
  if (pieces.length === 0) return undefined;
  const certain = new Uint8Array(rows / 8);
  let covered = 0;
  for (const piece of pieces) {
    piece.values.find(leaf, certain, piece.first);
    covered += piece.rows;
  }
  if (covered === rows) return { certain, possible: certain };
  const possible = new Uint8Array(rows / 8).fill(0xff);
  for (const { first, rows: some } of pieces) {
    possible.set(certain.subarray(first / 8, (first + some) / 8), first / 8);
  }
  return { certain, possible };
}
