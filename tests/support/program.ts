import { spawn } from "node:child_process";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Who runs it, where we may choose. */
  readonly uid?: number;
}

/** Runs a program to its end. `THERMOCLINE_KERNEL` of the tests' own run does not reach it. */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<Ended> {
  const { THERMOCLINE_KERNEL: _, NODE_OPTIONS: __, VITEST: ___, NODE_ENV: ____, ...env } = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...options,
      env: { ...env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** The last line of what a program printed, as JSON. Rejects with all of its output if it failed. */
export async function answerOf(command: string, args: readonly string[], options: ProgramOptions): Promise<unknown> {
  const { code, stdout, stderr } = await runProgram(command, args, options);
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${stdout}\n${stderr}`);
  return JSON.parse(last);
}
