import { Command, CommanderError } from "commander";
import manifest from "../package.json" with { type: "json" };
import { addBench } from "./commands/bench/command.js";
import { addCompletion } from "./commands/completion/command.js";
import { addMcp } from "./commands/mcp/command.js";
import { EXIT, EXIT_MEANINGS, failureOf } from "./failure.js";
import { addInfo, addRecommend, addSearch, addVerify } from "./usage/reading.js";
import { Registrar, type Registration } from "./usage/registrar.js";
import { addServe } from "./usage/serving.js";
import { addExport, addImport, addMaintenance, addMoves } from "./usage/writing.js";

/** All commands, in the order in which `--help` lists them. */
const COMMANDS: readonly Registration[] = [
  addInfo,
  addVerify,
  addSearch,
  addImport,
  addRecommend,
  addExport,
  addMoves,
  addMaintenance,
  addBench,
  addCompletion,
  addMcp,
  addServe,
];

const MEANINGS = Object.entries(EXIT_MEANINGS) as [keyof typeof EXIT, string][];

const EXITS = `
Exit codes:
${MEANINGS.map(([name, means]) => `  ${String(EXIT[name]).padStart(3)} ${means}`).join("\n")}

Errors are one sentence on stderr; with --json they are {"error":{"code","message"}} on stdout.`;

/** Runs a command line and gives the exit code. What a command does not need is not loaded. */
export async function run(args: readonly string[]): Promise<number> {
  const abort = new AbortController();
  const interrupt = () => abort.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  let exit: number = EXIT.done;
  const json = args.includes("--json");
  try {
    const program = programOf(json, abort.signal, (code) => {
      exit = code;
    });
    await program.parseAsync(args, { from: "user" });
    return exit;
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has said what is wrong already, or printed the help that was asked for.
      if (error.exitCode === 0) return EXIT.done;
      if (json) tell("ARGUMENT", error.message.replace(/^error: /, ""));
      return EXIT.usage;
    }
    const { code, message, exit: failed } = failureOf(error);
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    if (json) tell(code, message);
    else process.stderr.write(`thermocline: ${message}\n`);
    return failed;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

function tell(code: string, message: string): void {
  process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);
}

function programOf(json: boolean, signal: AbortSignal, end: (code: number) => void): Command {
  const program = new Command("thermocline")
    .description("Vector stores in one file: what they hold, what is damaged, imports, searches and recommendations")
    .version(manifest.version)
    .exitOverride()
    .configureOutput(json ? { writeErr: () => undefined } : {})
    .addHelpText("after", EXITS);
  const registrar = new Registrar(program, signal, end);
  for (const add of COMMANDS) add(registrar);
  return program;
}
