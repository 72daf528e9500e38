import type { Metadata } from "../types.js";
import type { TypedFilter } from "./typed-filter.js";

/**
 * The filter language: Mongo-style conditions over a record's JSON metadata. This is the contract;
 * `evaluate.ts` is the same contract in code, and `sql.ts` agrees with it on every JSON document.
 *
 * - A filter is an object; all its keys must hold. `{}` holds for every record.
 * - A key names a field by its path: `"a.b"` is key `b` of the object under key `a`. Only objects are walked into, never
 *   arrays. A backslash takes the next `.`, `$` or `\` literally: `"a\\.b"` (written in JavaScript) is the one key `a.b`.
 *   Every other character is part of a key, except U+0000, at which SQLite ends keys: metadata must not have it in keys.
 *   A key may be empty. A path that leads nowhere is a *missing* field.
 * - Equality is by JSON type and value: `1` is neither `"1"` nor `true`, `-0` is `0`, and numbers are doubles.
 *   Operands are scalars: to compare objects, spell out their paths; to compare arrays, use `$contains`.
 * - `null` equals a null that is there. A missing field equals nothing; ask for it with `$exists: false`.
 * - An array field equals a scalar when one of its elements does (elements that are arrays are not opened), so `$eq` and
 *   `$in` look into arrays. `$ne` and `$nin` are the exact complements of `$eq` and `$in`: a missing field satisfies them.
 * - `$gt $gte $lt $lte` compare numbers with numbers and strings with strings, by Unicode code point. Across types, on
 *   arrays and on missing fields they are false.
 * - `$contains` holds for an array with an element equal to the operand, and for a string that contains it.
 * - A `Date` stands for its ISO string, which is what JSON makes of it; ISO strings order as their times do.
 * - Each condition is true or false, never unknown, so `$not` is the exact complement.
 * - A filter that says something else than this is an error, never ignored. So is one nested deeper than 32 levels, with
 *   more than 2,000 conditions and objects, 100,000 values, or 64 keys in a path.
 */

/**
 * What a field is compared with. A `Date` stands for its ISO string.
 *
 * @example
 * const since: FilterScalar = new Date("2024-01-01");
 */
export type FilterScalar = string | number | boolean | null | Date;

/**
 * What the ordering operators take.
 *
 * @example
 * const bound: FilterBound = 2015;
 */
export type FilterBound = string | number | Date;

/**
 * Conditions on one field; all of them must hold, and there must be at least one.
 *
 * @example
 * const twenties: FilterOperators = { $gte: 1920, $lt: 1930 };
 */
export interface FilterOperators {
  /** Equal by type and value, or an array with such an element. */
  readonly $eq?: FilterScalar;
  /** The complement of `$eq`. */
  readonly $ne?: FilterScalar;
  readonly $gt?: FilterBound;
  readonly $gte?: FilterBound;
  readonly $lt?: FilterBound;
  readonly $lte?: FilterBound;
  /** `$eq` to one of these. An empty list matches nothing. */
  readonly $in?: readonly FilterScalar[];
  /** The complement of `$in`. */
  readonly $nin?: readonly FilterScalar[];
  /** Whether the field is there; a null is there. */
  readonly $exists?: boolean;
  /** An array with this element, or a string with this substring. */
  readonly $contains?: FilterScalar;
  /** The complement of a condition on the same field. */
  readonly $not?: FilterCondition;
}

/**
 * What a filter says of one field: a bare value means `$eq`.
 *
 * @example
 * const draft: FilterCondition = "draft";
 * const recent: FilterCondition = { $gt: 2015 };
 */
export type FilterCondition = FilterScalar | FilterOperators;

/**
 * Conditions by the path of their field.
 *
 * @example
 * const filter: FieldFilter = { "author.name": "Ada", year: { $gte: 1843 } };
 */
export interface FieldFilter {
  readonly [path: string]: FilterCondition;
}

/**
 * Filters joined. The lists must not be empty.
 *
 * @example
 * const filter: LogicalFilter = { $or: [{ lang: "en" }, { lang: { $exists: false } }] };
 */
export interface LogicalFilter {
  /** All of these hold. */
  readonly $and?: readonly Filter[];
  /** At least one of these holds. */
  readonly $or?: readonly Filter[];
  /** This does not hold. */
  readonly $not?: Filter;
}

/**
 * A predicate over metadata as plain data. Conditions on fields and joined filters may share one object. Where the type of the
 * metadata is known, so are paths and values: see {@link TypedFilter}.
 *
 * @example
 * const filter: Filter = { year: { $gte: 2015 }, $not: { tags: "draft" } };
 */
export type Filter<M extends Metadata = Metadata> = string extends keyof M
  ? FieldFilter | LogicalFilter
  : TypedFilter<M>;
