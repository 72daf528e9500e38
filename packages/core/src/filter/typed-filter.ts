import type { JsonValue, Metadata } from "../types.js";
import type { FilterCondition } from "./filter.js";

type Scalar = string | number | boolean | null;

/** A key as a path writes it. */
type Escaped<Key extends string> = Key extends `${infer Head}.${infer Tail}`
  ? `${Escaped<Head>}\\.${Escaped<Tail>}`
  : Key extends `$${infer Tail}`
    ? `\\$${Tail}`
    : Key;

/** What a field equals: itself, or an element of it. Where a string can be, a date stands for one. */
type Operand<Value> = Value extends readonly (infer Element)[] ? OwnOperand<Element> : OwnOperand<Value>;
type OwnOperand<Value> = Value extends string ? Value | Date : Extract<Value, Scalar>;

/** What a field is compared with in order. */
type Bound<Value> = Value extends number ? number : Value extends string ? string | Date : never;

/** What the ordering operators may be on a field: nothing where it can be neither a number nor a string. */
type Orderings<Value> = [Bound<Value>] extends [never]
  ? { readonly [ordering in "$gt" | "$gte" | "$lt" | "$lte"]?: never }
  : { readonly [ordering in "$gt" | "$gte" | "$lt" | "$lte"]?: Bound<Value> };

/**
 * Conditions on a field of which the type of its values is known.
 *
 * @example
 * const condition: TypedOperators<number> = { $gte: 2015 };
 */
export type TypedOperators<Value> = Orderings<Value> & {
  readonly $eq?: Operand<Value>;
  readonly $ne?: Operand<Value>;
  readonly $in?: readonly Operand<Value>[];
  readonly $nin?: readonly Operand<Value>[];
  readonly $exists?: boolean;
  readonly $contains?: Value extends string
    ? string
    : Value extends readonly (infer Element)[]
      ? OwnOperand<Element>
      : never;
  readonly $not?: TypedCondition<Value>;
};

/**
 * What a filter says of a field of which the type of its values is known.
 *
 * @example
 * const condition: TypedCondition<readonly string[]> = { $contains: "sea" };
 */
export type TypedCondition<Value> = Operand<Value> | TypedOperators<Value>;

/** Objects under keys of their own; arrays are not walked into. */
type Nested<Value> = Exclude<Extract<Value, object>, readonly unknown[]>;

/** The intersection of what the functions take: a union of the types themselves would be swallowed by one that is `unknown`. */
type Joined<Functions> = [Functions] extends [(all: infer All) => void] ? All : never;

/** Conditions on the fields of `M`, by their paths after `Prefix`. */
type Fields<M, Prefix extends string> = {
  readonly [Key in keyof M & string as `${Prefix}${Escaped<Key>}`]?: JsonValue extends M[Key]
    ? FilterCondition
    : TypedCondition<Exclude<M[Key], undefined>>;
} & Joined<
  {
    [Key in keyof M & string]-?: (below: FieldsBelow<Exclude<M[Key], undefined>, `${Prefix}${Escaped<Key>}.`>) => void;
  }[keyof M & string]
>;

type FieldsBelow<Value, Prefix extends string> = JsonValue extends Value
  ? { readonly [path in `${Prefix}${string}`]?: FilterCondition }
  : [Nested<Value>] extends [never]
    ? unknown
    : string extends keyof Nested<Value>
      ? { readonly [path in `${Prefix}${string}`]?: FilterCondition }
      : Fields<Nested<Value>, Prefix>;

/**
 * A filter over metadata of which the type is known: paths that there are, and values that they can have. A filter for
 * other metadata is a `Filter`.
 *
 * @example
 * const filter: TypedFilter<{ year: number; author: { name: string } }> = { year: { $gt: 1843 }, "author.name": "Ada" };
 */
export type TypedFilter<M extends Metadata> = Fields<M, ""> & {
  readonly $and?: readonly TypedFilter<M>[];
  readonly $or?: readonly TypedFilter<M>[];
  readonly $not?: TypedFilter<M>;
};
