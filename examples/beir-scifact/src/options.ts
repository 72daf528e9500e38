import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly json: boolean;
  readonly seed: number;
  /** How many of the claims to ask; undefined for all. */
  readonly queries: number | undefined;
  /** Only rows whose name contains this, in any case. */
  readonly only: string | undefined;
  readonly keep: string | undefined;
  readonly plot: string | undefined;
}

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What `--help` prints. */
export const HELP = `SciFact through Thermocline: what each byte per row buys.

Puts 5,183 abstracts into each store through LangChain.js, asks 300 claims, and prints quality, size and speed.

usage: npm run demo -- [options]

  --json            print one JSON object on stdout and nothing else
  --only TEXT       only the rows whose name contains TEXT ("eigen", "24 B", "fourier", ...)
  --queries N       ask only the first N claims
  --seed N          seed of the codebooks' k-means (default 0)
  --keep FOLDER     keep the databases in FOLDER (new or empty) instead of removing them
  --plot FILE       write the rate-distortion plot to FILE; without this, a run of everything
                    with the default seed writes rate-distortion.svg beside the example's README
  --help            print this
`;

/** Reads the arguments after the script's name; throws UsageError on anything it does not understand. */
export function parseOptions(args: readonly string[]): Options {
  const { help, json, seed, queries, only, keep, plot } = parse(args);
  return {
    help: help ?? false,
    json: json ?? false,
    seed: integer("--seed", seed, 0, 2 ** 32 - 1) ?? 0,
    queries: integer("--queries", queries, 1, 1_000_000),
    only: text("--only", only),
    keep: text("--keep", keep),
    plot: text("--plot", plot),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        help: { type: "boolean", short: "h" },
        json: { type: "boolean" },
        seed: { type: "string" },
        queries: { type: "string" },
        only: { type: "string" },
        keep: { type: "string" },
        plot: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function integer(name: string, value: string | undefined, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= least && number <= most)) {
    throw new UsageError(`${name} takes a whole number from ${least} to ${most}, not "${value}"`);
  }
  return number;
}

function text(name: string, value: string | undefined): string | undefined {
  if (value?.trim() === "") throw new UsageError(`${name} needs a value`);
  return value;
}
