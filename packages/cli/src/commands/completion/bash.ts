import { flagsOf, type TypedCommand, type Values } from "./commands.js";

/** A completion script for bash, from 3.2 on, which macOS has. */
export function bashScript(name: string, commands: readonly TypedCommand[]): string {
  return `# Completions of ${name} for bash.
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
  local i word values='' options='' position=0
  COMPREPLY=()
  # bash takes --option=value for three words.
  if [[ $cur == '=' ]]; then cur=''; elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ${words([...commands.map((command) => command.name), "--help"])} -- "$cur"))
    return
  fi
  case $command in
${commands.map(setting).join("\n")}
    *) return ;;
  esac
  for ((i = 2; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $values == *" $word "* ]]; then
      ((i++))
      if [[ \${COMP_WORDS[i]} == '=' ]]; then ((i++)); fi
    elif [[ $word != -* ]]; then
      ((position++))
    fi
  done
  case "$command $prev" in
${commands.flatMap(values).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  case "$command $position" in
${commands.flatMap(positions).join("\n")}
  esac
}

complete -F _${name} ${name}
`;
}

/** What a command has: its options, and those that a value follows. */
function setting({ name, options }: TypedCommand): string {
  const all = options.flatMap(flagsOf).join(" ");
  const valued = options.filter((option) => option.values !== undefined).flatMap(flagsOf);
  return `    ${name}) options='${all}' values=' ${valued.join(" ")} ' ;;`;
}

/** What follows an option. */
function values({ name, options }: TypedCommand): string[] {
  return options.flatMap((option) => {
    if (option.values === undefined) return [];
    const typed = flagsOf(option).map((flag) => `"${name} ${flag}"`);
    return [`    ${typed.join(" | ")}) ${completing(option.values)}return ;;`];
  });
}

/** What stands at each place; what may come several times takes all places after it, too. */
function positions({ name, arguments: given }: TypedCommand): string[] {
  return given.map((argument, place) => {
    const where = argument.variadic ? `"${name} "*` : `"${name} ${place}"`;
    return `    ${where}) ${completing(argument.values)}return ;;`;
  });
}

function completing(given: Values): string {
  // What completes file names knows of quotes and folders; a bash that is too old has the names alone.
  if (given === "files") {
    return `compopt -o default 2>/dev/null || { local IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$cur")); }; `;
  }
  return given === "anything" ? "" : `COMPREPLY=($(compgen -W ${words(given)} -- "$cur")); `;
}

function words(given: readonly string[]): string {
  return `'${given.join(" ")}'`;
}
