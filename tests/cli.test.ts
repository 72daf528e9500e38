import { spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT, EXIT_MEANINGS } from "../packages/cli/src/failure.js";
import { cli, cliJson } from "./support/cli.js";

const entry = fileURLToPath(new URL("../packages/cli/src/index.ts", import.meta.url));
const root = fileURLToPath(new URL("..", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "thermocline-cli-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const DIM = 16;
const ROWS = 3000;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** A process of its own, for what is about processes: signals and standard input. */
function start(args: readonly string[], input = "") {
  const child = spawn(process.execPath, ["--import", "tsx", entry, ...args], { cwd: root });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => {
    out += data;
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  child.stdin.on("error", () => undefined).end(input);
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, out, err })),
  );
  return { child, ended };
}

const run = (args: readonly string[]) => cli(...args);
// biome-ignore lint/suspicious/noExplicitAny: what a command prints is for the test to say.
const json = (args: readonly string[]) => cliJson<any>(...args);

function npy(rows: number, type: "<f2" | "<f4"): Uint8Array {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${rows}, ${DIM}), }`.padEnd(117);
  const values = Float32Array.from({ length: rows * DIM }, (_, i) => Math.sin(i * 1.7 + Math.floor(i / DIM) ** 1.3));
  const data =
    type === "<f4"
      ? new Uint8Array(values.buffer)
      : new Uint8Array(Uint16Array.from(values, (value) => (value < 0 ? 0xbc00 : 0x3c00)).buffer);
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1"), Buffer.from(`${header}\n`), data]);
}

const line = (i: number) =>
  JSON.stringify({
    _id: `doc-${i}`,
    title: `Title ${i}`,
    text: i % 3 === 0 ? "salt water" : "cold ice",
    year: 2000 + (i % 20),
  });

beforeAll(() => {
  writeFileSync(at("corpus.jsonl"), `${Array.from({ length: ROWS }, (_, i) => line(i)).join("\n")}\n`);
  writeFileSync(at("documents.npy"), npy(ROWS, "<f4"));
  writeFileSync(at("notes.txt"), "Not a table.");
});

const importing = (store: string) => ["import", at(store), at("corpus.jsonl"), "--vectors", at("documents.npy")];

describe("the command line", () => {
  it("imports JSONL with .npy, and says what the store holds", async () => {
    const { code, value } = await json(importing("memory.db"));
    expect([code, value.imported, value.present]).toEqual([0, ROWS, 0]);
    const info = await json(["info", at("memory.db")]);
    expect([info.code, info.value.records, info.value.dim]).toEqual([0, ROWS, DIM]);
    const again = await json(importing("memory.db"));
    expect([again.value.imported, again.value.present]).toEqual([0, ROWS]);
  });

  it("finds by a vector what has it, by words what has them, and by both, among what the filter lets through", async () => {
    const words = await json(["search", at("memory.db"), "salt", "-k", "3", "--filter", '{"year":{"$gte":2015}}']);
    expect(words.value.hits).toHaveLength(3);
    for (const { text, metadata } of words.value.hits)
      expect([text, metadata.year >= 2015]).toEqual(["salt water", true]);
    const first = await json(["search", at("memory.db"), "--vector", at("documents.npy"), "-k", "1"]);
    expect(first.value.hits[0].id).toBe("doc-0");
    const typed = `[${Array.from({ length: DIM }, (_, i) => Math.sin(i * 1.7)).join()}]`;
    const args = ["search", at("memory.db"), "salt", "--vector", "-", "-k", "1", "--explain", "--json"];
    const both = JSON.parse((await start(args, typed).ended).out);
    expect(both.hits[0].id).toBe("doc-0");
    expect(both.explanation.scanned.hot).toBe(ROWS);
  });

  it("finds a sound file whole, and says of a damaged one what is damaged, with exit code 3", async () => {
    const sound = await json(["verify", at("memory.db")]);
    expect([sound.code, sound.value.ok, sound.value.records]).toEqual([0, true, ROWS]);
    copyFileSync(at("memory.db"), at("damaged.db"));
    const file = openSync(at("damaged.db"), "r+");
    const middle = Math.floor(statSync(at("damaged.db")).size / 2);
    const bytes = Buffer.alloc(4096);
    readSync(file, bytes, 0, 4096, middle);
    writeSync(
      file,
      bytes.map((byte) => byte ^ 0x55),
      0,
      4096,
      middle,
    );
    const { code, value } = await json(["verify", at("damaged.db")]);
    expect([code, value.ok]).toEqual([3, false]);
    expect(value.problems[0].message).not.toBe("");
    const human = await run(["verify", at("damaged.db")]);
    expect(human.code).toBe(3);
    expect(human.out).toMatch(/is damaged: .*[\s\S]*Whole: /);
  });

  it.each(["SIGINT", "SIGKILL"] as const)(
    "leaves a whole file after %s in the middle of an import, and goes on from there",
    async (signal) => {
      const rows = 15_000;
      writeFileSync(at("long.jsonl"), Array.from({ length: rows }, (_, i) => line(i)).join("\n"));
      writeFileSync(at("long.npy"), npy(rows, "<f4"));
      const args = ["import", at(`${signal}.db`), at("long.jsonl"), "--vectors", at("long.npy")];
      const { child, ended } = start(args);
      const log = at(`${signal}.db-wal`);
      // More than an empty store's tables take: records have been committed, and more are to come.
      while (!(existsSync(log) && statSync(log).size > 400_000) && child.exitCode === null) {
        await new Promise((wake) => setTimeout(wake, 2));
      }
      child.kill(signal);
      const end = await ended;
      if (signal === "SIGKILL") expect(end.signal).toBe("SIGKILL");
      else
        expect([end.code, end.out, end.err]).toEqual([
          130,
          "",
          expect.stringMatching(/is whole, with [\d,]+ records.*again to go on/),
        ]);
      const cut = await json(["verify", at(`${signal}.db`)]);
      expect([cut.code, cut.value.ok]).toEqual([0, true]);
      const on = await json(args);
      expect(on.value.present).toBe(cut.value.records);
      expect(on.value.present).toBeGreaterThan(0);
      expect(on.value.imported).toBeGreaterThan(0);
      expect(on.value.present + on.value.imported).toBe(rows);
    },
    60_000,
  );

  it("recommends bytes for .npy files of float16 and float32", async () => {
    writeFileSync(at("half.npy"), npy(1200, "<f2"));
    const { code, value } = await json(["recommend", at("half.npy"), "--recall", "0.9"]);
    expect([code, value.rows, value.dim, value.targets[0].target]).toEqual([0, 1200, DIM, 0.9]);
    expect(value.curve.length).toBeGreaterThan(1);
  });

  it.each([
    [["info"], 2, /missing required argument 'store'/],
    [["inof", "x"], 2, /unknown command/],
    [["info", "missing.db"], 1, /There is no file missing.db/],
    [["search", "memory.db"], 2, /Nothing to search for/],
    [["search", "memory.db", "x", "-k", "0"], 2, /whole number/],
    [["search", "memory.db", "x", "--filter", "{"], 2, /--filter is no JSON/],
    [["search", "memory.db", "x", "--filter", '{"a":{"$no":1}}'], 2, /\$no/],
    [["recommend", "memory.db"], 4, /is no \.npy file but a database; .*--vectors vectors\.npy" writes/],
    [["recommend", "documents.npy", "--recall", "2"], 2, /below 1/],
    [["info", "corpus.jsonl"], 4, /corpus\.jsonl/],
    [["import", "new.db", "notes.txt"], 2, /\.jsonl/],
    [["import", "new.db", "missing.jsonl"], 1, /There is no file missing.jsonl/],
    [["import", "new.db", "corpus.jsonl"], 2, /has no vector; give --embed hashing/],
    [["import", "new.db", "corpus.jsonl", "--embed", "magic"], 2, /no embedding provider magic/],
    [["search", "memory.db", "x", "--mode", "vector"], 2, /does not say what made its vectors/],
    [["search", "memory.db", "x", "--mode", "both"], 2, /Allowed choices are vector, keyword, hybrid/],
    [["recommend", "documents.npy", "--plot", "documents.png"], 2, /no .svg or .html/],
    [["export", "memory.db", "new.jsonl", "--vectors", "new.txt"], 2, /no .npy/],
  ])(
    "refuses %j with exit code %i and one sentence",
    async (args, code, message) => {
      const paths = args.map((arg) => (/^(missing|memory|corpus|documents|new|notes)\./.test(arg) ? at(arg) : arg));
      const human = await run(paths);
      expect(human.code).toBe(code);
      expect(human.out).toBe("");
      expect(human.err.replaceAll(`${folder}/`, "")).toMatch(message);
      expect(human.err).not.toMatch(/\n\s+at /);
      const machine = await run([...paths, "--json"]);
      expect([machine.code, machine.err]).toEqual([code, ""]);
      expect(JSON.parse(machine.out).error.message.replaceAll(`${folder}/`, "")).toMatch(message);
    },
    60_000,
  );

  it("makes no store where records and vectors do not belong together", async () => {
    writeFileSync(at("few.npy"), npy(5, "<f4"));
    const { code, err } = await run(["import", at("never.db"), at("corpus.jsonl"), "--vectors", at("few.npy")]);
    expect([code, existsSync(at("never.db"))]).toEqual([2, false]);
    expect(err).toMatch(/3000 records and .* 5 vectors/);
  });

  it("ends with the codes that its README lists", () => {
    const readme = readFileSync(new URL("../packages/cli/README.md", import.meta.url), "utf8");
    const listed = [...readme.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, code, means]) => [Number(code), means]);
    const codes = Object.entries(EXIT_MEANINGS).map(([name, means]) => [EXIT[name as keyof typeof EXIT], means]);
    expect(listed).toEqual(codes);
  });

  it("writes neither progress nor colours where nobody watches", async () => {
    const { out, err } = await run(importing("memory.db"));
    expect(err).toBe("");
    expect(out).not.toContain("\x1b");
  });
});
