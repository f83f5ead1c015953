import { Argument, type Command } from "commander";
import type { RunCommand } from "../command_context.ts";
import { bashScript } from "../completion/bash_script.ts";
import { commandTree, type CompletedCommand } from "../completion/command_tree.ts";
import { fishScript } from "../completion/fish_script.ts";
import { zshScript } from "../completion/zsh_script.ts";
import { EXIT } from "../exit_status.ts";

const SCRIPTS: Record<string, (tree: CompletedCommand) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Adds `rbee completions`: the script by which a shell completes what `program` can do. */
export function addCompletionsCommand(program: Command, run: RunCommand): void {
  const command = program.command("completions")
    .addArgument(new Argument("<shell>", "your shell").choices(Object.keys(SCRIPTS)))
    .description("print a script by which your shell completes rbee's commands and flags")
    .addHelpText("after", "\nExample:\n  source <(rbee completions bash)");
  command.action((shell: string) =>
    run({ ignoreConfig: true }, [shell], ({ renderer }) => {
      renderer.text(SCRIPTS[shell]!(commandTree(program)));
      return Promise.resolve(EXIT.ok);
    })
  );
}
