import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./files.mjs";

const windows = process.platform === "win32";
// These are scripts there, which only the shell starts.
const shell = (/** @type {string} */ command) => windows && /^(npm|npx|pnpm)$/.test(command);

/** What the user has to read; nothing of our own stack helps them. */
export class SetupError extends Error {}

/** @param {string} text */
export const say = (text) => process.stderr.write(text);

/**
 * One line on stderr: what is being done, then how long it took. Stdout belongs to the command that was asked for.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function step(title, action) {
  say(`set-up: ${title} ... `);
  const start = performance.now();
  try {
    const result = await action();
    say(`${seconds(start)}\n`);
    return result;
  } catch (error) {
    say(`failed after ${seconds(start)}\n`);
    throw error;
  }
}

/** @param {number} start a reading of `performance.now()` */
export const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;

/**
 * Runs a command to its end and keeps its output back; when it fails, the end of that output is the error.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<void>}
 */
export function run(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      shell: shell(command),
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    const fail = (/** @type {string} */ how) => {
      const tail = output.trimEnd().split("\n").slice(-40).join("\n");
      reject(new SetupError(`\`${command} ${args.join(" ")}\` ${how}\n${tail}`));
    };
    child.on("error", (error) => fail(`could not start: ${error.message}`));
    child.on("close", (code, signal) => (code === 0 ? resolve() : fail(`ended with ${signal ?? `exit code ${code}`}`)));
  });
}

/**
 * Runs a command with our own input and output.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string> }} [options]
 * @returns {Promise<number>} its exit code
 */
export function inherit(command, args, { cwd = root, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: "inherit",
      shell: shell(command),
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/**
 * What a command prints, or undefined when it is missing or fails.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string>, input?: string }} [options]
 */
export function ask(command, args, { cwd = root, env = {}, input = "" } = {}) {
  const answer = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    input,
    encoding: "utf8",
    shell: shell(command),
  });
  return answer.status === 0 ? answer.stdout : undefined;
}

/** @param {string} command */
export function onPath(command) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => existsSync(join(folder, windows ? `${command}.exe` : command)));
}
