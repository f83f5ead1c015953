/** What a line of a chat asks for. */
export type ChatLine =
  | { kind: "exit" | "clear" | "help" | "nothing" }
  | { kind: "unknown"; name: string }
  | { kind: "prompt"; text: string };

const COMMANDS = ["exit", "clear", "help"] as const;

/** What `/help` shows. */
export const HELP_LINES: readonly string[] = [
  "/clear   begin the conversation anew",
  "/exit    end the chat, as Ctrl-D does at an empty prompt",
  "/help    show this",
  "Ctrl-C stops an answer; at an empty prompt it ends the chat.",
  "A backslash at the end of a line continues the prompt on the next one.",
  "A text of several lines that is pasted is one prompt.",
  "A prompt that begins with a slash needs a space before it.",
];

/**
 * Reads one line, or several that were continued. A command stands alone and begins with a slash; a
 * path, which has a second one, is a prompt.
 */
export function readChatLine(text: string): ChatLine {
  if (text.trim() === "") return { kind: "nothing" };
  const [, name] = /^\/([^\s/]*)(?:\s|$)/.exec(text) ?? [];
  if (name === undefined) return { kind: "prompt", text };
  const kind = COMMANDS.find((command) => text.trim() === `/${command}`);
  return kind === undefined ? { kind: "unknown", name: text.trim() } : { kind };
}

/** What the Tab key makes of the begin of a line: the commands that fit, and what they replace. */
export function completeCommand(line: string): [string[], string] {
  const fitting = COMMANDS.map((name) => `/${name}`).filter((name) => name.startsWith(line));
  return [line === "" ? [] : fitting, line];
}
