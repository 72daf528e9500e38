import type {
  LogicalOperatorValueMap,
  OperatorValueMap,
  VectorFieldValue,
  VectorFilter,
} from "@mastra/core/vector/filter";
import type { FilterScalar } from "@thermocline/core";

type Operators = OperatorValueMap & {
  readonly $contains: FilterScalar | readonly FilterScalar[];
  readonly $size: number;
};

type FieldOperator = Exclude<keyof Operators, "$not">;

/**
 * Mastra's filter language, with `$contains` and `$size` beside it.
 *
 * @example
 * const filter: ThermoclineVectorFilter = { year: { $gte: 2015 }, tags: { $all: ["sea", "salt"] }, name: { $regex: "^A" } };
 */
export type ThermoclineVectorFilter = VectorFilter<
  keyof Operators,
  Operators,
  LogicalOperatorValueMap,
  FieldOperator,
  VectorFieldValue | RegExp
>;
