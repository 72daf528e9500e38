import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { BUILT } from "./mcp-client.js";

/** Talks to a server as it comes: lines in, lines out, and then the end of its input, or a signal once all is answered. */
export function talk(args: readonly string[], lines: readonly object[], end: "end of input" | NodeJS.Signals) {
  const child = spawn(process.execPath, [BUILT, "mcp", ...args]);
  const answers: { readonly id: number }[] = [];
  let err = "";
  createInterface({ input: child.stdout }).on("line", (line) => {
    answers.push(JSON.parse(line));
    if (answers.length === lines.length && end !== "end of input") child.kill(end);
  });
  child.stderr.on("data", (data) => {
    err += data;
  });
  for (const line of lines) child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...line })}\n`);
  if (end === "end of input") child.stdin.end();
  return new Promise<{ code: number | null; answers: typeof answers; err: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, answers, err })),
  );
}
