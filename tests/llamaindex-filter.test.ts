import type { Metadata } from "@llamaindex/core/schema";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { frameworks, type Store } from "./support/llamaindex-drivers.js";
import { refusal } from "./support/stores.js";

interface Condition {
  readonly key: string;
  readonly value?: unknown;
  readonly operator: string;
}
interface Conditions {
  readonly filters: readonly (Condition | Conditions)[];
  readonly condition?: string;
}

/** What the operators mean, as LlamaIndex's own store has it where that has no bug. */
function meets(metadata: Metadata, { filters, condition = "and" }: Conditions): boolean {
  const each = (one: Condition | Conditions) => ("filters" in one ? meets(metadata, one) : holds(metadata, one));
  return condition === "and" ? filters.every(each) : filters.some(each);
}

function holds(metadata: Metadata, { key, value, operator }: Condition): boolean {
  const field: unknown = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  const list = Array.isArray(value) ? value : [value];
  if (operator === "is_empty") {
    return field === undefined || field === null || field === "" || (Array.isArray(field) && field.length === 0);
  }
  if (field === undefined) return false;
  const ordered = () => typeof field === typeof value && (typeof field === "number" || typeof field === "string");
  switch (operator) {
    case "==":
      return field === value;
    case "!=":
      return field !== value;
    case "in":
      return list.includes(field);
    case "nin":
      return !list.includes(field);
    case ">":
      return ordered() && (field as number) > (value as number);
    case ">=":
      return ordered() && (field as number) >= (value as number);
    case "<":
      return ordered() && (field as number) < (value as number);
    case "<=":
      return ordered() && (field as number) <= (value as number);
    case "any":
    case "contains":
      return Array.isArray(field) && list.some((one) => field.includes(one));
    case "all":
      return Array.isArray(field) && list.every((one) => field.includes(one));
    case "text_match":
      if (Array.isArray(field)) return field.includes(value);
      return typeof field === "string" && field.includes(String(value));
  }
  throw new Error(`no operator ${operator}`);
}

const fields = ["a", "b", "", "a.b", "$gt", "\\", "__proto__", "constructor", "x y"];
const text = fc.constantFrom("", "a", "b", "ab", "0", "1", "true", "null", "é", "'", "%");
const number = fc.oneof(fc.constantFrom(0, -0, 1, -1, 2.5, 1e20, -(2 ** 60)), fc.integer({ min: -2, max: 2 }));
const scalar = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const field = fc.oneof(
  { weight: 4, arbitrary: scalar },
  { weight: 3, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>({}, { a: 1 }, [[]], [["a"]], [{}]) },
);
const key = fc.oneof({ weight: 4, arbitrary: fc.constantFrom("a", "b") }, fc.constantFrom(...fields));
const document = fc.array(fc.tuple(key, field), { maxLength: 3 }).map((pairs): Metadata => Object.fromEntries(pairs));
const several = fc.array(scalar, { maxLength: 3 });
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({ key, operator: fc.constantFrom("==", "!=", "contains"), value: scalar }),
  fc.record({ key, operator: fc.constantFrom(">", ">=", "<", "<=", "text_match"), value: fc.oneof(text, number) }),
  fc.record({ key, operator: fc.constantFrom("in", "nin", "any"), value: several }),
  fc.record({ key, operator: fc.constant("all"), value: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
  fc.record({ key, operator: fc.constant("is_empty") }),
);
const { conditions } = fc.letrec<{ conditions: Conditions }>((tie) => ({
  conditions: fc.record(
    {
      filters: fc.array(
        fc.oneof({ depthSize: "small", withCrossShrink: true }, { weight: 4, arbitrary: condition }, tie("conditions")),
        { maxLength: 3 },
      ),
      condition: fc.constantFrom("and", "or"),
    },
    { requiredKeys: ["filters"] },
  ),
}));

describe.each(frameworks)("filters of $name", ({ open, schema }) => {
  const opened: Store[] = [];
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  const storeOf = async (documents: readonly Metadata[]) => {
    const store = open();
    opened.push(store);
    await store.add(documents.map((metadata, i) => new schema.TextNode({ id_: `${i}`, metadata, embedding: [1, 0] })));
    return store;
  };
  const find = async (store: Store, filters: Conditions, docIds?: string[]) => {
    const query = { queryEmbedding: [1, 0], similarityTopK: 100, mode: "default" as never };
    const { ids } = await store.query({ ...query, filters: filters as never, ...(docIds && { docIds }) });
    return ids.toSorted();
  };

  it("mean what a plain evaluator says, on any metadata", async () => {
    const lists = fc.tuple(fc.array(document, { maxLength: 12 }), fc.array(conditions, { maxLength: 6 }));
    await fc.assert(
      fc.asyncProperty(lists, async ([documents, filters]) => {
        const store = await storeOf(documents);
        for (const filter of filters) {
          const expected = documents.flatMap((metadata, i) => (meets(metadata, filter) ? [`${i}`] : []));
          expect(await find(store, filter)).toEqual(expected.toSorted());
        }
      }),
      { numRuns: 60 },
    );
  });

  // Each a field's value, an operator, a value, and whether it holds.
  const table: readonly [unknown, string, unknown, boolean][] = [
    [0, "==", 0, true],
    [0, "==", "", false],
    [0, "==", false, false],
    ["", "==", "", true],
    [false, "==", false, true],
    [[false], "==", false, false],
    [["a"], "==", "a", false],
    [undefined, "==", "a", false],
    [undefined, "!=", "a", false],
    [null, "!=", "a", true],
    [["a"], "!=", "a", true],
    [0, "in", [0], true],
    [0, "nin", [0], false],
    ["", "in", [""], true],
    ["a", "in", [], false],
    ["a", "nin", [], true],
    [undefined, "nin", ["a"], false],
    [["a"], "in", ["a"], false],
    [0, ">", -1, true],
    ["10", ">", 5, false],
    ["b", ">", "a", true],
    [true, ">", 0, false],
    [[2], ">", 1, false],
    [["a", 0], "any", [0, "x"], true],
    ["ab", "any", ["a"], false],
    [["a", 0], "all", ["a", 0], true],
    [["a"], "all", ["a", 0], false],
    [[""], "contains", "", true],
    [0, "contains", 0, false],
    [[0], "contains", 0, true],
    ["a", "any", ["a"], false],
    [0, "any", [0], false],
    [null, "any", [null], false],
    ["ab", "contains", "a", false],
    [[false], "contains", false, true],
    [false, "contains", false, false],
    ["The Sea", "text_match", "Sea", true],
    ["The Sea", "text_match", "sea", false],
    ["a", "text_match", "", true],
    [5, "text_match", "5", false],
    ["a5b", "text_match", 5, true],
    [["sea"], "text_match", "sea", true],
    [["seaside"], "text_match", "sea", false],
    [undefined, "is_empty", undefined, true],
    [null, "is_empty", undefined, true],
    ["", "is_empty", undefined, true],
    [[], "is_empty", undefined, true],
    [0, "is_empty", undefined, false],
    [false, "is_empty", undefined, false],
    [[null], "is_empty", undefined, false],
    [[""], "is_empty", undefined, false],
    [{}, "is_empty", undefined, false],
  ];

  it("hold as the table says", async () => {
    const store = await storeOf(table.map(([field]) => (field === undefined ? {} : { field })));
    for (const [i, [field, operator, value, expected]] of table.entries()) {
      const filter = { filters: [{ key: "field", operator, value }] };
      const found = (await find(store, filter)).includes(`${i}`);
      expect([field, operator, value, found]).toEqual([field, operator, value, expected]);
    }
  });

  it("take an empty list of conditions for all of them with and, for none with or", async () => {
    const store = await storeOf([{}, { a: 1 }]);
    expect(await find(store, { filters: [] })).toEqual(["0", "1"]);
    expect(await find(store, { filters: [], condition: "or" })).toEqual([]);
  });

  it("find the document that a node is of under the frameworks' names, after metadata of that name", async () => {
    const store = await storeOf([{}, { doc_id: "own" }, { ref_doc_id: "elsewhere" }]);
    const under = (key: string, value: string) => find(store, { filters: [{ key, operator: "in", value: [value] }] });
    expect(await under("doc_id", "0")).toEqual(["0"]);
    expect(await under("doc_id", "1")).toEqual([]);
    expect(await under("doc_id", "own")).toEqual(["1"]);
    expect(await under("document_id", "1")).toEqual(["1"]);
    expect(await under("ref_doc_id", "elsewhere")).toEqual(["2"]);
    expect(await under("document_id", "elsewhere")).toEqual(["2"]);
  });

  it("go together with documents", async () => {
    const store = await storeOf([{ a: 1 }, { a: 1 }, { a: 2 }]);
    const filter = { filters: [{ key: "a", operator: "==", value: 1 }] };
    expect(await find(store, filter, ["1", "2"])).toEqual(["1"]);
    expect(await find(store, filter, [])).toEqual([]);
  });

  it.each<[string, Condition | Conditions, RegExp]>([
    [
      "an operator that is none",
      { key: "a", operator: "like", value: "x" },
      /"like" on a is no operator; .*text_match/,
    ],
    ["a list for one value", { key: "a", operator: "==", value: ["x"] }, /== on a is an array/],
    ["one value for a list", { key: "a", operator: "in", value: "x" }, /in on a is "x"; give an array/],
    ["a missing value", { key: "a", operator: "contains" }, /contains on a is undefined/],
    ["an object for a value", { key: "a", operator: "!=", value: { b: 1 } }, /!= on a is an object/],
    [
      "a bound that has no order",
      { key: "a", operator: ">", value: true },
      /> on a is true; give a string or a number/,
    ],
    ["a number that is none", { key: "a", operator: "==", value: Number.NaN }, /NaN/],
    ["all of nothing", { key: "a", operator: "all", value: [] }, /all on a is an empty array/],
    ["a key that is none", { key: 7 as never, operator: "==", value: 1 }, /key is 7/],
    ["a condition that is none", { filters: [], condition: "not" }, /condition is "not"/],
    ["filters that are no list", { filters: {} as never }, /filters is an object/],
  ])("refuse %s", async (_, filter, message) => {
    const store = await storeOf([{ a: "x" }]);
    await refusal(find(store, { filters: [filter] }), "FILTER", message);
  });
});
