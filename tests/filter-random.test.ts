import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, it } from "vitest";
import { evaluateFilter } from "../packages/core/src/filter/evaluate.js";
import { parseFilter } from "../packages/core/src/filter/parse.js";
import { compileFilter } from "../packages/core/src/filter/sql.js";
import type { Metadata } from "../packages/core/src/types.js";
import { condition, document, filter, scalar } from "./support/random-filters.js";

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

it("random conditions meet fields that are missing, null, arrays and objects, with either answer", () => {
  const met = new Map<string, number>();
  const kinds = fc.oneof(
    fc.constant({ kind: "missing", metadata: {} }),
    fc.constant({ kind: "null", metadata: { x: null } }),
    fc.array(scalar, { maxLength: 3 }).map((x) => ({ kind: "array", metadata: { x } })),
    document.map((x) => ({ kind: "object", metadata: { x } })),
  );
  fc.assert(
    fc.property(condition, fc.array(kinds, { minLength: 4, maxLength: 8 }), (x, cases) => {
      const node = parseFilter({ x });
      const expected = cases.map(({ metadata }) => Number(evaluateFilter(node, metadata as Metadata)));
      const documents = cases.map(({ metadata }) => metadata as Metadata);
      expect(verdicts({ x }, documents)).toEqual(expected);
      for (const [i, { kind }] of cases.entries()) {
        const name = `${kind} ${expected[i]}`;
        met.set(name, (met.get(name) ?? 0) + 1);
      }
    }),
    { numRuns: 1_000 },
  );
  for (const kind of ["missing", "null", "array", "object"]) {
    for (const answer of [0, 1]) expect(met.get(`${kind} ${answer}`), `${kind} ${answer}`).toBeGreaterThan(100);
  }
}, 120_000);
