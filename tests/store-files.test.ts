import { execFileSync } from "node:child_process";
import cluster from "node:cluster";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Thermocline } from "@thermocline/core";
import { afterEach, describe, expect, it } from "vitest";
import { Catalogue } from "../packages/core/src/catalogue/catalogue.js";
import { sqliteDriver } from "../packages/core/src/catalogue/node-driver.js";
import type { DistantReader, Driver } from "../packages/core/src/catalogue/sqlite.js";
import { Child } from "./support/child.js";
import { bench, contents, refusal } from "./support/stores.js";
import { records } from "./support/synthetic.js";

const DIM = 8;
const ids = records(60, DIM).map(({ id }) => id);
const root = process.getuid?.() === 0;

/** A user who owns nothing. */
const NOBODY = 65_534;

const { open, path } = bench("on file");

/** A closed store of 60 records, half of them cold, in a folder of its own, and what it answered. */
async function sound() {
  const folder = join(path("folder"), "..", "of-its-own");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "store.db");
  const store = await open({ path: file, dim: DIM, cold: { bytes: 4 } });
  await store.upsert(records(60, DIM));
  await store.demote({ filter: { even: true } });
  const answers = await contents(store, ids);
  // A driver may hold the file that it closed; a copy has nobody.
  const copy = join(folder, "copy.db");
  await store.backup(copy);
  await store.close();
  return { file: copy, folder, answers };
}

describe("a store that is opened with readOnly", () => {
  it("answers as ever, refuses every call that writes, and changes nothing", async () => {
    const { file, answers } = await sound();
    const before = readFileSync(file);
    const store = await open({ path: file, readOnly: true, dim: DIM });
    expect(await contents(store, ids)).toStrictEqual(answers);
    for (const write of [
      () => store.upsert(records(3, DIM)),
      () => store.delete({ all: true }),
      () => store.demote({ all: true }),
      () => store.calibrate(),
      () => store.compact(),
      () => store.copyNamespace("default", "copy"),
      () => store.dropNamespace("default"),
    ]) {
      await refusal(write, "UNSUPPORTED", /copy\.db was opened with readOnly; open it without, to write/);
    }
    expect(await contents(store, ids)).toStrictEqual(answers);
    await store.backup(join(dirname(file), "backup.db"));
    await store.close();
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(await Thermocline.verify(join(dirname(file), "backup.db"))).toMatchObject({ ok: true, records: 60 });
  });

  it("sees what others commit", async () => {
    const { file } = await sound();
    const reader = await open({ path: file, readOnly: true });
    const child = new Child(file);
    expect(await child.answer()).toEqual({ result: "open" });
    expect(await child.call("delete", { ids: ["r1", "r2"] })).toEqual({ result: 2 });
    expect(await reader.count()).toBe(58);
    expect(await child.call("demote", { all: true })).toMatchObject({});
    expect(reader.stats().records).toBe(58);
    expect((await reader.get(["r3"]))[0]?.tier).toBe("cold");
    await child.end();
    expect(await reader.count()).toBe(58);
  });

  it("must be there, and have a path", async () => {
    await refusal(open({ path: path("missing.db"), readOnly: true }), "IO", /no store at .*missing\.db to read/);
    expect(existsSync(path("missing.db"))).toBe(false);
    await refusal(Thermocline.open({ readOnly: true }), "ARGUMENT", /readOnly is true, but there is no path/);
    await refusal(open({ readOnly: 1 as unknown as boolean }), "ARGUMENT", /readOnly is 1; give true or false/);
    await refusal(Thermocline.fromBytes(new Uint8Array(), { readOnly: true } as object), "ARGUMENT", /Unknown option/);
  });
});

// Root may do anything, so a process of another user tries.
describe.runIf(root)("a process that may not write", () => {
  async function shared(folderMode: number, fileMode: number) {
    const made = await sound();
    rmSync(join(made.folder, "store.db"), { force: true });
    chmodSync(dirname(made.folder), 0o755);
    chmodSync(made.file, fileMode);
    chmodSync(made.folder, folderMode);
    return made;
  }
  /** What is there, but for what the driver keeps of the first store until it is collected. */
  const beside = (folder: string) => readdirSync(folder).filter((name) => !name.startsWith("store.db"));
  const answerOf = async (child: Child) => {
    const answer = await child.answer();
    if (answer.result !== "open") await child.end();
    return answer;
  };

  it.each([
    ["the folder nor the file", 0o755, 0o644],
    ["the file", 0o777, 0o444],
  ])("to %s reads it with readOnly, and is told to without", async (_, folderMode, fileMode) => {
    const { file, folder } = await shared(folderMode, fileMode);
    const before = readFileSync(file);
    const reader = new Child(file, { readOnly: true }, NOBODY);
    expect(await answerOf(reader)).toEqual({ result: "open" });
    expect(await reader.call("count", { even: true })).toEqual({ result: 30 });
    expect(await reader.call("upsert", [{ id: "x", vector: Array(DIM).fill(1) }])).toMatchObject({
      code: "UNSUPPORTED",
    });
    await reader.end();
    const writer = new Child(file, {}, NOBODY);
    let refused = await answerOf(writer);
    // Where a log can be put beside the file, it can be read as it is, until something is to be written.
    if (refused.result === "open") refused = await writer.call("upsert", [{ id: "x", vector: Array(DIM).fill(1) }]);
    await writer.end();
    expect(refused).toMatchObject({ code: "IO", message: expect.stringMatching(/open it with readOnly/) });
    expect(readFileSync(file).equals(before)).toBe(true);
    if (folderMode === 0o755) expect(beside(folder)).toEqual(["copy.db"]);
  });

  it("to the folder sees what the file's owner writes, when he has it open first", async () => {
    const { file } = await shared(0o755, 0o644);
    const owner = await open({ path: file });
    await owner.delete({ ids: ["r1"] });
    const reader = new Child(file, { readOnly: true }, NOBODY);
    expect(await answerOf(reader)).toEqual({ result: "open" });
    expect(await reader.call("count")).toEqual({ result: 59 });
    await owner.delete({ ids: ["r2"] });
    expect(await reader.call("count")).toEqual({ result: 58 });
    await reader.end();
  });

  it("nor read gets IO, and makes nothing", async () => {
    const { file, folder } = await shared(0o700, 0o600);
    for (const options of [{}, { readOnly: true }]) {
      for (const target of [file, join(folder, "new.db")]) {
        expect(await answerOf(new Child(target, options, NOBODY))).toMatchObject({ code: "IO" });
      }
    }
    expect(beside(folder)).toEqual(["copy.db"]);
  });
});

describe("a disk that is full", () => {
  const mounted: string[] = [];
  afterEach(() => {
    for (const folder of mounted.splice(0)) execFileSync("umount", ["--lazy", folder]);
  });

  /** A file system of two megabytes, where this process may mount one. */
  function smallDisk(): string | undefined {
    const folder = path("disk");
    mkdirSync(folder);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], { stdio: "ignore" });
    } catch {
      return undefined;
    }
    mounted.push(folder);
    return folder;
  }

  it("rejects a write with IO, and keeps everything that was written before", async (context) => {
    const disk = smallDisk();
    if (disk === undefined) return context.skip("no file system can be mounted here");
    const file = join(disk, "store.db");
    const store = await open({ path: file, dim: DIM, cold: { bytes: 4 } });
    await store.upsert(records(60, DIM));
    await store.demote({ filter: { even: true } });
    const before = await contents(store, ids);
    writeFileSync(join(disk, "filler"), Buffer.alloc(600_000));
    const large = records(400, DIM, 2).map((record) => ({
      ...record,
      id: `large-${record.id}`,
      text: "x".repeat(9_000),
    }));
    for (let i = 0; i < 3; i++) {
      await refusal(store.upsert(large), "IO", /disk is full|disk reported an error/);
      expect(await contents(store, ids)).toStrictEqual(before);
      expect(await store.count()).toBe(60);
    }
    const report = await Thermocline.verify(file);
    expect(report).toMatchObject({ ok: true, records: 60 });
    rmSync(join(disk, "filler"));
    await store.upsert(large.slice(0, 20));
    expect(await store.count()).toBe(80);
    await store.close();
    const again = await open({ path: file });
    expect(await again.count()).toBe(80);
    await again.delete({ filter: { n: { $lt: 1 } } });
  });

  it("is too small for the copy of an index of words that verify compares: it says so, and the rest is verified", async (context) => {
    const disk = smallDisk();
    if (disk === undefined) return context.skip("no file system can be mounted here");
    const file = path("indexed.db");
    const store = await open({ path: file, dim: DIM });
    const word = (n: number) => ((n * 2_654_435_761) % 2 ** 32).toString(36);
    const text = (n: number) => Array.from({ length: 700 }, (_, i) => word(700 * n + i)).join(" ");
    await store.upsert(records(600, DIM).map((record, n) => ({ ...record, text: text(n) })));
    await store.indexTexts();
    await store.close();
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true, textIndex: { compared: true } });
    const verifying = fileURLToPath(new URL("support/child-verify.ts", import.meta.url));
    const said = execFileSync(process.execPath, ["--import", "tsx", verifying, file], {
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      env: { ...process.env, SQLITE_TMPDIR: disk },
      encoding: "utf8",
    });
    const { ok, records: whole, textIndex } = JSON.parse(said);
    expect([ok, whole]).toEqual([true, 600]);
    expect(textIndex).toEqual({ compared: false, reason: expect.stringMatching(/could not be written.*disk is full/) });
  });

  it("rejects a write with IO wherever in it the space ends, and the next one succeeds", async () => {
    let pages = 0;
    const driver: Driver = { ...sqliteDriver() };
    const limited: Driver = {
      ...driver,
      async open(file, access) {
        const database = await driver.open(file, access);
        return {
          prepare: (sql) => database.prepare(sql),
          close: () => database.close(),
          exec(sql) {
            // SQLite's own limit, which holds for a connection: as if the disk ended there.
            if (sql === "BEGIN IMMEDIATE") database.exec(`PRAGMA max_page_count = ${pages}`);
            database.exec(sql);
          },
        };
      },
    };
    const place = { path: path("limited.db"), durability: "full", readOnly: false } as const;
    const catalogue = await Catalogue.open(
      limited,
      place,
      (bytes) => bytes.length,
      () => {},
    );
    let rows = 0;
    const write = () =>
      catalogue.write(
        (transaction) => {
          const namespace = transaction.namespace("default");
          for (let i = 0; i < 20; i++) {
            const record = { namespace, id: `${rows + i}`, text: "x".repeat(5_000), metadata: "{}" };
            const row = transaction.insertRecord({ ...record, expires: null, plain: null });
            transaction.insertHot(row ?? 0, new Uint8Array(32));
          }
        },
        () => {
          rows += 20;
        },
      );
    let refused = 0;
    const start = 25;
    for (pages = start; pages < start + 60; pages += 3) {
      const before = rows;
      const error = await write().then(
        () => undefined,
        (cause: { code: string; message: string }) => cause,
      );
      if (error) {
        refused += 1;
        expect(error.code).toBe("IO");
        expect(error.message).toMatch(/disk is full/);
        expect(rows).toBe(before);
      }
      expect(catalogue.reader.total()).toBe(rows);
    }
    expect(refused).toBeGreaterThan(10);
    expect(rows).toBeGreaterThan(0);
    await catalogue.close();
  });
});

describe("a new file", () => {
  it("is made in one step: at every moment it is a store, or a crash would leave none", async () => {
    const file = path("new.db");
    const driver: Driver = { ...sqliteDriver() };
    const seen: boolean[] = [];
    // What another process finds between two statements: nothing, what SQLite rolls back, or a file that says whose it is.
    const look = () => {
      const bytes = readFileSync(file);
      seen.push(bytes.length === 0 || existsSync(`${file}-journal`) || bytes.toString("latin1", 68, 72) === "THMC");
    };
    const watched: Driver = {
      ...driver,
      async open(name, access) {
        const database = await driver.open(name, access);
        return {
          prepare: (sql) => database.prepare(sql),
          close: () => database.close(),
          exec(sql) {
            for (const statement of sql.split(";").filter((part) => part.trim() !== "")) {
              database.exec(statement);
              look();
            }
          },
        };
      },
    };
    const place = { path: file, durability: "full", readOnly: false } as const;
    const catalogue = await Catalogue.open(
      watched,
      place,
      (bytes) => bytes.length,
      () => {},
    );
    await catalogue.close();
    expect(seen.length).toBeGreaterThan(10);
    expect(seen).not.toContain(false);
  });
});

describe("a thread that reads the file", () => {
  it("is replaced once it has failed, and kept until then", async () => {
    const driver = sqliteDriver();
    const lost = new Set<DistantReader>();
    const opened: DistantReader[] = [];
    const failing: Driver = {
      ...driver,
      async readApart(file, access) {
        if (opened.length === 2) throw new Error("no more threads");
        const reader = await driver.readApart?.(file, access);
        if (!reader) throw new Error("files can be read apart here");
        Object.defineProperty(reader, "lost", { get: () => lost.has(reader) });
        opened.push(reader);
        return reader;
      },
    };
    const place = { path: path("apart.db"), durability: "full", readOnly: false } as const;
    const catalogue = await Catalogue.open(
      failing,
      place,
      (bytes) => bytes.length,
      () => {},
    );
    await Promise.all([catalogue.textsApart(), catalogue.textsApart()]);
    expect(opened).toHaveLength(1);
    for (const reader of opened) lost.add(reader);
    await Promise.all([catalogue.textsApart(), catalogue.textsApart()]);
    expect(opened).toHaveLength(2);
    for (const reader of opened) lost.add(reader);
    await expect(catalogue.textsApart()).rejects.toThrow(/no more threads/);
    await Promise.all(opened.map((reader) => reader.close()));
    await catalogue.close();
  });
});

describe("processes on one file", () => {
  it("may be workers of Node's cluster", { timeout: 60_000 }, async () => {
    const file = path("cluster.db");
    const store = await open({ path: file, dim: 4, cold: { bytes: 3 } });
    cluster.setupPrimary({
      exec: fileURLToPath(new URL("support/cluster-worker.ts", import.meta.url)),
      execArgv: ["--import", "tsx"],
      args: [file, "12"],
      cwd: fileURLToPath(new URL("..", import.meta.url)),
    });
    const said = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const worker = cluster.fork();
        return new Promise((resolve) => {
          worker.on("message", resolve);
          worker.on("exit", (code) => resolve(`ended with ${code}`));
        });
      }),
    );
    expect(said).toEqual(Array(3).fill({ found: 12 }));
    expect(await store.count()).toBe(36);
    expect(store.stats().records).toBe(36);
    await store.close();
    expect(await Thermocline.verify(file)).toMatchObject({ ok: true, records: 36 });
  });

  it("may copy a store that another writes to: the copy is one moment of it", async () => {
    const file = path("written.db");
    const store = await open({ path: file, dim: DIM });
    const child = new Child(file);
    expect(await child.answer()).toEqual({ result: "open" });
    const batch = (i: number) =>
      records(30, DIM, i).map(({ id, vector }) => ({ id: `${i}-${id}`, vector: [...vector] }));
    for (let i = 0; i < 40; i++) child.send("upsert", batch(i));
    for (let i = 0; i < 3; i++) {
      expect(await child.answer()).toEqual({ result: null });
      await store.backup(path(`backup-${i}.db`));
      const { ok, records: copied } = await Thermocline.verify(path(`backup-${i}.db`));
      expect({ ok, rest: copied % 30 }).toEqual({ ok: true, rest: 0 });
      expect(copied).toBeGreaterThanOrEqual(30 * (i + 1));
    }
    await child.end();
    expect(await store.count()).toBe(1_200);
  });
});
