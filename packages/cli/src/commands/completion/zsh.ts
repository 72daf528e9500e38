import { flagsOf, quoted, type TypedCommand, type TypedOption, type Values } from "./commands.js";

/** A completion script for zsh, to be sourced or to lie in a folder of `fpath`. */
export function zshScript(name: string, commands: readonly TypedCommand[]): string {
  return `#compdef ${name}
# Completions of ${name} for zsh.
_${name}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  _arguments -C '(- *)--help[what there is]' '1:command:->command' '*::argument:->argument'
  case $state in
    command)
      local -a commands
      commands=(
${commands.map((command) => `        ${quoted(`${command.name}:${command.about}`)}`).join("\n")}
      )
      _describe -t commands command commands
      ;;
    argument)
      case $words[1] in
${commands.map(argumentsOf).join("\n")}
      esac
      ;;
  esac
}

if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function argumentsOf({ name, options, arguments: given }: TypedCommand): string {
  const places = given.map((argument, place) => {
    const where = argument.variadic ? "*" : `${place + 1}`;
    return quoted(`${where}:${argument.name}:${action(argument.values)}`);
  });
  const all = [...options.flatMap(optionOf), ...places];
  return `        ${name}) _arguments ${all.join(" ")} ;;`;
}

function optionOf(option: TypedOption): string[] {
  const about = option.about.replace(/[[\]:\\]/g, "\\$&");
  const value = option.values === undefined ? "" : `:value:${action(option.values)}`;
  const flags = flagsOf(option);
  // What takes a value may come several times; both ways to write another exclude each other.
  const often = option.values === undefined ? `(${flags.join(" ")})` : "*";
  return flags.map((flag) => quoted(`${often}${flag}[${about}]${value}`));
}

function action(values: Values): string {
  if (values === "files") return "_files";
  return values === "anything" ? " " : `(${values.join(" ")})`;
}
