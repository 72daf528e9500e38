import { createRequire } from "node:module";
import fc from "fast-check";
import { expect, it } from "vitest";
import { evaluateFilter, lookUp } from "../packages/core/src/filter/evaluate.js";
import { FieldValues, FieldValuesBuilder } from "../packages/core/src/filter/field-values.js";
import { parseFilter } from "../packages/core/src/filter/parse.js";
import { compileFilter } from "../packages/core/src/filter/sql.js";
import { type Verdict, verdictOf } from "../packages/core/src/filter/verdict.js";
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

/** What indexes of some fields say, over two pieces each; other fields, and what lies between the pieces, they know nothing of. */
function indexed(
  random: unknown,
  documents: readonly Metadata[],
  has: (path: readonly string[], piece: number) => boolean,
): Verdict | undefined {
  return verdictOf(parseFilter(random), 16, (path) =>
    [0, 8].flatMap((first, piece) => {
      if (!has(path, piece)) return [];
      const builder = new FieldValuesBuilder();
      documents.slice(first, first + 8).forEach((document, row) => {
        builder.add(row, lookUp(document, path));
      });
      const values = FieldValues.read(builder.finish(1_000_000) ?? new Uint8Array());
      if (!values) throw new Error("An index was not read.");
      return [{ first, rows: 8, values }];
    }),
  );
}

const isSet = (bits: Uint8Array | undefined, i: number) => ((bits?.[i >> 3] ?? 0) >> (i & 7)) % 2 === 1;

it("indexes of all fields know what random filters mean, and of some fields what they may mean", () => {
  let [yes, no, open] = [0, 0, 0];
  const sixteen = fc.array(document, { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(filter, sixteen, fc.func(fc.boolean()), (random, given, has) => {
      const documents = given.map((metadata) => JSON.parse(JSON.stringify(metadata)) as Metadata);
      const node = parseFilter(random);
      const all = indexed(random, documents, () => true);
      const some = indexed(random, documents, (path, piece) => has(path, piece));
      expect(all?.possible).toEqual(all?.certain);
      documents.forEach((metadata, i) => {
        const expected = evaluateFilter(node, metadata);
        expect(isSet(all?.certain, i)).toBe(expected);
        expected ? yes++ : no++;
        if (!some) return;
        if (isSet(some.certain, i)) expect(expected).toBe(true);
        else if (isSet(some.possible, i)) open++;
        else expect(expected).toBe(false);
      });
    }),
    { numRuns: 3_000 },
  );
  expect(Math.min(yes, no, open)).toBeGreaterThan(1_000);
}, 120_000);

it("an index of one field knows what random conditions on it mean, where most operands meet their match", () => {
  let yes = 0;
  fc.assert(
    fc.property(
      condition,
      fc.array(fc.oneof(scalar, fc.array(scalar)), { minLength: 16, maxLength: 16 }),
      (x, values) => {
        const documents = values.map((value) => JSON.parse(JSON.stringify({ x: value })) as Metadata);
        const node = parseFilter({ x });
        const all = indexed({ x }, documents, () => true);
        documents.forEach((metadata, i) => {
          const expected = evaluateFilter(node, metadata);
          expect(isSet(all?.certain, i)).toBe(expected);
          if (expected) yes++;
        });
      },
    ),
    { numRuns: 3_000 },
  );
  expect(yes).toBeGreaterThan(3_000);
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
