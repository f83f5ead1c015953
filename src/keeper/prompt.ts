import { RbeeError } from "../base/rbee_error.ts";

/**
 * The prompt of a command: its words, or standard input when there are none or the only one is `-`.
 * One line end at the end of standard input is not part of it.
 *
 * @throws {RbeeError} `usage` If it is empty.
 */
export async function readPrompt(words: readonly string[]): Promise<string> {
  const fromInput = words.length === 0 || words.length === 1 && words[0] === "-";
  const prompt = fromInput
    ? (await new Response(Deno.stdin.readable).text()).replace(/\r?\n$/, "")
    : words.join(" ");
  if (prompt.trim() !== "") return prompt;
  throw new RbeeError(
    "usage",
    'The prompt is empty; give one, for example: rbee run bee-tiny "Tell me a story"',
  );
}
