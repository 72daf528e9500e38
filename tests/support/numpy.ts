import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ThermoclineError } from "@thermocline/core";
import { afterAll, beforeAll } from "vitest";
import { exclusively } from "../../scripts/setup.mjs";
import { ensureNumpy } from "../../scripts/toolchain.mjs";

const run = promisify(execFile);

/** For a test file that works with real NumPy: it is found or installed before the first test. */
export function withNumpy() {
  let python: string;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "thermocline-npy-"));
    // Test files run side by side.
    python = await exclusively(ensureNumpy);
  }, 600_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  return {
    newFolder: () => mkdtemp(join(folder, "files-")),

    /** What a NumPy program prints, run in `cwd`. */
    async numpy(cwd: string, ...lines: string[]): Promise<string> {
      const { stdout } = await run(python, ["-c", ["import numpy as np", ...lines].join("\n")], { cwd });
      return stdout.trim();
    },
  };
}

/** The typed error of a call that fails. */
export async function failure(call: () => unknown): Promise<ThermoclineError | undefined> {
  try {
    await call();
    return undefined;
  } catch (error) {
    if (error instanceof ThermoclineError) return error;
    throw error;
  }
}
