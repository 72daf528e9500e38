import { BaseFilterTranslator, type OperatorSupport } from "@mastra/core/vector/filter";
import type { FilterCondition, JsonValue } from "@thermocline/core";
import { type Condition, isObject, join, predicateOf } from "./condition.js";
import type { ThermoclineVectorFilter } from "./filter.js";
import { filterError } from "./filter-error.js";
import { patternTest } from "./pattern.js";

/** Deeper lies a mistake, or an object that holds itself. */
const DEEPEST = 256;

/** Where an element of an array stands while conditions on it are asked. */
const ELEMENT = "element";

type Fields = readonly [key: string, operand: unknown][];

/**
 * Mastra's filters as conditions. They mean what they mean to MongoDB, with two differences: paths are not walked through arrays, and
 * `$gt $gte $lt $lte` do not look into them, which `$elemMatch` does; and `{ x: { $not: { $gt: 1 } } }` does not hold where `x` is null
 * or missing.
 */
export class ThermoclineFilterTranslator extends BaseFilterTranslator<ThermoclineVectorFilter, Condition | undefined> {
  /** The condition that a filter stands for; undefined for none, which holds for every vector. */
  override translate(filter: ThermoclineVectorFilter): Condition | undefined {
    if (filter === undefined || filter === null) return undefined;
    const fields = this.#entries(filter, "The filter", DEEPEST);
    return fields.length === 0 ? undefined : this.#filter(fields, DEEPEST);
  }

  protected override getSupportedOperators(): OperatorSupport {
    return { ...BaseFilterTranslator.DEFAULT_OPERATORS, custom: ["$contains", "$size"] };
  }

  /** Conditions by field, and logical operators: all of them hold. */
  #filter(fields: Fields, depth: number): Condition {
    return join(
      "all",
      fields.map(([key, operand]) => {
        if (!this.isOperator(key)) return this.#field(key, operand, depth - 1);
        if (key === "$and") return join("all", this.#list(key, operand, depth - 1));
        if (key === "$or") return join("any", this.#list(key, operand, depth - 1));
        if (key === "$nor") return { kind: "not", of: join("any", this.#list(key, operand, depth - 1)) };
        if (key === "$not") return { kind: "not", of: this.#filter(this.#negated(operand, depth), depth - 1) };
        this.#refuseUnknown(key);
        return filterError(
          BaseFilterTranslator.ErrorMessages.INVALID_TOP_LEVEL_OPERATOR(key),
          "Put conditions under their field",
        );
      }),
    );
  }

  #list(operator: string, operand: unknown, depth: number): Condition[] {
    if (!Array.isArray(operand)) filterError(`${operator} is no array`, "Give an array of filters");
    return operand.map((filter, i) => this.#filter(this.#entries(filter, `${operator}[${i}]`, depth), depth));
  }

  /** What a filter says of one field: a value, a list of values, operators, or conditions on what lies under it. */
  #field(path: string, operand: unknown, depth: number): Condition {
    if (Array.isArray(operand)) return this.#anyOf(path, operand);
    if (!isPlain(operand)) return this.#element(path, operand);
    const entries = this.#entries(operand, path, depth);
    if (entries.length === 0) filterError(`${path} has an object without conditions`, "Say what the field must be");
    if (entries.some(([key]) => this.isOperator(key))) return this.#operators(path, entries, depth);
    return join(
      "all",
      entries.map(([key, nested]) => this.#field(`${path}.${key}`, nested, depth - 1)),
    );
  }

  #operators(path: string, entries: Fields, depth: number): Condition {
    const options = entries.find(([key]) => key === "$options");
    if (options && !entries.some(([key]) => key === "$regex")) {
      filterError(`$options on ${path} has no $regex beside it`, "Give both, or neither");
    }
    const operators = entries.filter((entry) => entry !== options);
    return join(
      "all",
      operators.map(([operator, operand]) => this.#operator(path, operator, operand, options?.[1], depth)),
    );
  }

  #operator(path: string, operator: string, operand: unknown, options: unknown, depth: number): Condition {
    this.#refuseUnknown(operator);
    switch (operator) {
      case "$eq":
        return this.#equal(path, operand);
      case "$ne":
        return { kind: "not", of: this.#equal(path, operand) };
      case "$in":
        return this.#anyOf(path, this.#values(operand));
      case "$nin":
        return { kind: "not", of: this.#anyOf(path, this.#values(operand)) };
      case "$all":
        return this.#allOf(path, this.#values(operand));
      case "$contains":
        if (typeof operand === "string") return this.#core(path, { $contains: operand });
        return Array.isArray(operand) ? this.#allOf(path, operand) : this.#equal(path, operand);
      case "$size":
        if (typeof operand !== "number" || !Number.isInteger(operand) || operand < 0) {
          filterError(`$size on ${path} is ${String(operand)}`, "Give a whole number from 0");
        }
        return this.#test(path, (value) => Array.isArray(value) && value.length === operand);
      case "$elemMatch":
        return this.#elementOf(path, operand, depth - 1);
      case "$regex":
        return this.#test(path, patternTest(operand, options, path));
      case "$not":
        if (operand instanceof RegExp) return { kind: "not", of: this.#field(path, operand, depth - 1) };
        return this.#notOnField(path, this.#negated(operand, depth), depth - 1);
      case "$and":
      case "$or":
      case "$nor":
        return filterError(
          BaseFilterTranslator.ErrorMessages.INVALID_LOGICAL_OPERATOR_LOCATION(operator, path),
          "Join filters, each with its field",
        );
      default:
        // Orderings and $exists, whose operands core checks.
        return this.#core(path, { [operator]: operand });
    }
  }

  /** The complement, but that what has no order, being null or missing, is not the other way round either, as in Mastra's SQL stores. */
  #notOnField(path: string, entries: Fields, depth: number): Condition {
    const not: Condition = { kind: "not", of: this.#operators(path, entries, depth) };
    return this.#order(entries) ? join("all", [not, { kind: "not", of: this.#equal(path, null) }]) : not;
  }

  #order(entries: Fields): boolean {
    return entries.some(([key, operand]) =>
      key === "$not" ? isPlain(operand) && this.#order(Object.entries(operand)) : this.isNumericOperator(key),
    );
  }

  /** Equality of one value. Null also stands for a field that is missing; lists and objects are compared whole. */
  #equal(path: string, operand: unknown): Condition {
    if (operand === null) return join("any", [this.#core(path, null), this.#core(path, { $exists: false })]);
    if (!Array.isArray(operand) && !isPlain(operand)) return this.#core(path, operand);
    const whole = this.#whole(path, operand);
    const same = (value: JsonValue | undefined) => value !== undefined && canonical(value) === whole;
    return this.#test(path, (value) => same(value) || (Array.isArray(value) && value.some(same)));
  }

  #whole(path: string, operand: unknown): string | undefined {
    try {
      return canonical(operand);
    } catch (cause) {
      return filterError(`${path} is compared with what JSON cannot say`, "Give plain JSON values", cause);
    }
  }

  #anyOf(path: string, values: readonly unknown[]): Condition {
    const isSimple = (value: unknown) => typeof value !== "object" || value instanceof Date;
    const simple = values.filter(isSimple);
    const others = values.filter((value) => !isSimple(value));
    const listed = simple.length > 0 || others.length === 0 ? [this.#core(path, { $in: simple })] : [];
    return join("any", [...listed, ...others.map((value) => this.#element(path, value))]);
  }

  /** What a list may hold: a value, or a pattern. */
  #element(path: string, value: unknown): Condition {
    return value instanceof RegExp ? this.#test(path, patternTest(value, undefined, path)) : this.#equal(path, value);
  }

  /** As MongoDB, nothing has all of no values. */
  #allOf(path: string, values: readonly unknown[]): Condition {
    if (values.length === 0) return this.#core(path, { $in: [] });
    return join(
      "all",
      values.map((value) => this.#element(path, value)),
    );
  }

  #elementOf(path: string, operand: unknown, depth: number): Condition {
    const entries = this.#entries(operand, `$elemMatch on ${path}`, depth);
    if (entries.length === 0) {
      filterError(BaseFilterTranslator.ErrorMessages.ELEM_MATCH_REQUIRES_OBJECT, "Say what an element must be");
    }
    if (this.#areOnValues(entries)) {
      const holds = predicateOf(this.#operators(ELEMENT, entries, depth));
      return this.#test(
        path,
        (value) => Array.isArray(value) && value.some((element) => holds({ [ELEMENT]: element })),
      );
    }
    const holds = predicateOf(this.#filter(entries, depth));
    return this.#test(
      path,
      (value) => Array.isArray(value) && value.some((element: JsonValue) => isObject(element) && holds(element)),
    );
  }

  /** Whether conditions are on a value itself and not on its fields. */
  #areOnValues(entries: Fields): boolean {
    return entries.some(([key, operand]) => {
      if (key === "$not")
        return operand instanceof RegExp || (isPlain(operand) && this.#areOnValues(Object.entries(operand)));
      return this.isFieldOperator(key);
    });
  }

  /** A single value where a list belongs is a list of one, as in Mastra's own stores. */
  #values(operand: unknown): readonly unknown[] {
    return Array.isArray(operand) ? Array.from(operand) : [operand];
  }

  #negated(operand: unknown, depth: number): Fields {
    const { NOT_REQUIRES_OBJECT, NOT_CANNOT_BE_EMPTY } = BaseFilterTranslator.ErrorMessages;
    if (!isPlain(operand)) filterError(NOT_REQUIRES_OBJECT, "Give the conditions that must not hold");
    const entries = this.#entries(operand, "$not", depth);
    if (entries.length === 0) filterError(NOT_CANNOT_BE_EMPTY, "Give the conditions that must not hold");
    return entries;
  }

  #entries(value: unknown, where: string, depth: number): Fields {
    if (!isPlain(value)) filterError(`${where} is no object of conditions`, "Write { year: { $gte: 2015 } }");
    if (depth < 0) filterError(`it is nested deeper than ${DEEPEST} levels`, "Split it");
    return Object.entries(value);
  }

  #refuseUnknown(operator: string): void {
    if (this.isOperator(operator) && this.isValidOperator(operator)) return;
    const known = Object.values(this.getSupportedOperators()).flat().join(", ");
    filterError(BaseFilterTranslator.ErrorMessages.UNSUPPORTED_OPERATOR(operator), `Use one of ${known}`);
  }

  /** Core takes a backslash for the mark of what is taken literally; to Mastra it is a letter like others. */
  #core(path: string, condition: unknown): Condition {
    return { kind: "filter", filter: { [path.replaceAll("\\", "\\\\")]: condition as FilterCondition } };
  }

  #test(path: string, holds: (value: JsonValue | undefined) => boolean): Condition {
    return { kind: "test", path, holds };
  }
}

/** Objects as literals and JSON make them. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** JSON with the keys of objects in order: equal for values that are. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, part: unknown) =>
    isPlain(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}
