import type { Argument, Command, Option } from "commander";

/** What can be typed where a value is expected: a path, one of some words, or what nobody can guess. */
export type Values = "files" | "anything" | readonly string[];

/** An option as it is typed. */
export interface TypedOption {
  readonly long: string | undefined;
  readonly short: string | undefined;
  readonly about: string;
  /** Undefined where it takes no value. */
  readonly values: Values | undefined;
  readonly variadic: boolean;
}

/** A command as it is typed. */
export interface TypedCommand {
  readonly name: string;
  readonly about: string;
  readonly options: readonly TypedOption[];
  readonly arguments: readonly { readonly name: string; readonly values: Values; readonly variadic: boolean }[];
}

/** Names of placeholders that stand for a path. */
const FILES = new Set(["file", "folder", "path", "store", "source", "target", "data"]);

/** Every command that the help shows, as it is now: completions cannot lag behind. */
export function commandsOf(program: Command): TypedCommand[] {
  const help = program.createHelp();
  return help.visibleCommands(program).map((command) => ({
    name: command.name(),
    about: command.description(),
    options: help.visibleOptions(command).map(optionOf),
    arguments: command.registeredArguments.map((argument: Argument) => ({
      name: argument.name(),
      values: argument.argChoices ?? kindOf(argument.name()),
      variadic: argument.variadic,
    })),
  }));
}

function optionOf(option: Option): TypedOption {
  const { long, short, description, argChoices, variadic } = option;
  const takes = option.required || option.optional;
  const placeholder = option.flags.match(/[<[]([\w-]+)/)?.[1] ?? "";
  return {
    long: long ?? undefined,
    short: short ?? undefined,
    about: description,
    values: takes ? (argChoices ?? kindOf(placeholder)) : undefined,
    variadic,
  };
}

function kindOf(placeholder: string): Values {
  return FILES.has(placeholder) ? "files" : "anything";
}

/** How an option may be written. */
export function flagsOf({ long, short }: TypedOption): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}

/** A text between single quotes, as the shells that people use have it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
