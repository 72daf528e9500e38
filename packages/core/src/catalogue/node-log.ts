import { close, fdatasync, fsync, open } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { ThermoclineError } from "../errors.js";
import { nodeModule } from "../node-module.js";
import type { LogCare } from "./sqlite.js";

// By numbers: a handle that is forgotten with its store would be complained about.
const openFile: (path: string, flags: string) => Promise<number> = promisify(open);
const closeFile = promisify(close);
const synchronise = promisify(fdatasync);

/** What the thread runs: no file of its own, so that bundlers need not know of it. */
const PROGRAM = `
const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
const { createRequire } = process.getBuiltinModule("node:module");
const { DatabaseSync } = createRequire(workerData.sqlite.from)(workerData.sqlite.name);
const database = new DatabaseSync(workerData.path);
const merge = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
parentPort.on("message", (wish) => {
  if (wish === "close") {
    database.close();
    parentPort.close();
    return;
  }
  try {
    const { log, checkpointed } = merge.get();
    parentPort.postMessage({ logged: Number(log), merged: Number(checkpointed) });
  } catch ({ message }) {
    parentPort.postMessage({ message });
  }
});`;

type Answer = { readonly logged: number; readonly merged: number } | { readonly message: string };

/** Heap of the thread, in MiB: it holds a statement. */
const HEAP_MIB = 16;

/** The log of a file that this process has open: synchronised by libuv's pool, merged by a thread with a connection of its own. */
export class NodeLog implements LogCare {
  readonly #path: string;
  /** SQLite's module, as the file at the address `from` finds it. */
  readonly #sqlite: Promise<{ readonly name: string; readonly from: string }>;
  #file: Promise<number | undefined> | undefined;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #thread: Promise<Worker> | undefined;

  constructor(path: string, sqlite: Promise<{ readonly name: string; readonly from: string }>) {
    this.#path = path;
    this.#sqlite = sqlite;
  }

  /** Commits that come while the disk is at work share the next turn. */
  sync(): Promise<void> {
    if (!this.#next) {
      const turn = this.#running.then(() => {
        this.#next = undefined;
        return this.#sync();
      });
      this.#running = turn.catch(() => {});
      this.#next = turn;
    }
    return this.#next;
  }

  async #sync(): Promise<void> {
    try {
      this.#file ??= openLog(this.#path);
      const file = await this.#file;
      // Without a file nothing has been written yet.
      if (file === undefined) this.#file = undefined;
      else await synchronise(file);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const what = "what was written could not be brought to disk, and may be gone after a loss of power";
      throw new ThermoclineError("IO", `${this.#path}: ${what}; is there space, and is the disk sound? (${reason})`, {
        cause,
      });
    }
  }

  async merge(): Promise<{ readonly logged: number; readonly merged: number }> {
    this.#thread ??= this.#start();
    const thread = await this.#thread;
    return new Promise((resolve, reject) => {
      const settled = () => {
        thread.off("message", answered);
        thread.off("error", failed);
        thread.off("exit", ended);
      };
      const answered = (answer: Answer) => {
        settled();
        if ("message" in answer) failed(new Error(answer.message));
        else resolve(answer);
      };
      const failed = (cause: unknown) => {
        settled();
        reject(cause);
      };
      const ended = () => failed(new Error("the thread that merges the log has ended"));
      thread.on("message", answered);
      thread.on("error", failed);
      thread.on("exit", ended);
      thread.postMessage("merge");
    });
  }

  async #start(): Promise<Worker> {
    const threads = nodeModule("node:worker_threads");
    if (!threads) throw new ThermoclineError("UNSUPPORTED", "This platform has no worker threads.");
    const thread = new threads.Worker(PROGRAM, {
      eval: true,
      workerData: { path: this.#path, sqlite: await this.#sqlite },
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB, maxYoungGenerationSizeMb: 1 },
    });
    // A store that is not closed keeps no process from ending.
    thread.unref();
    thread.on("error", () => {});
    return thread;
  }

  async close(): Promise<void> {
    await this.#running;
    const thread = await this.#thread?.catch(() => undefined);
    if (thread) {
      const ended = new Promise<void>((resolve) => {
        thread.on("exit", () => resolve());
      });
      thread.ref();
      thread.postMessage("close");
      if (thread.threadId > 0) await ended;
    }
    const file = await this.#file?.catch(() => undefined);
    if (file !== undefined) await closeFile(file);
  }
}

/** The log's file, with its entry in the folder on disk; undefined where there is none yet. */
async function openLog(path: string): Promise<number | undefined> {
  let file: number;
  try {
    file = await openFile(`${path}-wal`, "r+");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  // Not every system can open folders, or has to.
  const folder = await openFile(dirname(path), "r").catch(() => undefined);
  if (folder !== undefined) {
    await promisify(fsync)(folder).catch(() => {});
    await closeFile(folder);
  }
  return file;
}
