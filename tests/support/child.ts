import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { OpenOptions } from "@thermocline/core";

export interface Answer {
  readonly result?: unknown;
  readonly code?: string;
  readonly message?: string;
}

/** A store in another process; its calls are answered one after the other. */
export class Child {
  readonly #process: ChildProcess;
  readonly #answers: Answer[] = [];
  readonly #waiting: ((answer: Answer) => void)[] = [];
  readonly #ended: Promise<void>;

  /** `user`: the number of the user that it runs as; only root may choose. */
  constructor(path: string, options: OpenOptions = {}, user?: number) {
    const script = fileURLToPath(new URL("child-store.ts", import.meta.url));
    this.#process = spawn(
      process.execPath,
      ["--import", "tsx", script, path, JSON.stringify(options), ...(user === undefined ? [] : [`${user}`])],
      {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    const { stdout, stdin } = this.#process;
    if (!stdout || !stdin) throw new Error("no pipes");
    // Writing to a process that was killed is what these tests do.
    stdin.on("error", () => {});
    createInterface({ input: stdout }).on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      const waiting = this.#waiting.shift();
      if (waiting) waiting(answer);
      else this.#answers.push(answer);
    });
    this.#ended = new Promise((resolve) => {
      this.#process.on("close", () => {
        for (const waiting of this.#waiting.splice(0)) waiting({ code: "ENDED" });
        resolve();
      });
    });
  }

  /** The next answer; the first one says that the store is open. */
  answer(): Promise<Answer> {
    const answer = this.#answers.shift();
    if (answer) return Promise.resolve(answer);
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return Promise.resolve({ code: "ENDED" });
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  send(method: string, ...args: unknown[]): void {
    this.#process.stdin?.write(`${JSON.stringify([method, ...args])}\n`);
  }

  async call(method: string, ...args: unknown[]): Promise<Answer> {
    this.send(method, ...args);
    return this.answer();
  }

  /** Ends it without any warning, as a crash does. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#ended;
  }

  /** Ends it when it has answered all calls. */
  async end(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }
}
