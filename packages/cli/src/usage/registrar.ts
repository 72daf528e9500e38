import { type Command, InvalidArgumentError } from "commander";
import { Screen } from "../screen.js";

/** What every command takes. */
export interface Flags {
  readonly json?: boolean;
}

/** What a command is added with. */
export class Registrar {
  readonly program: Command;
  /** Fires on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** Sets an exit code other than 0 of a command that has done what it should. */
  readonly end: (code: number) => void;

  constructor(program: Command, signal: AbortSignal, end: (code: number) => void) {
    [this.program, this.signal, this.end] = [program, signal, end];
  }

  /** A command with `--json` and examples, each of them without the program's name. */
  command(usage: string, about: string, ...examples: readonly string[]): Command {
    const title = examples.length > 1 ? "Examples" : "Example";
    return this.program
      .command(usage)
      .description(about)
      .option("--json", "one JSON object on stdout, and nothing else")
      .addHelpText("after", `\n${title}:\n${examples.map((example) => `  $ thermocline ${example}`).join("\n")}`);
  }

  screen({ json }: Flags): Screen {
    return new Screen({ json: json === true });
  }
}

/** Adds a command, or several that belong together. What a command does is not loaded before it is run. */
export type Registration = (to: Registrar) => void;

export function wholeNumber(value: string): number {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError("Give a whole number from 1 on.");
  return Number(value);
}

/** An option that may be given several times. */
export function shares(value: string, before: readonly number[]): number[] {
  const share = Number(value);
  if (!(share > 0 && share < 1)) throw new InvalidArgumentError("Give a share above 0 and below 1, such as 0.95.");
  return [...before, share];
}
