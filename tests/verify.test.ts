import { copyFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Thermocline, type VerifyReport } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { Child } from "./support/child.js";
import { database, edit } from "./support/database.js";
import { bench, refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 8;

describe("Thermocline.verify", () => {
  const { open, path } = bench("on file");

  /** A closed store of 60 records in each of two namespaces; half of the first are cold, and ten of those deleted. */
  async function sound(originals: "float16" | "none" = "float16") {
    const file = path(`${originals}.db`);
    const store = await open({ path: file, dim: DIM, originals, cold: { bytes: 4 } });
    await store.upsert(records(60, DIM));
    await store.demote({ filter: { even: true } });
    await store.upsert(records(60, DIM), { namespace: "other" });
    await store.delete({ filter: { n: { $in: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18] } } });
    await store.close();
    // A driver may hold a file that it closed until its statements are collected, and the log beside it as long.
    copyFileSync(file, path(`copy-of-${originals}.db`));
    return path(`copy-of-${originals}.db`);
  }

  it.each(["float16", "none"] as const)(
    "says that a sound store is sound, and how much it holds: %s",
    async (originals) => {
      const file = await sound(originals);
      // A log that its writer left behind may go as soon as the writer's memory is collected.
      const besides = () => readdirSync(dirname(file)).filter((name) => !/-(wal|shm)$/.test(name));
      const [bytes, beside] = [readFileSync(file), besides()];
      const report = await Thermocline.verify(file);
      expect(report).toEqual({
        ok: true,
        bytes: bytes.length,
        records: 110,
        namespaces: 2,
        codebooks: 1,
        blocks: 1,
        originals: originals === "none" ? 90 : 110,
        problemCount: 0,
        problems: [],
      });
      expect(readFileSync(file).equals(bytes)).toBe(true);
      expect(besides()).toEqual(beside);
    },
  );

  it("sees one moment of a store that is written to meanwhile", async () => {
    const file = await sound();
    const store = await open({ path: file });
    const done = new AbortController();
    const writing = (async () => {
      for (let i = 0; !done.signal.aborted; i++) {
        await store.upsert(records(20, DIM, i).map((record) => ({ ...record, id: `${i}-${record.id}` })));
        await store.demote({ filter: { even: true } });
      }
    })();
    for (let i = 0; i < 5; i++) {
      const { problems, records } = await Thermocline.verify(file);
      expect(problems).toEqual([]);
      expect(records % 10).toBe(0);
    }
    done.abort();
    await writing;
  });

  it("reads the log that a killed process left, and changes neither it nor the file", async () => {
    const file = path("killed.db");
    const child = new Child(file, { dim: DIM });
    expect(await child.answer()).toEqual({ result: "open" });
    expect(await child.call("upsert", [{ id: "a", vector: Array(DIM).fill(1) }])).toEqual({ result: null });
    await child.kill();
    const before = [readFileSync(file), readFileSync(`${file}-wal`)];
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true, records: 1, originals: 1 });
    expect([readFileSync(file), readFileSync(`${file}-wal`)]).toEqual(before);
    expect(await (await open({ path: file })).count()).toBe(1);
  });

  type Found = Partial<VerifyReport["problems"][number]>;
  const vector = "vector = zeroblob(length(vector))";

  it.each<[string, string, Found]>([
    ["a record", "UPDATE records SET text = 'x' WHERE row = 6", { what: "record", table: "records", row: 6 }],
    [
      "a hot row's vector",
      `UPDATE hot_rows SET ${vector} WHERE row = 2`,
      { what: "original", table: "hot_rows", row: 2 },
    ],
    ["an original", `UPDATE cold_rows SET ${vector} WHERE row = 59`, { what: "original", table: "cold_rows", row: 59 }],
    ["codes", "UPDATE code_blocks SET codes = zeroblob(120)", { what: "block", table: "code_blocks", block: 1 }],
    ["live rows", "UPDATE live_rows SET live = x'ffffffff'", { what: "block", table: "code_blocks", block: 1 }],
    [
      "live rows of no block",
      "INSERT INTO live_rows VALUES (7, x'00', 1)",
      { what: "block", table: "live_rows", block: 7 },
    ],
    ["a codebook", "UPDATE codebooks SET sample_rows = 1", { what: "codebook", table: "codebooks" }],
    ["a fit", "UPDATE fits SET rows = 1", { what: "codebook", table: "codebooks" }],
    ["a fit of no codebook", "INSERT INTO fits VALUES (9, 1, 1, 1, 1, 1)", { what: "codebook", table: "fits" }],
    ["a setting", "UPDATE settings SET value = 'dot' WHERE key = 'metric'", { what: "settings", table: "settings" }],
    ["a missing setting", "DELETE FROM settings WHERE key = 'metric'", { what: "settings", table: "settings" }],
    ["a namespace", "UPDATE namespaces SET name = 'x' WHERE number = 2", { what: "namespace", table: "namespaces" }],
    ["a table", "DROP TABLE fits", { what: "table", table: "fits" }],
    ["a row in no tier", "DELETE FROM hot_rows WHERE row = 2", { what: "placement", table: "records", row: 2 }],
    [
      "a row in two",
      "INSERT INTO hot_rows SELECT 59, 32, vector, 1 FROM hot_rows LIMIT 1",
      { what: "placement", row: 59 },
    ],
    ["a vector of no record", "DELETE FROM records WHERE row = 2", { what: "placement", table: "records", row: 2 }],
    ["a code of no place", "DELETE FROM cold_rows WHERE row = 59", { what: "placement", table: "records", row: 59 }],
    ["a missing block", "DELETE FROM code_blocks", { what: "placement", table: "cold_rows", row: 59, block: 1 }],
    ["an index", "UPDATE records SET id = 'x' WHERE row = 6", { what: "record", table: "records", row: 6 }],
  ])("names what is damaged, and counts the rest: %s", async (_, sql, found) => {
    const file = await sound();
    edit(file, "PRAGMA foreign_keys = OFF", sql);
    const bytes = readFileSync(file);
    const { ok, problems, problemCount, records: whole } = await Thermocline.verify(file);
    expect(ok).toBe(false);
    expect(problemCount).toBe(problems.length);
    expect(problems).toContainEqual(expect.objectContaining({ ...found, message: expect.stringMatching(/./) }));
    // Damage to a row is not damage to the others.
    expect(whole).toBeGreaterThanOrEqual(109);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it("notices contradictions between parts that are sound in themselves", async () => {
    const file = await sound("none");
    const opened = database(file);
    // The codebook of another store, which has longer codes.
    const other = await open({ path: path("other.db"), dim: DIM, cold: { bytes: 6 } });
    await other.upsert(records(60, DIM));
    await other.demote({ all: true });
    await other.close();
    opened.exec(`ATTACH '${path("other.db")}' AS other; PRAGMA foreign_keys = OFF;
      DELETE FROM codebooks; INSERT INTO codebooks SELECT * FROM other.codebooks`);
    opened.close();
    const { problems } = await Thermocline.verify(file);
    expect(problems.map(({ message }) => message)).toEqual([
      "Code block 1 has 120 bytes of codes for 30 rows of 6 bytes.",
    ]);
  });

  it("names every row of many, and keeps a thousand", async () => {
    const file = path("many.db");
    const store = await open({ path: file, dim: DIM });
    await store.upsert(records(1_200, DIM));
    await store.close();
    edit(file, `UPDATE hot_rows SET ${vector}`);
    const report = await Thermocline.verify(file);
    expect(report).toMatchObject({ ok: false, records: 1_200, originals: 0, problemCount: 1_200 });
    expect(report.problems.map(({ row }) => row)).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 1));
  });

  it("reads what open refuses, and says why", async () => {
    const file = await sound();
    const bytes = readFileSync(file);
    truncateSync(file, bytes.length - 8_192);
    const cut = await Thermocline.verify(file);
    expect(cut.ok).toBe(false);
    expect(cut.problems[0]).toMatchObject({
      what: "file",
      table: undefined,
      message: expect.stringMatching(/was cut off/),
    });
    // Damage to SQLite's own structure: a leaf page that says it is something else.
    const damaged = Buffer.from(bytes);
    damaged[8_192 * 4] = 99;
    writeFileSync(file, damaged);
    const torn = await Thermocline.verify(file);
    expect(torn.problems.some(({ what, table }) => what === "file" && table === undefined)).toBe(true);
  });

  it("refuses what is no store's file", async () => {
    await refusal(Thermocline.verify(path("missing.db")), "IO", /no store at .*missing\.db/);
    expect(existsSync(path("missing.db"))).toBe(false);
    writeFileSync(path("diary.txt"), "Dear diary. ".repeat(100));
    await refusal(Thermocline.verify(path("diary.txt")), "FORMAT", /not an SQLite database/);
    edit(path("foreign.db"), "CREATE TABLE mine (x)");
    await refusal(Thermocline.verify(path("foreign.db")), "FORMAT", /another application/);
    const file = await sound();
    edit(file, "PRAGMA user_version = 99");
    await refusal(Thermocline.verify(file), "VERSION", /format version 99/);
    await refusal(Thermocline.verify(5 as unknown as string), "ARGUMENT", /path is 5/);
    await refusal(Thermocline.verify(file, { deep: true } as object), "ARGUMENT", /Unknown option "deep" of verify/);
  });

  it("says how far it is, and ends when its signal fires", async () => {
    const file = path("long.db");
    const store = await open({ path: file, dim: DIM });
    await store.upsert(records(5_000, DIM));
    await store.close();
    const seen: number[] = [];
    let total = 0;
    await Thermocline.verify(file, {
      onProgress: (progress) => {
        expect(progress.phase).toBe("verify");
        seen.push(progress.done);
        total = progress.total;
      },
    });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(total);
    const stop = new AbortController();
    const stopped = Thermocline.verify(file, { signal: stop.signal, onProgress: () => stop.abort() });
    await refusal(stopped, "ABORTED");
    await refusal(Thermocline.verify(file, { signal: AbortSignal.abort() }), "ABORTED");
  });
});
