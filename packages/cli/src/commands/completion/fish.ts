import { quoted, type TypedCommand, type TypedOption, type Values } from "./commands.js";

/** A completion script for fish. */
export function fishScript(name: string, commands: readonly TypedCommand[]): string {
  const lines = [
    `# Completions of ${name} for fish.`,
    // Not fish's own __fish_seen_subcommand_from, which takes a file called like a command for one.
    `function __${name}_in`,
    "  set -l words (commandline -opc)",
    '  test "$words[2]" = $argv[1]',
    "end",
    `complete -c ${name} -f`,
    `complete -c ${name} -n __fish_use_subcommand -l help -d 'what there is'`,
  ];
  for (const command of commands) {
    const here = `complete -c ${name} -n ${quoted(`__${name}_in ${command.name}`)}`;
    lines.push(`complete -c ${name} -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.about)}`);
    lines.push(...command.options.map((option) => `${here} ${optionOf(option)}`));
    lines.push(
      ...new Set(command.arguments.flatMap(({ values }) => placeOf(values).map((place) => `${here} ${place}`))),
    );
  }
  return `${lines.join("\n")}\n`;
}

function optionOf({ long, short, about, values }: TypedOption): string {
  const parts = [
    long && `-l ${long.slice(2)}`,
    short && `-s ${short.slice(1)}`,
    values && taking(values),
    `-d ${quoted(about)}`,
  ];
  return parts.filter(Boolean).join(" ");
}

function taking(values: Values): string {
  if (values === "files") return "-r -F";
  return values === "anything" ? "-x" : `-x -a ${quoted(values.join(" "))}`;
}

function placeOf(values: Values): string[] {
  if (values === "files") return ["-F"];
  return values === "anything" ? [] : [`-a ${quoted(values.join(" "))}`];
}
