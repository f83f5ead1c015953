import type { Command } from "commander";

/** A variable of the environment that stands for a flag. */
export interface FlagTwin {
  /** `RBEE_MAX_TOKENS`. */
  name: string;
  /** `--max-tokens`. */
  flag: string;
}

/**
 * The twins of all flags of a command and of those below it, each once. What only asks has none, nor has
 * what rbee itself alone sets.
 */
export function flagTwins(command: Command): FlagTwin[] {
  const own = command.options.filter(({ long, hidden, envVar }) =>
    long && long !== "--version" && !(hidden && envVar === undefined)
  ).map(({ long }) => ({
    name: `RBEE_${long!.slice(2).replaceAll("-", "_").toUpperCase()}`,
    flag: long!,
  }));
  const all = [...own, ...command.commands.flatMap(flagTwins)];
  return [...new Map(all.map((twin) => [twin.name, twin])).values()];
}
