import type { ErrorCode } from "@thermocline/core";
import { records } from "./synthetic.js";

/** Of the store that these calls are made on. */
export const DIM = 3;

const good = { id: "good", vector: [1, 2, 3] };

/** A call without types, the code that it is refused with, and what the message names. */
export type Case = readonly [given: string, method: string, args: readonly unknown[], code: ErrorCode, says: RegExp];

const circular: { self?: unknown } = {};
circular.self = circular;
let deep: unknown = 1;
for (let level = 0; level < 600; level++) deep = { deep };

function vectorCases(method: "upsert" | "query", wrap: (vector: unknown) => unknown): Case[] {
  const about = method === "upsert" ? /vector of record "bad"/ : /query's vector/;
  const is = (more: string) => new RegExp(`${about.source}.*${more}`);
  const cases: [string, unknown, ErrorCode, RegExp][] = [
    ["too few components", [1, 2], "DIMENSION", is("has 2 components.*vectors of 3")],
    ["too many components", new Float32Array(4), "DIMENSION", is("has 4 components.*vectors of 3")],
    ["no components", [], "DIMENSION", is("has 0 components")],
    ["NaN", [1, Number.NaN, 3], "NOT_FINITE", is("holds NaN or infinity.*finite")],
    ["infinity", Float32Array.of(1, 2, Number.POSITIVE_INFINITY), "NOT_FINITE", is("finite")],
    ["minus infinity", Float64Array.of(1, 2, Number.NEGATIVE_INFINITY), "NOT_FINITE", is("finite")],
    ["a number beyond float32", [1, 1e39, 2], "NOT_FINITE", is("range of float32")],
    ["a length whose scores overflow", [1e38, 1, 1], "NOT_FINITE", is("has length .*of 1000000000000000000 at most")],
    ["null", [1, null, 3], "NOT_FINITE", is("has null at 1.*finite number")],
    ["undefined", [1, 2, undefined], "NOT_FINITE", is("has undefined at 2")],
    ["a string", ["1", 2, 3], "NOT_FINITE", is('has "1" at 0')],
    ["a boolean", [true, 2, 3], "NOT_FINITE", is("has true at 0")],
    ["a bigint", [1n, 2n, 3n], "NOT_FINITE", is("has 1 at 0")],
    ["an array", [[1], 2, 3], "NOT_FINITE", is("has an array at 0")],
    ["bigints", BigInt64Array.of(1n, 2n, 3n), "NOT_FINITE", is("has 1 at 0")],
    ["a hole", Object.assign(new Array(3), { 0: 1, 2: 3 }), "NOT_FINITE", is("has undefined at 1")],
    ["only zeros", [0, -0, 0], "ZERO_VECTOR", is("all zeros.*cosine")],
    ["only what float32 takes for zero", [1e-60, 0, 0], "ZERO_VECTOR", is("all zeros")],
  ];
  for (const [given, vector] of [
    ["nothing", undefined],
    ["null for it", null],
    ["a number for it", 5],
    ["a string for it", "1,2,3"],
    ["an object for it", { 0: 1, 1: 2, 2: 3, length: 3 }],
    ["a DataView for it", new DataView(new ArrayBuffer(12))],
  ] as const) {
    cases.push([given, vector, "ARGUMENT", /vector.* is .*give an array of .*numbers/]);
  }
  return cases.map(([given, vector, code, says]) => [`a vector with ${given}`, method, [wrap(vector)], code, says]);
}

const metadataCases = (
  [
    ["a string", "x", /is "x", not an object/],
    ["an array", [1], /is an array, not an object/],
    ["a Date", new Date(0), /no object as JSON/],
    ["NaN in it", { a: [Number.NaN] }, /has NaN at "0"/],
    ["infinity in it", { a: { b: Number.POSITIVE_INFINITY } }, /has Infinity at "b"/],
    ["a function in it", { a: () => 1 }, /has a function at "a"/],
    ["a symbol in it", { a: Symbol("x") }, /has a symbol at "a"/],
    ["a bigint in it", { a: 1n }, /has a bigint at "a"/],
    ["a Map in it", { a: new Map([["b", 1]]) }, /has a Map or a Set at "a"/],
    ["a Set for it", new Set([1]), /a Map or a Set/],
    ["undefined in an array", { a: [undefined] }, /undefined in an array/],
    ["a key with U+0000", { "a\0b": 1 }, /U\+0000/],
    ["itself in it", circular, /cannot be written as JSON/],
    ["six hundred levels", { deep }, /deeper than 500 levels/],
  ] as const
).map(
  ([given, metadata, says]): Case => [
    `metadata: ${given}`,
    "upsert",
    [[good, { id: "bad", vector: [1, 2, 3], metadata }]],
    "ARGUMENT",
    says,
  ],
);

const idCases = ["", "a\0", "\ud800", 5, null, undefined, ["a"], {}].flatMap((id): Case[] => [
  [
    `the id ${JSON.stringify(id)}`,
    "upsert",
    [[good, { id, vector: [1, 2, 3] }]],
    "ARGUMENT",
    /id is .*give a string that is not empty/,
  ],
  [`the id ${JSON.stringify(id)}`, "get", [[id]], "ARGUMENT", /id is .*give a string/],
  [`the id ${JSON.stringify(id)}`, "delete", [{ ids: ["r1", id] }], "ARGUMENT", /id is .*give a string/],
]);

const methods = [
  "upsert",
  "query",
  "get",
  "count",
  "delete",
  "demote",
  "promote",
  "pin",
  "unpin",
  "calibrate",
  "compact",
  "recalibrate",
  "recommend",
] as const;
const optionCases = methods.flatMap((method): Case[] => {
  const alone = !["upsert", "get", "count", "delete", "demote", "promote", "pin", "unpin"].includes(method);
  const first = {
    upsert: [good],
    query: [],
    get: ["r1"],
    count: {},
    delete: { ids: ["r1"] },
    demote: { all: true },
    promote: { all: true },
    pin: { all: true },
    unpin: { all: true },
    calibrate: [],
    compact: [],
    recalibrate: [],
    recommend: [],
  }[method];
  const bad = (options: unknown) => (alone ? [options] : [first, options]);
  const plus = (option: object) => bad(method === "query" ? { vector: [1, 2, 3], ...option } : option);
  return [
    ["null for options", method, bad(null), "ARGUMENT", new RegExp(`options of (store.)?${method} are null`)],
    [
      "a number for options",
      method,
      bad(5),
      "ARGUMENT",
      new RegExp(`options of (store.)?${method} are 5; give an object`),
    ],
    ["an array for options", method, bad([]), "ARGUMENT", /are an array/],
    ["an unknown option", method, plus({ nameSpace: "x" }), "ARGUMENT", /Unknown option "nameSpace".*signal/],
    ["a signal that is none", method, plus({ signal: 5 }), "ARGUMENT", /signal is 5; give an AbortSignal/],
    ...(alone && method !== "query" ? [] : ["", "a\0", "\ud800", 5, null, {}]).map(
      (namespace): Case => [
        `the namespace ${JSON.stringify(namespace)}`,
        method,
        plus({ namespace }),
        "ARGUMENT",
        /namespace is .*give a string/,
      ],
    ),
  ];
});

const selectionCases = (["delete", "demote", "promote", "pin", "unpin"] as const).flatMap((method) =>
  (
    [
      ["nothing", undefined, "ARGUMENT", /exactly one of ids, filter and all/],
      ["null", null, "ARGUMENT", /exactly one/],
      ["a string", "r1", "ARGUMENT", /exactly one/],
      ["an array of ids", ["r1"], "ARGUMENT", /exactly one/],
      ["an empty object", {}, "ARGUMENT", /exactly one/],
      ["two ways to select", { ids: ["r1"], all: true }, "ARGUMENT", /gives ids and all/],
      ["an unknown way to select", { where: {} }, "ARGUMENT", /gives where/],
      ["ids that are no array", { ids: "r1" }, "ARGUMENT", /ids is "r1"; give an array/],
      ["null for ids", { ids: null }, "ARGUMENT", /ids is null/],
      ["all: false", { all: false }, "ARGUMENT", /all is false; give true/],
      ["null for a filter", { filter: null }, "FILTER", /null/],
      ["a filter that is a function", { filter: () => true }, "FILTER", /function/],
      ["an unknown operator", { filter: { n: { $near: 1 } } }, "FILTER", /unknown operator "\$near".*\$eq/],
    ] as const
  ).map(([given, selection, code, says]): Case => [given, method, [selection], code, says]),
);

const query = (options: object) => [{ vector: [1, 2, 3], ...options }];
const otherCases: Case[] = [
  ...[0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32, "5", null].flatMap((value): Case[] => [
    [`k: ${value}`, "query", query({ k: value }), "ARGUMENT", /k is .*give a whole number from 1/],
    ...(value === null
      ? []
      : [[`rerank: ${value}`, "query", query({ rerank: value }), "ARGUMENT", /rerank is .*from 1/] as const]),
    ...(value === null
      ? []
      : [
          [`sampleSize: ${value}`, "calibrate", [{ sampleSize: value }], "ARGUMENT", /sampleSize is .*from 1/] as const,
        ]),
  ]),
  ["no tiers", "query", query({ tiers: [] }), "ARGUMENT", /tiers is .*give \["hot"\], \["cold"\] or both/],
  ["an unknown tier", "query", query({ tiers: ["warm"] }), "ARGUMENT", /tiers is/],
  ["a tier that is no array", "query", query({ tiers: "hot" }), "ARGUMENT", /tiers is "hot"/],
  ["minScore NaN", "query", query({ minScore: Number.NaN }), "ARGUMENT", /minScore is NaN/],
  ["minScore as text", "query", query({ minScore: "0.5" }), "ARGUMENT", /minScore is "0.5"/],
  ["includeVectors: 1", "query", query({ includeVectors: 1 }), "ARGUMENT", /includeVectors is 1; give true or false/],
  ["includeVectors as text", "get", [["r1"], { includeVectors: "no" }], "ARGUMENT", /includeVectors is "no"/],
  ["an unknown tokenizer", "indexTexts", [{ tokenizer: "icu" }], "ARGUMENT", /tokenizer is "icu"; use one of/],
  ["an unknown option", "indexTexts", [{ lang: "en" }], "ARGUMENT", /Unknown option "lang" of indexTexts/],
  ["no options", "query", [], "ARGUMENT", /options of query are undefined/],
  ["an unknown operator", "query", query({ filter: { n: { $near: 1 } } }), "FILTER", /unknown operator "\$near"/],
  ["an unknown operator", "count", [{ n: { $near: 1 } }], "FILTER", /unknown operator/],
  ["a filter that is text", "count", ["n = 1"], "FILTER", /the string "n = 1"/],
  ["a predicate", "count", [() => true], "FILTER", /function/],
  ["ids that are no array", "get", ["r1"], "ARGUMENT", /ids is "r1"; give an array/],
  ["a hole in the ids", "get", [new Array(2)], "ARGUMENT", /id is undefined/],
  ["no ids", "get", [], "ARGUMENT", /ids is undefined/],
  ["no records", "upsert", [], "ARGUMENT", /records is undefined; give an array/],
  ["records that are no array", "upsert", [good], "ARGUMENT", /records is an object/],
  ["a record that is null", "upsert", [[good, null]], "ARGUMENT", /record is null/],
  ["a hole in the records", "upsert", [new Array(2)], "ARGUMENT", /record is undefined/],
  ["a record that is text", "upsert", [["x"]], "ARGUMENT", /record is "x"/],
  [
    "text that is a number",
    "upsert",
    [[good, { id: "bad", vector: [1, 2, 3], text: 5 }]],
    "ARGUMENT",
    /text of record "bad" is 5; give a string/,
  ],
  [
    "onProgress that is no function",
    "upsert",
    [[good], { onProgress: 5 }],
    "ARGUMENT",
    /onProgress is 5; give a function/,
  ],
  ...["", 5, undefined, null, "a\0b", ":memory:"].map(
    (path): Case => [`the path ${JSON.stringify(path)}`, "backup", [path], "ARGUMENT", /path is .*give a file's path/],
  ),
];

/** Calls that no store takes which has a dimension, of calibration and what recommends it. */
export const badCalibrations: readonly Case[] = [
  ...(["calibrate", "recalibrate", "recommend"] as const).flatMap((method): Case[] => [
    ["queries that are no array", method, [{ queries: "x" }], "ARGUMENT", /queries is "x"; give an array of vectors/],
    ["a query of another dimension", method, [{ queries: [[1, 2]] }], "DIMENSION", /queries\[0\] has 2 components/],
    ["a query with NaN", method, [{ queries: [[1, Number.NaN, 2]] }], "NOT_FINITE", /queries\[0\] holds NaN/],
    ["a query of zeros", method, [{ queries: [[0, 0, 0]] }], "ZERO_VECTOR", /queries\[0\] is all zeros/],
    ["a query that is null", method, [{ queries: [null] }], "ARGUMENT", /queries\[0\] is null; give an array/],
    ["few queries", method, [{ queries: [[1, 2, 3]] }], "ARGUMENT", /give at least (30|1000)/],
  ]),
  ...[[], "0.9", [1], [0], [Number.NaN], ["0.9"]].map(
    (targets): Case => [
      `the targets ${JSON.stringify(targets)}`,
      "recommend",
      [{ targets }],
      "ARGUMENT",
      /targets.* is /,
    ],
  ),
  ...[[], 24, [1], [24.5], [1_000]].map(
    (bytes): Case => [`the bytes ${JSON.stringify(bytes)}`, "recommend", [{ bytes }], "ARGUMENT", /bytes.* is /],
  ),
  ["too small a sample", "recommend", [{ sampleSize: 999 }], "ARGUMENT", /sampleSize is 999.*from 1000/],
  ["too few rows stored", "recommend", [], "ARGUMENT", /1000/],
];

/** Every call that no store takes. */
export const badCalls: readonly Case[] = [
  // The good record comes first: a batch is written whole or not at all.
  ...vectorCases("upsert", (vector) => [good, ...records(500, DIM, 2), { id: "bad", vector }]),
  ...vectorCases("query", (vector) => ({ vector })),
  ...metadataCases,
  ...idCases,
  ...optionCases,
  ...selectionCases,
  ...otherCases,
];
