import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import { root } from "../../scripts/files.mjs";

/** The suites whose orders are carried out in processes of their own. */
export type Suite = "speed" | "store";

/** What a process is run with beside its order. */
export interface ProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** In milliseconds; without it a process may take as long as it likes. */
  readonly timeout?: number;
}

const SOURCE = fileURLToPath(new URL("./carry-out.ts", import.meta.url));
const FOLDER = fileURLToPath(new URL("../dist", import.meta.url));

/** Room for arrays of numbers, and a collector that can be called before memory is read. */
const NODE_OPTIONS = ["--expose-gc", "--max-old-space-size=8192"];

let program: Promise<string> | undefined;

/**
 * Lets a process of its own carry out an order, so that none profits from what another has warmed; returns what it says. It runs
 * JavaScript without a loader for TypeScript, which would be in its memory and in its code.
 */
export async function inFreshProcess(suite: Suite, order: object, options: ProcessOptions = {}): Promise<unknown> {
  program ??= compiled();
  return answerOf([process.execPath, ...NODE_OPTIONS, await program, suite], order, options);
}

/** Gives an order to a command as the last of its words, and returns the JSON in the last line that it prints. */
export async function answerOf(
  [command = "", ...words]: readonly string[],
  order: object,
  { env, timeout }: ProcessOptions,
): Promise<unknown> {
  const child = spawn(command, [...words, JSON.stringify(order)], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    ...(env && { env }),
    ...(timeout && { timeout }),
  });
  const { stdout, stderr, how } = await outcome(child);
  // Libraries print what they like before our line, which is the last.
  if (how === undefined) return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  // Node prints its own error amid a stack and properties; Python's is the last line.
  const named = lines.find((line) => /^\w*Error\b.*: /.test(line));
  throw new Error(`${how}: ${(named ?? lines.at(-1) ?? "it said nothing").slice(0, 400)}`);
}

/** The program of those processes, bundled anew for each run; returns its file. */
async function compiled(): Promise<string> {
  await build({
    entryPoints: [SOURCE],
    outdir: FOLDER,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    // Without `module`, which bundlers set: packages are found as Node finds them.
    conditions: [],
    logLevel: "warning",
    plugins: [sources],
  });
  return path.join(FOLDER, "carry-out.mjs");
}

/** Packages stay where they are installed, and sources go on finding what lies beside them. */
const sources: Plugin = {
  name: "sources",
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^[^./#]/ }, async ({ path: name, kind, importer, resolveDir, pluginData }) => {
      if (kind === "entry-point" || isBuiltin(name) || pluginData === sources) return undefined;
      const { path: file, errors } = await resolve(name, { kind, importer, resolveDir, pluginData: sources });
      if (errors.length > 0) return { errors };
      return file.endsWith(".ts") ? { path: file } : { path: pathToFileURL(file).href, external: true };
    });
    onLoad({ filter: /\.(ts|mjs)$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, "utf8")).replaceAll("import.meta.url", JSON.stringify(pathToFileURL(file).href)),
      loader: file.endsWith(".ts") ? "ts" : "js",
    }));
  },
};

function outcome(child: ChildProcess): Promise<{ stdout: string; stderr: string; how: string | undefined }> {
  return new Promise((resolve) => {
    let [stdout, stderr] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", (error) => resolve({ stdout, stderr, how: error.message }));
    child.on("close", (code, signal) => {
      resolve({ stdout, stderr, how: code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}` });
    });
  });
}
