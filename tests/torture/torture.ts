import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type OpenOptions, Thermocline } from "@thermocline/core";
import { check, type Findings } from "./check.js";
import { DIM, IDS, type Line, type Operation, random, recordOf, type Task } from "./log.js";
import { after, type Model, outcomes } from "./model.js";

export interface TortureOptions {
  /** How long; a round that has begun is ended. */
  readonly seconds: number;
  /** Ends sooner, after so many kills. */
  readonly kills?: number | undefined;
  readonly seed: number;
  /** Told of whatever is wrong, as it is found. */
  readonly onWrong?: (what: string) => void;
}

export interface TortureReport extends Omit<Findings, "wrong"> {
  kills: number;
  /** Calls that changed what is stored, and resolved. */
  acknowledged: number;
  /** Calls under way when their process was killed. */
  interrupted: number;
  /** Moves that ended beside the writes, by name. */
  readonly moves: Record<string, number>;
}

/** Stores that are tortured in turn, each for some kills. */
const STORES: readonly OpenOptions[] = [
  { originals: "float32", cold: { bytes: 8, effort: "fast" }, hot: { capacity: 150 } },
  {
    originals: "float16",
    cold: { bytes: 6, effort: "fast" },
    hot: { capacity: 100 },
    metric: "dot",
    durability: "normal",
  },
  { originals: "none", cold: { bytes: 16, effort: "fast" }, hot: { capacity: 200 } },
  { originals: "float32", cold: { codec: "fourier", bytes: 12 }, hot: { capacity: 0 }, metric: "euclidean" },
];
const KILLS_A_STORE = 24;

/** How long a process may live after it has opened the store, at most; short lives are as likely as long ones are rare. */
const LIFE_MS = 1_200;

/** Kills writing processes, again and again, and compares what they leave with what they had said was done. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const run = new Torture(options);
  try {
    await run.run();
    return run.report;
  } finally {
    await run.end();
  }
}

class Torture {
  readonly report: TortureReport = {
    kills: 0,
    acknowledged: 0,
    lost: 0,
    resurrected: 0,
    corrupt: 0,
    rankingsChecked: 0,
    rankingsWrong: 0,
    recordsChecked: 0,
    coldChecked: 0,
    interrupted: 0,
    moves: {},
  };
  readonly #options: TortureOptions;
  readonly #next: () => number;
  readonly #folder = mkdtempSync(join(tmpdir(), "thermocline-torture-"));
  /** Started before they are needed: a process takes longer to start than it lives. */
  readonly #waiting: Writer[] = [];

  constructor(options: TortureOptions) {
    this.#options = options;
    this.#next = random(options.seed);
  }

  async run(): Promise<void> {
    const { seconds, kills = Number.POSITIVE_INFINITY } = this.#options;
    const until = performance.now() + 1_000 * seconds;
    const over = () => performance.now() >= until || this.report.kills >= kills;
    for (let store = 0; !over(); store++) {
      const options = { dim: DIM, ...STORES[store % STORES.length] };
      const path = join(this.#folder, `${store}.db`);
      let models: readonly Model[] = [await this.#prepared(path, options)];
      const begun = this.report.kills;
      while (this.report.kills < begun + KILLS_A_STORE && !over()) {
        models = await this.#round(path, options, models);
        // Now and then the next process finds what the last one left before anyone else does.
        if (models.length < 4 && this.#next() < 0.3) continue;
        models = [await this.#check(path, options, models)];
      }
      await this.#check(path, options, models);
      for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#waiting.map((writer) => writer.kill()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * What a store begins with. Where only codes are kept, scores are estimates, and as good as the sample that the codebook was fitted
   * on, which the first move would take as it comes: there it is fitted first.
   */
  async #prepared(path: string, options: OpenOptions): Promise<Model> {
    if (options.originals !== "none") return new Map();
    const all: Operation = { call: "upsert", namespace: "a-0", ids: [...Array(IDS).keys()], seed: 1 };
    const store = await Thermocline.open({ path, ...options });
    await store.upsert(
      all.ids.map((id) => recordOf(id, all.seed)),
      { namespace: all.namespace },
    );
    await store.calibrate();
    await store.close();
    return after(new Map(), all);
  }

  /** One or two processes write until they are killed; what the store may hold then. */
  async #round(path: string, options: OpenOptions, models: readonly Model[]): Promise<readonly Model[]> {
    const names = this.#next() < 0.7 ? ["a"] : ["a", "b"];
    while (this.#waiting.length < names.length + 1) this.#waiting.push(new Writer());
    const writers = this.#waiting.splice(0, names.length);
    const killed = writers.map(async (writer, i) => {
      const seed = Math.floor(this.#next() * 2 ** 31);
      const life = LIFE_MS * this.#next() ** 2;
      const opening = this.#next() < 0.1;
      await writer.start({ path, options, name: names[i] ?? "a", seed });
      if (!opening) await writer.opened;
      await new Promise((resolve) => {
        setTimeout(resolve, opening ? life / 20 : life);
      });
      await writer.kill();
    });
    await Promise.all(killed);
    let known = models;
    const open: Operation[] = [];
    for (const writer of writers) {
      this.report.kills += 1;
      this.report.acknowledged += writer.done.length;
      for (const failure of writer.failures) this.#wrong("corrupt", 1, failure);
      for (const name of writer.moves) this.report.moves[name] = (this.report.moves[name] ?? 0) + 1;
      known = known.map((model) => writer.done.reduce(after, model));
      if (!writer.begun) continue;
      this.report.interrupted += 1;
      open.push(writer.begun);
    }
    return outcomes(known, open);
  }

  async #check(path: string, options: OpenOptions, models: readonly Model[]): Promise<Model> {
    const verified = await Thermocline.verify(path).catch((error: unknown) => {
      // A process may have been killed before it made the file.
      if (models.some((model) => model.size === 0) && /There is no store/.test(String(error))) return undefined;
      throw error;
    });
    for (const { message } of verified?.problems ?? []) this.#wrong("corrupt", 1, message);
    const store = await Thermocline.open({ path, ...options });
    try {
      const { findings, model } = await check(store, models, options, Math.floor(this.#next() * 2 ** 31));
      for (const name of ["lost", "resurrected", "corrupt", "rankingsWrong"] as const) {
        const details = name === "rankingsWrong" ? findings.wrong.map((detail) => `; ${detail}`).join("") : "";
        this.#wrong(name, findings[name], `${name}: ${findings[name]}${details}`);
      }
      for (const name of ["rankingsChecked", "recordsChecked", "coldChecked"] as const) {
        this.report[name] += findings[name];
      }
      return model;
    } finally {
      await store.close();
    }
  }

  #wrong(name: "lost" | "resurrected" | "corrupt" | "rankingsWrong", count: number, what: string): void {
    this.report[name] += count;
    if (count > 0) this.#options.onWrong?.(`after ${this.report.kills} kills, ${what}`);
  }
}

/** A process that writes, and what it has said so far. */
class Writer {
  readonly done: Operation[] = [];
  readonly moves: string[] = [];
  readonly failures: string[] = [];
  /** The call that has begun and is not acknowledged. */
  begun: Operation | undefined;
  readonly opened: Promise<void>;
  readonly #ready: Promise<void>;
  readonly #ended: Promise<void>;
  readonly #process: ChildProcess;

  constructor() {
    const script = fileURLToPath(new URL("writer.ts", import.meta.url));
    this.#process = spawn(process.execPath, ["--import", "tsx", script], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdin, stdout } = this.#process;
    if (!stdin || !stdout) throw new Error("no pipes");
    // Writing to a process that was killed is what this is about.
    stdin.on("error", () => {});
    let [ready, opened] = [() => {}, () => {}];
    this.#ready = new Promise((resolve) => {
      ready = resolve;
    });
    this.opened = new Promise((resolve) => {
      opened = resolve;
    });
    this.#ended = new Promise((resolve) => {
      this.#process.on("close", () => {
        ready();
        opened();
        resolve();
      });
    });
    createInterface({ input: stdout }).on("line", (text) => {
      // The last line may have been cut off by the kill.
      const line = parsed(text);
      if (!line) return;
      if ("ready" in line) ready();
      else if ("opened" in line) opened();
      else if ("begin" in line) this.begun = line.begin;
      else if ("moved" in line) this.moves.push(line.moved);
      else if ("failed" in line) {
        this.failures.push(line.failed);
        opened();
      } else if (this.begun) {
        this.done.push(this.begun);
        this.begun = undefined;
      }
    });
  }

  async start(task: Task): Promise<void> {
    await this.#ready;
    this.#process.stdin?.write(`${JSON.stringify(task)}\n`);
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }
}

function parsed(line: string): Line | undefined {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return undefined;
  }
}
