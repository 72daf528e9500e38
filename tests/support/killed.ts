import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * Lets a script of this folder, `child-….ts`, write to a file, kills it so many milliseconds after it has said that it is open, and
 * says how many steps it had done: it prints the number of each.
 */
export async function killedAfter(script: string, path: string, delay: number): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", fileURLToPath(new URL(script, import.meta.url)), path], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let done = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "open") setTimeout(() => child.kill("SIGKILL"), delay);
    else done = Number(line) + 1;
  }
  return done;
}
