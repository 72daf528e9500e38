import { type Command, InvalidArgumentError, Option } from "commander";
import { Screen } from "../../screen.js";
import type { BenchFlags } from "./bench.js";

const EXAMPLES = `
Examples:
  $ thermocline bench documents.npy --rows 2000 --bytes 24
  $ thermocline bench memory.db --queries queries.npy -k 10 --json`;

/** Adds the command `bench`. */
export function addBench({ program, signal }: { readonly program: Command; readonly signal: AbortSignal }): void {
  program
    .command("bench <data>")
    .description("measure codes of several sizes against exact search, on a .npy file or the vectors of a store")
    .option("--queries <file>", "a .npy file of queries; default: rows that are held out")
    .option("-k <count>", "how many nearest are asked for", whole(1, 10_000), 10)
    .option("--bytes <count>", "bytes a code to try; may be given several times", several(2, 512))
    .option(
      "--rerank <count>",
      "candidates to rescore from originals, 0 for codes alone; may be given several times (default: 0, and max(128, 4k))",
      several(0, 1_000_000),
    )
    .option("--rows <count>", "vectors to search at most, taken evenly", whole(100, 10_000_000), 50_000)
    .option("--asked <count>", "queries at most", whole(10, 100_000), 200)
    .option("--namespace <name>", "the namespace of a store")
    .addOption(
      new Option("--metric <name>", "of a .npy file (default: cosine)").choices(["cosine", "dot", "euclidean"]),
    )
    .option("--json", "one JSON object on stdout, and nothing else")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: BenchFlags & { readonly json?: boolean }) => {
      const { bench } = await import("./bench.js");
      await bench(path, flags, new Screen({ json: flags.json === true }), signal);
    });
}

function whole(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

function several(least: number, most: number): (value: string, before?: readonly number[]) => number[] {
  const one = whole(least, most);
  return (value, before = []) => [...before, one(value)];
}
