import { unlessAborted } from "../base/delay.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { narrate } from "../narration/narrate.ts";

/**
 * The prompt of a command: its words, or standard input when there are none or the only one is `-`.
 * One line end at the end of standard input is not part of it.
 *
 * @throws {RbeeError} `usage` If it is empty.
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function readPrompt(
  words: readonly string[],
  options: { signal: AbortSignal },
): Promise<string> {
  const fromInput = words.length === 0 || words.length === 1 && words[0] === "-";
  const prompt = fromInput ? await readInput(options.signal) : words.join(" ");
  if (prompt.trim() !== "") return prompt;
  throw new RbeeError(
    "usage",
    'The prompt is empty; give one, for example: rbee run bee-tiny "Tell me a story"',
  );
}

async function readInput(signal: AbortSignal): Promise<string> {
  if (Deno.stdin.isTerminal()) {
    narrate("prompt_wait", "Type the prompt and end it with Ctrl-D on a line of its own");
  } else {
    narrate("prompt_wait", "Reading the prompt from standard input", { level: "debug" });
  }
  const text = await unlessAborted(new Response(Deno.stdin.readable).text(), signal);
  return text.replace(/\r?\n$/, "");
}
