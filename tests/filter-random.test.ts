import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, it } from "vitest";
import { evaluateFilter } from "../packages/core/src/filter/evaluate.js";
import { parseFilter } from "../packages/core/src/filter/parse.js";
import { compileFilter } from "../packages/core/src/filter/sql.js";
import type { JsonValue, Metadata } from "../packages/core/src/types.js";

interface Database {
  exec(sql: string): void;
  prepare(sql: string): { run(...parameters: unknown[]): unknown; all(...parameters: unknown[]): unknown[] };
}

// The SQLite that core opens on this Node.
const requireFromCore = createRequire(new URL("../packages/core/package.json", import.meta.url));
const { DatabaseSync } = (process.getBuiltinModule?.("node:sqlite") ?? requireFromCore("@photostructure/sqlite")) as {
  DatabaseSync: new (path: string) => Database;
};
const database = new DatabaseSync(":memory:");
database.exec("CREATE TABLE records (row INTEGER PRIMARY KEY, metadata TEXT)");

/** What SQLite says of each document: 1 or 0. */
function verdicts(filter: unknown, documents: readonly Metadata[]): unknown[] {
  database.exec("DELETE FROM records");
  const insert = database.prepare("INSERT INTO records (metadata) VALUES (?)");
  for (const document of documents) insert.run(JSON.stringify(document));
  const { sql, parameters } = compileFilter(parseFilter(filter), "records.metadata");
  const rows = database.prepare(`SELECT ${sql} AS verdict FROM records ORDER BY row`).all(...parameters);
  return rows.map((row) => (row as { verdict: unknown }).verdict);
}

const strings = [
  "",
  "a",
  "b",
  "ab",
  "1",
  "true",
  "null",
  "[]",
  "é",
  "\uff01",
  "😀",
  "😁",
  "\ud83d",
  "\0",
  "a\0b",
  '"',
  "\\",
  "'",
];
const keys = [
  ...strings.filter((text) => !text.includes("\0")),
  "a.b",
  "$",
  "$gt",
  "[0]",
  "0",
  "#-1",
  "*",
  "a b",
  "\n",
  "\u2028",
  "__proto__",
  "constructor",
];
const numbers = [
  0,
  -0,
  1,
  -1,
  2.5,
  1e-20,
  2 ** 31,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 60,
  -(2 ** 63),
  1e20,
  1e300,
];
const text = fc.array(fc.constantFrom("a", "b", "\uff01", "😀", "\ud83d", "\ude00", "\0", '"', "\\", "%"), {
  maxLength: 4,
});
const key = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("a", "b", "c") },
  { weight: 2, arbitrary: fc.constantFrom(...keys) },
  { weight: 1, arbitrary: text.map((units) => units.join("").replaceAll("\0", "")) },
);
// Within what every supported SQLite reads exactly.
const real = fc.double({ min: -1e100, max: 1e100, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-80);
const number = fc.oneof(fc.constantFrom(...numbers), fc.integer({ min: -3, max: 3 }), real);
const string = fc.oneof(
  fc.constantFrom(...strings),
  text.map((units) => units.join("")),
);
const scalar = fc.oneof(number, string, fc.boolean(), fc.constant(null));
const bound = fc.oneof(number, string, fc.date({ noInvalidDate: true }));

const { document } = fc.letrec<{ document: Metadata; value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: scalar },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    { weight: 3, arbitrary: tie("document") },
  ),
  document: fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((pairs) => Object.fromEntries(pairs)),
}));

const path = fc
  .array(key, { minLength: 1, maxLength: 2 })
  .map((parts) => parts.map((part) => part.replace(/[.$\\]/g, "\\$&")).join("."));
const list = fc.array(scalar, { maxLength: 4 });
const operator = fc.oneof(
  fc.tuple(fc.constantFrom("$eq", "$ne", "$contains"), scalar),
  fc.tuple(fc.constantFrom("$gt", "$gte", "$lt", "$lte"), bound),
  fc.tuple(fc.constantFrom("$in", "$nin"), list),
  fc.tuple(fc.constant("$exists"), fc.boolean()),
);
const operators = fc.array(operator, { minLength: 1, maxLength: 2 }).map((pairs) => Object.fromEntries(pairs));
const condition = fc.oneof(
  scalar,
  operators,
  operators.map(($not) => ({ $not })),
);
const { filter } = fc.letrec<{ filter: unknown; list: unknown[] }>((tie) => ({
  filter: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    {
      weight: 6,
      arbitrary: fc.array(fc.tuple(path, condition), { maxLength: 2 }).map((pairs) => Object.fromEntries(pairs)),
    },
    { weight: 1, arbitrary: tie("list").map(($and) => ({ $and })) },
    { weight: 1, arbitrary: tie("list").map(($or) => ({ $or })) },
    { weight: 1, arbitrary: tie("filter").map(($not) => ({ $not })) },
  ),
  list: fc.array(tie("filter"), { minLength: 1, maxLength: 3 }),
}));

it("random filters over random metadata mean the same in SQL and in JavaScript, and their complements the opposite", () => {
  let yes = 0;
  let no = 0;
  fc.assert(
    fc.property(filter, fc.array(document, { minLength: 4, maxLength: 12 }), (random, documents) => {
      const node = parseFilter(random);
      // What JSON makes of it: -0 becomes 0.
      const expected = documents.map((metadata) =>
        evaluateFilter(node, JSON.parse(JSON.stringify(metadata)) as Metadata),
      );
      expect(verdicts(random, documents)).toEqual(expected.map(Number));
      expect(verdicts({ $not: random }, documents)).toEqual(expected.map((answer) => Number(!answer)));
      for (const answer of expected) answer ? yes++ : no++;
    }),
    { numRuns: 4_000 },
  );
  expect(Math.min(yes, no)).toBeGreaterThan(5_000);
}, 120_000);

it("random conditions on one field mean the same, where most operands meet their match", () => {
  let yes = 0;
  fc.assert(
    fc.property(
      condition,
      fc.array(fc.oneof(scalar, fc.array(scalar)), { minLength: 8, maxLength: 24 }),
      (x, values) => {
        const documents: Metadata[] = values.map((value) => ({ x: value }));
        const node = parseFilter({ x });
        const expected = documents.map((metadata) => Number(evaluateFilter(node, metadata)));
        expect(verdicts({ x }, documents)).toEqual(expected);
        for (const answer of expected) yes += answer;
      },
    ),
    { numRuns: 4_000 },
  );
  expect(yes).toBeGreaterThan(5_000);
}, 120_000);
