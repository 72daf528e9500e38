import { Argument, type Command } from "commander";
import { bashScript } from "./bash.js";
import { commandsOf, type TypedCommand } from "./commands.js";
import { fishScript } from "./fish.js";
import { zshScript } from "./zsh.js";

const SCRIPTS: Readonly<Record<string, (name: string, commands: readonly TypedCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const HELP = `
To have it in every new shell:
  bash  add to ~/.bashrc:                  source <(thermocline completion bash)
  zsh   add to ~/.zshrc, below compinit:   source <(thermocline completion zsh)
  fish  run once:                          thermocline completion fish > ~/.config/fish/completions/thermocline.fish

Examples:
  $ thermocline completion bash
  $ thermocline completion fish`;

/** Adds the command `completion`. */
export function addCompletion({ program }: { readonly program: Command }): void {
  program
    .command("completion")
    .description("print a script by which a shell completes commands, options and file names")
    .addArgument(new Argument("<shell>", "the shell that is to complete them").choices(Object.keys(SCRIPTS)))
    .addHelpText("after", HELP)
    .action((shell: string) => {
      process.stdout.write(SCRIPTS[shell]?.(program.name(), commandsOf(program)) ?? "");
    });
}
