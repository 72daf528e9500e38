import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ThermoclineError } from "../packages/core/src/errors.js";
import { evaluateFilter } from "../packages/core/src/filter/evaluate.js";
import { FieldValues, FieldValuesBuilder, type Leaf } from "../packages/core/src/filter/field-values.js";
import { parseFilter } from "../packages/core/src/filter/parse.js";
import { compileFilter } from "../packages/core/src/filter/sql.js";
import { formatNpy, parseNpy } from "../packages/core/src/spectral/npy.js";
import type { JsonValue } from "../packages/core/src/types.js";
import { document, filter } from "./support/random-filters.js";

// More of them: THERMOCLINE_FUZZ_RUNS=1000000 npm test -- parsers-fuzz
const numRuns = Number(process.env.THERMOCLINE_FUZZ_RUNS ?? 5_000);
const timeout = 3_600_000;

/** The result of a parser, or undefined where it refused with one of these codes. Anything else that is thrown is a fault. */
function parsed<T>(codes: readonly string[], parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ThermoclineError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

describe("the parser of .npy files", () => {
  const CODES = ["FORMAT", "VERSION", "CORRUPT"];
  const size = fc.nat(5);
  const file = fc
    .tuple(
      fc.oneof(
        size.map((n) => [n]),
        fc.tuple(size, size),
      ),
      fc.boolean(),
    )
    .map(([shape, wide]) => {
      const count = shape.reduce((product, n) => product * n, 1);
      return formatNpy({ shape, values: wide ? new Float64Array(count) : new Float32Array(count) });
    });
  /** What may happen to bytes: changed, cut off, or with others put in, some of which mean something in a header. */
  const text = fc.constantFrom("(", ")", ",", "'", "}", "9", "L", "True", "'shape'", "\n", " ", "\0", "-1", "1e9");
  const edit = fc.oneof(
    fc.record({ at: fc.nat(200), put: fc.uint8Array({ maxLength: 4 }), over: fc.nat(4) }),
    fc.record({ at: fc.nat(200), put: text.map((some) => new TextEncoder().encode(some)), over: fc.nat(4) }),
    fc.record({ at: fc.nat(200), put: fc.constant(new Uint8Array()), over: fc.constant(10_000) }),
  );
  type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;
  const edited = (bytes: Uint8Array, { at, put, over }: Edit) =>
    Uint8Array.from([...bytes.subarray(0, at), ...put, ...bytes.subarray(at + over)]);

  /** An array of its shape, or a refusal. */
  function sound(bytes: Uint8Array): boolean {
    const array = parsed(CODES, () => parseNpy("a.npy", bytes));
    if (array) expect(array.values.length).toBe(array.shape.reduce((product, n) => product * n, 1));
    return array !== undefined;
  }

  it("gives an array or a typed error for any bytes", { timeout }, () => {
    const start = fc.constantFrom(
      [],
      [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59],
      [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 20, 0],
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (first, bytes) => {
        sound(Uint8Array.from([...first, ...bytes]));
      }),
      { numRuns },
    );
  });

  it("gives an array or a typed error for whatever becomes of a file", { timeout }, () => {
    let taken = 0;
    fc.assert(
      fc.property(file, fc.array(edit, { maxLength: 3 }), (bytes, edits) => {
        if (sound(edits.reduce(edited, bytes))) taken += 1;
      }),
      { numRuns },
    );
    // Some edits leave a file whole, and some do not.
    expect(taken).toBeGreaterThan(numRuns / 20);
    expect(taken).toBeLessThan(numRuns / 1.2);
  });
});

describe("the parser of a field's values", () => {
  /** A blob of some values of a field. */
  const blob = fc.array(fc.jsonValue(), { maxLength: 30 }).map((values) => {
    const builder = new FieldValuesBuilder();
    for (const [row, value] of values.entries()) builder.add(row, value as JsonValue);
    return builder.finish(1_000_000) ?? new Uint8Array();
  });
  const conditions = [
    '{"f":1}',
    '{"f":{"$gt":"a"}}',
    '{"f":{"$lte":0}}',
    '{"f":{"$contains":"b"}}',
    '{"f":{"$exists":true}}',
  ];
  /** What can be asked of an index, by its parsed conditions on one field. */
  const leaves = conditions.map((text) => parseFilter(JSON.parse(text)) as Leaf);

  /** Whether it was taken; then it answers, whatever it says. */
  function answers(bytes: Uint8Array): boolean {
    const values = FieldValues.read(bytes);
    for (const leaf of leaves) values?.find(leaf, new Uint8Array(16), 0);
    return values !== undefined;
  }

  it("takes what was written, refuses what has another length, and never throws at any bytes", { timeout }, () => {
    let refused = 0;
    fc.assert(
      fc.property(blob, fc.nat(), fc.nat(255), fc.uint8Array(), (written, at, byte, any) => {
        expect(answers(written)).toBe(true);
        expect(answers(written.subarray(0, at % written.length))).toBe(false);
        expect(answers(Uint8Array.of(...written, byte))).toBe(false);
        const damaged = written.slice();
        damaged[at % damaged.length] = byte;
        if (!answers(damaged)) refused += 1;
        answers(any);
      }),
      { numRuns },
    );
    expect(refused).toBeGreaterThan(numRuns / 10);
  });
});

describe("the parser of filters", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withTypedArray: true,
  });
  const operator = fc.constantFrom(
    ...[
      "$eq",
      "$ne",
      "$gt",
      "$gte",
      "$lt",
      "$lte",
      "$in",
      "$nin",
      "$exists",
      "$contains",
      "$and",
      "$or",
      "$not",
      "$",
      "a",
      "a.b",
      "a\\",
      "__proto__",
    ],
  );
  const { shaped } = fc.letrec<{ shaped: unknown }>((tie) => ({
    shaped: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      anything,
      fc.array(tie("shaped"), { maxLength: 3 }),
      fc.array(fc.tuple(operator, tie("shaped")), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs)),
    ),
  }));

  /** What is taken means something to both, whatever the metadata; the rest is refused as a filter. */
  function sound(random: unknown, metadata: Parameters<typeof evaluateFilter>[1]): boolean {
    const node = parsed(["FILTER"], () => parseFilter(random));
    if (!node) return false;
    expect(evaluateFilter(node, metadata)).toBeTypeOf("boolean");
    const compiled = parsed(["FILTER"], () => compileFilter(node, "records.metadata"));
    if (compiled) expect(compiled.sql.split("?").length - 1).toBe(compiled.parameters.length);
    return true;
  }

  it("takes what it can mean and refuses the rest as FILTER, whatever it is given", { timeout }, () => {
    let taken = 0;
    fc.assert(
      fc.property(shaped, document, (random, metadata) => {
        if (sound(random, metadata)) taken += 1;
      }),
      { numRuns },
    );
    expect(taken).toBeGreaterThan(numRuns / 100);
    expect(taken).toBeLessThan(numRuns / 1.2);
  });

  it("does so for filters of which a part was exchanged", { timeout }, () => {
    let taken = 0;
    fc.assert(
      fc.property(filter, anything, fc.nat(), document, (good, part, at, metadata) => {
        if (sound(exchanged(good, at, part), metadata)) taken += 1;
      }),
      { numRuns },
    );
    expect(taken).toBeGreaterThan(numRuns / 100);
    expect(taken).toBeLessThan(numRuns / 1.02);
  });
});

/** A copy of a tree with one of its parts, counted from the root, exchanged for another. */
function exchanged(tree: unknown, at: number, part: unknown): unknown {
  let count = 0;
  const size = (node: unknown): number =>
    1 +
    (node !== null && typeof node === "object"
      ? Object.values(node).reduce<number>((sum, child) => sum + size(child), 0)
      : 0);
  const target = at % size(tree);
  const walk = (node: unknown): unknown => {
    if (count++ === target) return part;
    if (Array.isArray(node)) return node.map(walk);
    if (node === null || typeof node !== "object" || node instanceof Date) return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child)]));
  };
  return walk(tree);
}
