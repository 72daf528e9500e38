import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Thermocline, ThermoclineError } from "@thermocline/core";
import { describe, expect, it } from "vitest";
import { Child } from "./support/child.js";
import { database, edit } from "./support/database.js";
import { bench, contents, refusal } from "./support/stores.js";
import { lcg, records } from "./support/synthetic.js";

const DIM = 8;
const ids = records(60, DIM).map(({ id }) => id);

describe("a file that is no sound store", () => {
  const { open, path } = bench("on file");

  /** A closed store of 60 records, half of them cold, and what it answered. */
  async function sound(name = "sound.db") {
    const file = path(name);
    const store = await open({ path: file, dim: DIM, cold: { bytes: 4 } });
    await store.upsert(records(60, DIM).map((record, i) => (i % 5 > 0 ? record : { ...record, expiresAt: 4e12 + i })));
    await store.demote({ filter: { even: true } });
    const answers = await contents(store, ids);
    await store.close();
    return { file, bytes: readFileSync(file), answers };
  }

  /** That it is refused, stays as it is to the byte, and nothing is left beside it. */
  async function untouched(file: string, code: Parameters<typeof refusal>[1], says: RegExp) {
    const before = readFileSync(file);
    const beside = readdirSync(dirname(file));
    await refusal(open({ path: file, dim: DIM }), code, says);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(beside).toEqual(expect.arrayContaining(readdirSync(dirname(file))));
  }

  it.each([
    ["text", Buffer.from("Dear diary, this is not a database.\n".repeat(500))],
    ["one byte", Buffer.from("S")],
    ["zeros", Buffer.alloc(8_192)],
    ["the beginning of an SQLite header", Buffer.from("SQLite format 3\0")],
  ])("is refused and left alone: %s", async (_, bytes) => {
    const file = path("other.db");
    writeFileSync(file, bytes);
    await untouched(
      file,
      "FORMAT",
      /other\.db is not an SQLite database, so not a Thermocline store; choose another file/,
    );
  });

  it.each(["DELETE", "WAL"])("is refused and left alone: another application's database in mode %s", async (mode) => {
    const file = path("foreign.db");
    edit(file, `PRAGMA journal_mode = ${mode}`, "CREATE TABLE mine (x)", "INSERT INTO mine VALUES (1)");
    await untouched(file, "FORMAT", /foreign\.db is an SQLite database of another application/);
    edit(file, "PRAGMA application_id = 1", "PRAGMA user_version = 7");
    await untouched(file, "FORMAT", /of another application/);
  });

  it("is refused and left alone: another application's database with a log that its crash left", async () => {
    const file = path("foreign.db");
    const owner = database(file);
    owner.exec("PRAGMA journal_mode = WAL; CREATE TABLE mine (x); INSERT INTO mine VALUES (1)");
    // What a crash leaves: the file and its log, and nobody who holds them.
    const [crashed, log] = [path("crashed.db"), path("crashed.db-wal")];
    writeFileSync(crashed, readFileSync(file));
    writeFileSync(log, readFileSync(`${file}-wal`));
    owner.close();
    const before = readFileSync(log);
    expect(before.length).toBeGreaterThan(0);
    await untouched(crashed, "FORMAT", /of another application/);
    expect(readFileSync(log).equals(before)).toBe(true);
  });

  it("is refused: a folder, and a path in a folder that is not there", async () => {
    mkdirSync(path("folder.db"));
    await refusal(open({ path: path("folder.db") }), "IO", /folder\.db is not a file/);
    expect(readdirSync(path("folder.db"))).toEqual([]);
    await refusal(open({ path: path("no/such/folder.db") }), "IO", /does its directory exist/);
  });

  it("is refused and left alone: a store of a newer version", async () => {
    const { file } = await sound();
    edit(file, "PRAGMA user_version = 2");
    await untouched(file, "VERSION", /format version 2, and this Thermocline reads up to 1; update @thermocline\/core/);
    edit(file, "PRAGMA user_version = 0");
    await untouched(file, "CORRUPT", /format version 0, which never was/);
  });

  it("is taken: an empty file", async () => {
    const file = path("empty.db");
    writeFileSync(file, "");
    const store = await open({ path: file, dim: DIM });
    await store.upsert(records(3, DIM));
    expect(await store.count()).toBe(3);
  });

  it("is refused and left alone, wherever it was cut off", async () => {
    const { file, bytes } = await sound();
    const next = lcg(5);
    const lengths = [1, 15, 16, 99, 100, 511, 512, 4_096, 8_191, 8_192, bytes.length - 8_192, bytes.length - 1];
    for (let i = 0; i < 20; i++) lengths.push(1 + Math.floor(((next() + 1) / 2) * (bytes.length - 2)));
    for (const length of lengths) {
      writeFileSync(file, bytes);
      truncateSync(file, length);
      const short = length < 100;
      await untouched(
        file,
        short ? "FORMAT" : "CORRUPT",
        short ? /not an SQLite database/ : /was cut off.*Restore a backup/,
      );
    }
    writeFileSync(file, bytes);
    expect(await (await open({ path: file })).count()).toBe(60);
  });

  /** Flips a bit of a stored blob, as damage does: its checksum stays. */
  function flip(file: string, table: string, column: string, where: string, at: number) {
    const opened = database(file);
    const row = opened.prepare(`SELECT ${column} AS bytes FROM ${table} WHERE ${where} LIMIT 1`).get() as {
      bytes: Uint8Array;
    };
    const bytes = Uint8Array.from(row.bytes);
    const place = at % bytes.length;
    bytes[place] = (bytes[place] ?? 0) ^ 0x10;
    const key = table === "hot_rows" || table === "cold_rows" ? "row" : table === "codebooks" ? "number" : "block";
    opened
      .prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = (SELECT ${key} FROM ${table} WHERE ${where} LIMIT 1)`)
      .run(bytes);
    opened.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    opened.close();
  }

  it.each([
    ["the codes of a block", "code_blocks", "codes", /Code block 1 is damaged/],
    ["the row numbers of a block", "code_blocks", "rows", /Code block 1 is damaged/],
    ["the live rows of a block", "live_rows", "live", /live rows of code block 1 is damaged/],
    ["a codebook", "codebooks", "codebook", /Codebook 1 is damaged/],
    ["a hot row's vector", "hot_rows", "vector", /original of row \d+ is damaged/],
  ])("is refused with one bit wrong in %s", async (_, table, column, says) => {
    const { file, bytes } = await sound();
    for (const at of [0, 1, 7, 29, 12_345]) {
      writeFileSync(file, bytes);
      flip(file, table, column, "1", at);
      const damaged = readFileSync(file);
      await refusal(open({ path: file }), "CORRUPT", says);
      expect(readFileSync(file).equals(damaged)).toBe(true);
    }
  });

  it("is refused by a query and by get, with one bit wrong in a cold row's original, and goes on without it", async () => {
    const { file } = await sound();
    flip(file, "cold_rows", "vector", "row = 5", 9);
    const store = await open({ path: file });
    await refusal(
      store.query({ vector: records(1, DIM)[0]?.vector ?? [] }),
      "CORRUPT",
      /original of row 5 is damaged.*checksum/,
    );
    await refusal(store.get(["r4"], { includeVectors: true }), "CORRUPT", /original of row 5/);
    await refusal(store.calibrate(), "CORRUPT", /original of row 5/);
    expect(await store.query({ vector: records(1, DIM)[0]?.vector ?? [], tiers: ["hot"], k: 60 })).toHaveLength(30);
    expect(await store.delete({ ids: ["r4"] })).toBe(1);
    expect(await store.query({ vector: records(1, DIM)[0]?.vector ?? [], k: 60 })).toHaveLength(59);
  });

  it.each([
    ["the live rows of a block", "DELETE FROM live_rows", /live rows of code block 1 are missing/],
    ["a codebook", "PRAGMA foreign_keys = OFF; DELETE FROM codebooks", /needs codebook 1, which is missing/],
    ["the metric", "DELETE FROM settings WHERE key = 'metric'", /damaged settings: metric is missing/],
    ["a metric that there is", "UPDATE settings SET value = 'cosin' WHERE key = 'metric'", /setting metric is damaged/],
    ["a dimension", "UPDATE settings SET value = 'x' WHERE key = 'dim'", /setting dim is damaged/],
    ["its own dimension", "UPDATE settings SET value = '9' WHERE key = 'dim'", /setting dim is damaged/],
    ["its own metric", "UPDATE settings SET value = 'dot' WHERE key = 'metric'", /setting metric is damaged/],
    ["a table", "DROP TABLE hot_rows", /definition of table hot_rows/],
    ["an index", "DROP INDEX expiring_records", /definition of index expiring_records/],
    ["a time to expire", "UPDATE records SET expires = NULL WHERE row = 1", /record of row 1 is damaged/],
    ["a block", "DELETE FROM code_blocks", /60 records but 30 rows/],
    ["a hot row", "DELETE FROM hot_rows WHERE row = 2", /60 records but 59 rows/],
  ])("is refused without %s", async (_, sql, says) => {
    const { file } = await sound();
    edit(file, sql);
    const { message } = await refusal(open({ path: file }), "CORRUPT", says);
    expect(message).not.toMatch(/Restore a backup.*Restore a backup/);
  });

  /** What a damaged file answers, or the code of its refusal. */
  async function answered(file: string): Promise<unknown> {
    let store: Thermocline | undefined;
    try {
      store = await open({ path: file });
      const group = await store.count({ group: "g1" });
      return { all: await contents(store, ids), group, none: await store.get(["other"]) };
    } catch (error) {
      if (!(error instanceof ThermoclineError) || /please report/.test(error.message)) throw error;
      return error.code;
    } finally {
      await store?.close().catch(() => {});
    }
  }

  // More of them, or all, which takes hours: THERMOCLINE_BIT_FLIPS=20000 npm test -- corruption, or =all
  const flips = process.env["THERMOCLINE_BIT_FLIPS"] ?? "600";

  it("gives the same answer or an error of ours, whichever bit is wrong", { timeout: 36_000_000 }, async () => {
    const every = flips === "all";
    const { file, bytes } = await sound();
    const whole = await answered(file);
    expect(whole).toMatchObject({ all: { count: 60 }, group: 12 });
    // A page's header and its first cells' pointers, and all that is not zero, are where bits mean anything.
    const places = [...bytes.keys()].filter((at) => every || bytes[at] !== 0 || at % 8_192 < 16);
    const next = lcg(11);
    const tries = every ? 8 * places.length : Number(flips);
    let refused = 0;
    for (let i = 0; i < tries; i++) {
      const chosen = every ? i >> 3 : Math.floor(((next() + 1) / 2) * places.length);
      const at = places[chosen] ?? 0;
      const damaged = Buffer.from(bytes);
      damaged[at] = (bytes[at] ?? 0) ^ (1 << (i & 7));
      writeFileSync(file, damaged);
      const answer = await answered(file);
      if (typeof answer === "string") {
        refused += 1;
        expect(answer, `byte ${at}, bit ${i & 7}`).toMatch(/^(CORRUPT|FORMAT|VERSION)$/);
      } else expect(answer, `byte ${at}, bit ${i & 7}`).toEqual(whole);
    }
    expect(refused).toBeGreaterThan(tries / (every ? 100 : 2));
  });

  it("is not made when the options are refused", async () => {
    await refusal(open({ path: path("unmade.db"), metric: "nearest" as "dot" }), "ARGUMENT", /metric/);
    expect(statSync(path("unmade.db"), { throwIfNoEntry: false })).toBeUndefined();
  });
});

describe("a store whose process was killed", () => {
  const { open, path } = bench("on file");

  it("is opened by the next one with all that was acknowledged, from a log that nobody merged", async () => {
    const file = path("killed.db");
    const child = new Child(file, { dim: DIM });
    expect(await child.answer()).toEqual({ result: "open" });
    expect(await child.call("upsert", [{ id: "a", vector: Array(DIM).fill(1) }])).toEqual({ result: null });
    await child.kill();
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
    expect(await (await open({ path: file })).count()).toBe(1);
  });
});
