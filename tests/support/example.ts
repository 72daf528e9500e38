import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { root } from "../../scripts/files.mjs";

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Circumstances {
  readonly env?: NodeJS.ProcessEnv;
  /** What is piped into it. */
  readonly input?: string;
}

/** Runs `npm run example:<name> -- <args>` without npm and the set-up, which tests have behind them. */
export async function runExample(
  name: string,
  args: readonly string[],
  { env = {}, input = "" }: Circumstances = {},
): Promise<Outcome> {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const command = scripts[`example:${name}`]?.split(" -- ")[1] ?? "";
  const { MODEL: _, OPENAI_API_KEY: __, ...inherited } = process.env;
  const child = spawn(process.execPath, [...command.split(" "), ...args], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: "pipe",
  });
  child.stdin.end(input);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
