import { Command, InvalidArgumentError, Option } from "commander";
import type { Renderer } from "./render.ts";
import type { Settings, SettingsFlags } from "./settings.ts";
import type { RenderOptions } from "./render.ts";

/** What a command works with. */
export interface CommandContext {
  settings: Settings;
  renderer: Renderer;
  /** Aborts when the person presses Ctrl-C. */
  signal: AbortSignal;
}

/** The flags that every command has. */
export type CommonFlags = SettingsFlags & RenderOptions;

/** The work of a command; returns the exit status. */
export type CommandBody<F> = (
  context: CommandContext,
  args: string[],
  flags: F & CommonFlags,
) => Promise<number>;

/** Runs the body of a command with its context, and keeps its exit status. */
export type RunCommand = <F>(
  flags: F & CommonFlags,
  args: string[],
  body: CommandBody<F>,
) => Promise<void>;

/** Makes a flag and its twin in the environment: `--max-tokens` and `RBEE_MAX_TOKENS`. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  const name = option.long?.replace(/^--/, "").replaceAll("-", "_").toUpperCase() ?? "";
  // For commander the variable of a switch says yes by being there, whatever it holds.
  const off = (option.isBoolean() || option.negate) &&
    /^(|0|false|no|off)$/i.test(Deno.env.get(`RBEE_${name}`) ?? "1");
  return off ? option : option.env(`RBEE_${name}`);
}

/** Makes a flag that takes a number. `whole` refuses fractions. */
export function numberFlag(flags: string, description: string, whole = true): Option {
  return flag(flags, description).argParser((text) => {
    const number = Number(text);
    if (text.trim() === "" || !Number.isFinite(number)) {
      throw new InvalidArgumentError("It is not a number.");
    }
    if (whole && !Number.isInteger(number)) {
      throw new InvalidArgumentError("It is not a whole number.");
    }
    return number;
  });
}

/** Adds the flags that say what is shown. */
export function withOutputFlags(command: Command): Command {
  return command
    .addOption(flag("-q, --quiet", "hide narration"))
    .addOption(flag("-v, --verbose", "show debug narration too"))
    .addOption(flag("--json", "print results as JSON"));
}

/**
 * Adds the flags that say which queen is meant, and what she is shown.
 *
 * @param options.token Whether by a file, too. Default: true.
 */
export function withQueenFlag(command: Command, options: { token?: boolean } = {}): Command {
  command.addOption(flag("--queen <url>", "the queen to talk to (default: this home's)"));
  command.addOption(caFlag());
  if (options.token === false) return command;
  return command.addOption(
    flag("--token-file <path>", "a file with the token to show (or RBEE_TOKEN)"),
  );
}

/** The flag that names whom to trust. */
export function caFlag(): Option {
  return flag(
    "--ca <file>",
    "certificate authorities to trust beside the system's, PEM (default: queen.ca of rbee.yaml)",
  );
}

/** Adds the flags for starting what is missing. */
export function withPortFlags(command: Command): Command {
  return command
    .addOption(
      numberFlag("--queen-port <n>", "port for a queen that is started (0 for any free one)"),
    )
    .addOption(
      numberFlag("--hive-port <n>", "port for a hive that is started (0 for any free one)"),
    );
}
