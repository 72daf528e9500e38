import { fork } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { StoreStats } from "@thermocline/core";
import { root } from "../../scripts/files.mjs";

/** What a program that opens a store may be told; `modules` says what it gives as the option `wasm`. */
export interface Order {
  readonly kernel?: string;
  readonly modules?: "bytes" | "url" | "response" | "module" | "none of ours" | "noise" | "noise to calibrate";
  /** Whether it then opens another store, with nothing wrong about it. */
  readonly again?: boolean;
}

/** How it went: of each store, the kernel and what a query found, or the error. */
export interface Outcome {
  readonly kernel?: StoreStats["kernel"];
  readonly found?: readonly string[];
  readonly code?: string;
  readonly message?: string;
}

/** Core as installed in a folder of its own: its source, and copies of the kernel's packages without what is to be missing. */
export class Installation {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** `without` are ends of names of files, such as `.node`. */
  static async make(without: readonly string[]): Promise<Installation> {
    const folder = await mkdtemp(join(tmpdir(), "thermocline-"));
    const installed = (name: string) => join(folder, "node_modules", name);
    const filter = (path: string) => !without.some((end) => path.endsWith(end)) && !/\/(node_modules|src)$/.test(path);
    await cp(`${root}native/node`, installed("@thermocline/native"), { recursive: true, filter });
    await cp(`${root}native/wasm`, installed("@thermocline/wasm"), { recursive: true, filter });
    await cp(`${root}packages/core/src`, join(folder, "src"), { recursive: true });
    await cp(`${root}packages/core/binaries`, join(folder, "binaries"), { recursive: true });
    await cp(`${root}packages/core/package.json`, join(folder, "package.json"));
    const sqlite = "@photostructure/sqlite";
    await mkdir(dirname(installed(sqlite)));
    await symlink(`${root}packages/core/node_modules/${sqlite}`, installed(sqlite));
    return new Installation(folder);
  }

  /** A path in one of its packages. */
  path(name: string): string {
    return join(this.#folder, "node_modules", name);
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true });
  }

  /** Carries an order out in a fresh process; `printed` is all that comes out of it. */
  async run(order: Order, kernel?: string): Promise<{ stores: readonly Outcome[]; printed: string }> {
    const { THERMOCLINE_KERNEL: _, ...env } = process.env;
    const entry = pathToFileURL(join(this.#folder, "src/index.ts")).href;
    const child = fork(fileURLToPath(new URL("child-kernel.ts", import.meta.url)), [entry, JSON.stringify(order)], {
      cwd: root,
      execArgv: ["--import", "tsx"],
      env: { ...env, ...(kernel !== undefined && { THERMOCLINE_KERNEL: kernel }) },
      silent: true,
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        printed += text;
      });
    }
    const stores: Outcome[] = [];
    child.on("message", (outcome: Outcome) => stores.push(outcome));
    await new Promise((resolve) => child.on("close", resolve));
    return { stores, printed };
  }
}
