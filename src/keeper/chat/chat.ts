import { type RbeeError, toRbeeError } from "../../base/rbee_error.ts";
import { narrate } from "../../narration/narrate.ts";
import { type AskOptions, inferBody, streamAnswer } from "../ask.ts";
import { EXIT } from "../exit_status.ts";
import { namingToken } from "../refused_token.ts";
import type { Renderer } from "../render.ts";
import type { Settings } from "../settings.ts";
import { completeCommand, HELP_LINES, readChatLine } from "./chat_command.ts";
import { Conversation } from "./conversation.ts";
import { LineEditor } from "./line_editor.ts";

/** With whom a chat is, and where it is shown. */
export interface ChatOptions extends AskOptions {
  queenUrl: string;
  model: string;
  /** What she was shown, which may be refused. */
  settings: Pick<Settings, "token" | "tokenFile">;
  renderer: Renderer;
  /** Ends the chat, and the answer that comes. */
  signal: AbortSignal;
}

const PROMPT = "> ";
const CONTINUED = "... ";

/**
 * Talks with a model on the person's terminal: each prompt is asked with all that was said before.
 * Ctrl-C while an answer comes cancels that answer, whose part stays in the conversation; an error of
 * one request is shown and does not end the chat. Returns the exit status: 0 when the person ends it.
 *
 * @throws {unknown} If `signal` aborts: its reason.
 */
export async function chat(options: ChatOptions): Promise<number> {
  const { renderer, signal, model } = options;
  const conversation = new Conversation();
  let answering: AbortController | undefined;
  const editor = new LineEditor({
    show: (text) => renderer.text(text),
    flush: () => renderer.flush({ signal }),
    onInterrupt: () => answering?.abort(),
    complete: completeCommand,
  });
  try {
    narrate("chat", `Chatting with ${model}; /help shows what there is, Ctrl-D ends it`);
    for (;;) {
      const text = await readPrompt(editor, signal);
      if (text === undefined) break;
      const line = readChatLine(text);
      if (line.kind === "exit") return EXIT.ok;
      if (line.kind === "help") renderer.lines(HELP_LINES);
      if (line.kind === "unknown") {
        renderer.error(`There is no ${line.name} in a chat; /help shows what there is`);
      }
      if (line.kind === "clear") {
        conversation.clear();
        narrate("chat_clear", "The conversation begins anew");
      }
      if (line.kind === "prompt") {
        answering = new AbortController();
        await answer(line.text, conversation, options, answering.signal);
        answering = undefined;
        signal.throwIfAborted();
      }
    }
    // The shell's own prompt is to begin a line.
    renderer.text("\n");
    return EXIT.ok;
  } finally {
    editor.close();
  }
}

/** One prompt, its continued lines joined; undefined when the person ends the chat. */
async function readPrompt(editor: LineEditor, signal: AbortSignal): Promise<string | undefined> {
  const lines: string[] = [];
  for (;;) {
    const read = await editor.read(lines.length === 0 ? PROMPT : CONTINUED, { signal });
    if (read.kind === "end") return undefined;
    if (read.kind === "interrupt") {
      if (lines.length === 0 && read.wasEmpty) return undefined;
      return "";
    }
    if (!read.text.endsWith("\\")) return [...lines, read.text].join("\n");
    lines.push(read.text.slice(0, -1));
  }
}

/** Asks one prompt, shows the answer, and keeps what came of it. */
async function answer(
  prompt: string,
  conversation: Conversation,
  options: ChatOptions,
  cancelled: AbortSignal,
): Promise<void> {
  const { queenUrl, model, renderer } = options;
  const signal = AbortSignal.any([options.signal, cancelled]);
  let text = "";
  try {
    const body = inferBody(model, conversation.asking(prompt), options);
    const end = await streamAnswer(queenUrl, body, {
      renderer,
      signal,
      onText: (piece) => text += piece,
    });
    if (end.type === "error") showError(end, renderer);
    if (end.type === "cancelled" && !signal.aborted) {
      renderer.error(`The answer was cancelled: ${end.reason}`);
    }
  } catch (thrown) {
    renderer.endAnswer();
    if (!signal.aborted) {
      showError(namingToken(toRbeeError(thrown), options.settings), renderer);
    }
  } finally {
    conversation.keep(prompt, text);
  }
}

function showError({ code, message }: Pick<RbeeError, "code" | "message">, renderer: Renderer) {
  const mend = code === "context_length_exceeded" ? "; /clear begins the conversation anew" : "";
  renderer.error(message + mend);
}
