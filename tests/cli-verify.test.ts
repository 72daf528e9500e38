import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Thermocline } from "@thermocline/core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cli, cliJson } from "./support/cli.js";
import { edit } from "./support/database.js";

const folder = mkdtempSync(join(tmpdir(), "thermocline-cli-verify-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const ROWS = 400;

beforeAll(async () => {
  const store = await Thermocline.open({ path: at("made.db"), dim: 16, cold: { bytes: 4 } });
  const vector = (i: number) => Array.from({ length: 16 }, (_, j) => Math.sin(i * 1.3 + j * (1 + (i % 7))));
  await store.upsert(
    Array.from({ length: ROWS }, (_, i) => ({ id: `row-${i}`, vector: vector(i), text: `text ${i}` })),
  );
  await store.demote({ ids: Array.from({ length: 100 }, (_, i) => `row-${i}`) });
  await store.close();
  copyFileSync(at("made.db"), at("sound.db"));
});

it("finds a sound file whole, and says how much it holds", async () => {
  const { code, out } = await cli("verify", at("sound.db"));
  expect([code, out.replaceAll(`${folder}/`, "")]).toEqual([
    0,
    expect.stringMatching(
      /^sound\.db is whole\.\nWhole: 400 records, 1 namespaces, 1 codebooks, 1 code blocks, 400 originals \(.*\)\.\n$/,
    ),
  ]);
});

it("names what is damaged in each of several tables, sums it up, and counts what is whole", async () => {
  copyFileSync(at("sound.db"), at("damaged.db"));
  edit(
    at("damaged.db"),
    "UPDATE records SET text = 'x' WHERE row IN (7, 8, 9)",
    "UPDATE hot_rows SET vector = zeroblob(length(vector)) WHERE row IN (200, 201)",
    "UPDATE cold_rows SET vector = zeroblob(length(vector)) WHERE row = 50",
    "UPDATE code_blocks SET codes = zeroblob(length(codes))",
  );
  const { code, value } = await cliJson<
    { problems: { what: string; table: string; row?: number }[] } & Record<string, unknown>
  >("verify", at("damaged.db"));
  expect(code).toBe(3);
  expect(value).toMatchObject({ ok: false, problemCount: 204, records: ROWS - 3, originals: ROWS - 3, blocks: 0 });
  expect(value["damaged"]).toEqual({ record: 3, original: 3, block: 1, placement: 197 });
  // That the rows of a damaged block have no place follows from that.
  const causes = value.problems.filter(({ what }) => what !== "placement");
  const tables = causes.map(({ table, row }) => `${table} ${row ?? ""}`.trim()).sort();
  expect(tables).toEqual([
    "code_blocks",
    "cold_rows 50",
    "hot_rows 200",
    "hot_rows 201",
    "records 7",
    "records 8",
    "records 9",
  ]);
  const human = await cli("verify", at("damaged.db"));
  expect(human.code).toBe(3);
  for (const what of [/record.*row 7\b/, /original.*row 201\b/, /original.*row 50\b/, /block/])
    expect(human.out).toMatch(what);
  expect(human.out).toMatch(/Whole: 397 records, .* 0 code blocks, 397 originals/);
  expect(human.out).toMatch(/restore a backup/);
});
