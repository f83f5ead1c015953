import type { Command } from "commander";
import type { AskOptions } from "../ask.ts";
import { flag, numberFlag } from "../command_context.ts";

/** The flags of `run` and `infer`. */
export type AskFlags = AskOptions;

/** Adds the flags that say how the answer is made. */
export function withAskFlags(command: Command): Command {
  return command
    .addOption(flag("--hive <name>", "answer on this hive"))
    .addOption(flag("--device <device>", "auto, cpu, gpu, cuda:N, vulkan:N or metal"))
    .addOption(numberFlag("--max-tokens <n>", "the longest answer, in tokens (default: 512)"))
    .addOption(
      numberFlag("--temperature <x>", "0 to 2, 0 always the likeliest (default: 0.7)", false),
    )
    .addOption(
      numberFlag("--top-p <x>", "choose among the likeliest that make up this part", false),
    )
    .addOption(numberFlag("--top-k <n>", "choose among this many of the likeliest"))
    .addOption(numberFlag("--seed <n>", "the same seed gives the same answer"))
    .addOption(
      // Not variadic: it would take the prompt for one more text.
      flag("--stop <text>", "end the answer at this text; may be given more than once").argParser(
        (text, before: string[] | undefined) => [...before ?? [], text],
      ),
    )
    .addOption(flag("--system <text>", "an instruction before the prompt"));
}
