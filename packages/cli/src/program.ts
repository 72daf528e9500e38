import { Command, CommanderError, InvalidArgumentError } from "commander";
import { addBench } from "./commands/bench/command.js";
import { addCompletion } from "./commands/completion/command.js";
import { addMcp } from "./commands/mcp/command.js";
import { EXIT, failureOf } from "./failure.js";
import { Screen } from "./screen.js";

const EXITS = `
Exit codes: 0 done, 1 failed, 2 wrong use, 3 damage found, 4 not a file that can be read, 5 locked by another process,
130 interrupted. Errors are one sentence on stderr; with --json they are {"error":{"code","message"}} on stdout.`;

interface Flags {
  readonly json?: boolean;
}

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
    .exitOverride()
    .configureOutput(json ? { writeErr: () => undefined } : {})
    .addHelpText("after", EXITS);
  const command = (usage: string, about: string, example: string) =>
    program
      .command(usage)
      .description(about)
      .option("--json", "one JSON object on stdout, and nothing else")
      .addHelpText("after", `\nExample:\n  $ thermocline ${example}`);
  const screen = ({ json }: Flags) => new Screen({ json: json === true });

  command("info <store>", "what a store holds and costs", "info memory.db").action(
    async (path: string, flags: Flags) => {
      const { info } = await import("./commands/info.js");
      await info(path, screen(flags));
    },
  );

  command("verify <store>", "read a file whole, and say what of it is damaged", "verify memory.db").action(
    async (path: string, flags: Flags) => {
      const { verify } = await import("./commands/verify.js");
      end(await verify(path, screen(flags), signal));
    },
  );

  command(
    "search <store> [words]",
    "find records by words, a vector, or both",
    'search memory.db "ocean currents" -k 5',
  )
    .option("--vector <file>", "a JSON array, the first row of a .npy file, or - for stdin")
    .option("-k <count>", "hits at most", wholeNumber, 10)
    .option("--filter <json>", 'of metadata, such as \'{"year":{"$gte":2015}}\'')
    .option("--namespace <name>", "the namespace to search")
    .option("--explain", "say how each hit was found, and where the time went")
    .action(
      async (path: string, words: string | undefined, flags: Flags & import("./commands/search.js").SearchFlags) => {
        const { search } = await import("./commands/search.js");
        await search(path, words, flags, screen(flags), signal);
      },
    );

  command(
    "import <store> <source>",
    "add a JSONL file; run it again to go on where it was ended",
    "import memory.db corpus.jsonl --vectors documents.npy",
  )
    .option("--vectors <file>", "a .npy file with a row for each line; else each line has a field vector")
    .option("--namespace <name>", "the namespace to write to")
    .option("--metric <name>", "cosine, dot or euclidean, of a store that is made")
    .option("--replace", "write records anew that are there")
    .action(async (path: string, source: string, flags: Flags & import("./commands/import.js").ImportOptions) => {
      const { importFile } = await import("./commands/import.js");
      await importFile(path, source, flags, screen(flags), signal);
    });

  command(
    "recommend <data>",
    "what each number of bytes a row costs and finds",
    "recommend documents.npy --recall 0.95",
  )
    .option("--recall <share>", "to be reached; may be given several times", shares, [])
    .action(async (path: string, flags: Flags & { readonly recall: number[] }) => {
      const { recommendBytes } = await import("./commands/recommend.js");
      await recommendBytes(path, flags.recall.length > 0 ? flags.recall : [0.8, 0.9, 0.95], screen(flags), signal);
    });

  command("export <store> <target>", "write records as JSONL that import reads", "export memory.db records.jsonl")
    .option("--namespace <name>", "the namespace to read")
    .option("--filter <json>", "of metadata: only records that match")
    .action(async (path: string, target: string, flags: Flags & import("./commands/export.js").ExportFlags) => {
      const { exportRecords } = await import("./commands/export.js");
      await exportRecords(path, target, flags, screen(flags), signal);
    });

  for (const [direction, tier] of [
    ["demote", "cold"],
    ["promote", "hot"],
  ] as const) {
    command(
      `${direction} <store>`,
      `move records to the ${tier} tier`,
      `${direction} memory.db --filter '{"year":2015}'`,
    )
      .option("--all", "all of the namespace")
      .option("--ids <id...>", "these")
      .option("--filter <json>", "those whose metadata match")
      .option("--namespace <name>", "the namespace they are in")
      .action(async (path: string, flags: Flags & import("./commands/maintain.js").SelectionFlags) => {
        const { move } = await import("./commands/maintain.js");
        await move(direction, path, flags, screen(flags), signal);
      });
  }

  command("recalibrate <store>", "fit a new codebook and code cold rows anew", "recalibrate memory.db").action(
    async (path: string, flags: Flags) => {
      const { recalibrate } = await import("./commands/maintain.js");
      await recalibrate(path, screen(flags), signal);
    },
  );

  command("compact <store>", "make a store smaller after deletions", "compact memory.db").action(
    async (path: string, flags: Flags) => {
      const { compact } = await import("./commands/maintain.js");
      await compact(path, screen(flags), signal);
    },
  );

  command("backup <store> <target>", "copy a store while it is in use", "backup memory.db copy.db").action(
    async (path: string, target: string, flags: Flags) => {
      const { backup } = await import("./commands/maintain.js");
      await backup(path, target, screen(flags));
    },
  );

  addBench({ program, signal });
  addCompletion({ program });
  addMcp({ program, signal });

  return program;
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError("Give a whole number from 1 on.");
  return Number(value);
}

function shares(value: string, before: readonly number[]): number[] {
  const share = Number(value);
  if (!(share > 0 && share < 1)) throw new InvalidArgumentError("Give a share above 0 and below 1, such as 0.95.");
  return [...before, share];
}
