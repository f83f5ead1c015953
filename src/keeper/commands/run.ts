import type { Command } from "commander";
import { ask, inferBody } from "../ask.ts";
import { chat } from "../chat/chat.ts";
import {
  type RunCommand,
  withOutputFlags,
  withPortFlags,
  withQueenFlag,
} from "../command_context.ts";
import { readPrompt } from "../prompt.ts";
import { requireQueen } from "../queen_address.ts";
import { startMissing } from "../start_missing.ts";
import { type AskFlags, withAskFlags } from "./ask_flags.ts";

const NAMES = "bee-tiny, hf:org/repo, https://….gguf or the path of a GGUF file";

/** Adds `rbee run`: start whatever is missing, ask, print the answer as it comes; or a chat. */
export function addRunCommand(program: Command, run: RunCommand): void {
  const command = program.command("run")
    .description("start whatever is missing, ask, and print the answer as it comes")
    .argument("<model>", NAMES)
    .argument(
      "[prompt...]",
      "the prompt, or - for standard input; without one a chat, on a terminal",
    )
    .addHelpText(
      "after",
      '\nExample:\n  rbee run bee-tiny "Tell me a story about Luna."' +
        '\n  rbee run hf:org/repo:Q4_K_M "Hello"' +
        "\n  rbee run hf:org/repo:Q4_K_M        # a chat",
    );
  withPortFlags(withQueenFlag(withAskFlags(withOutputFlags(command))));
  command.action((model: string, words: string[], flags: AskFlags) =>
    run(flags, [model, ...words], async ({ settings, renderer, signal }, _args, { json }) => {
      if (words.length === 0 && !json && isForPerson()) {
        inferBody(model, [{ role: "user", content: "" }], flags);
        const { url } = await startMissing(settings, { signal, hive: flags.hive });
        return await chat({ ...flags, queenUrl: url, model, settings, renderer, signal });
      }
      const prompt = await readPrompt(words, { signal });
      // What is wrong is said before anything is started for it.
      inferBody(model, prompt, flags);
      const { url } = await startMissing(settings, { signal, hive: flags.hive });
      return await ask(url, model, prompt, flags, renderer, signal);
    })
  );
}

/** Adds `rbee infer`: as `run`, but it starts nothing. */
export function addInferCommand(program: Command, run: RunCommand): void {
  const command = program.command("infer")
    .description("ask a queen that runs, starting nothing here")
    .argument("<model>", `${NAMES} on the hive's machine`)
    .argument("[prompt...]", "the prompt; from standard input when absent or -")
    .addHelpText("after", '\nExample:\n  echo "Count to five." | rbee infer bee-tiny');
  withQueenFlag(withAskFlags(withOutputFlags(command)));
  command.action((model: string, words: string[], flags: AskFlags) =>
    run(flags, [model, ...words], async ({ settings, renderer, signal }) => {
      const prompt = await readPrompt(words, { signal });
      inferBody(model, prompt, flags);
      const { url } = await requireQueen(settings);
      return await ask(url, model, prompt, flags, renderer, signal);
    })
  );
}

/** Both ends are a terminal: what another program reads has no prompts between its answers. */
function isForPerson(): boolean {
  return Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}
