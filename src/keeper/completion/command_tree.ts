import type { Argument, Command, Option } from "commander";

/** A flag of a command. */
export interface CompletedFlag {
  /** As it is typed, dashes included: `-q`, `--quiet`. */
  names: string[];
  description: string;
  takesValue: boolean;
  /** The values that it takes; empty when it takes others. */
  choices: readonly string[];
}

/** A command, and what may be typed after it. */
export interface CompletedCommand {
  /** The words that lead to it, without the program's own name: `queen start`. */
  path: string;
  name: string;
  description: string;
  flags: CompletedFlag[];
  /** What its first argument may be; empty when it may be others. */
  choices: readonly string[];
  /** The commands directly below it. */
  commands: CompletedCommand[];
}

/** Reads what may be typed from the commands themselves. What help hides is left out. */
export function commandTree(command: Command, path: readonly string[] = []): CompletedCommand {
  const help = command.createHelp();
  return {
    path: path.join(" "),
    name: command.name(),
    description: command.description(),
    flags: help.visibleOptions(command).map(completedFlag),
    choices: firstChoices(command.registeredArguments),
    commands: help.visibleCommands(command)
      // Help for a command is its --help, too.
      .filter((each) => each.name() !== "help")
      .map((each) => commandTree(each, [...path, each.name()])),
  };
}

/** The command and all that are below it. */
export function allCommands(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

function completedFlag({ short, long, description, required, optional, argChoices }: Option) {
  return {
    names: [short, long].filter((name) => name !== undefined),
    description,
    takesValue: required || optional,
    choices: argChoices ?? [],
  };
}

function firstChoices([first]: readonly Argument[]): readonly string[] {
  return first?.argChoices ?? [];
}
