import { z } from "zod";
import type { ToolCall } from "../contracts/tool.ts";
import { CALL_CLOSE, CALL_OPEN } from "./tool_prompt.ts";

/** What an answer adds up to: text that may pass now, and calls. */
export interface AnswerPart {
  text: string;
  calls: ToolCall[];
}

const callSchema = z.looseObject({
  name: z.string(),
  arguments: z.unknown().optional(),
  parameters: z.unknown().optional(),
});
const wrappedSchema = z.looseObject({ function: callSchema });

// The begin of a call without marks: the first key of an object, in whole or in part.
const FIRST_KEYS = ["name", "type", "function", "arguments", "parameters", "id"];
const UNDECIDED = /^\s*(?:\[\s*)?(?:\{\s*(?:"(\w*)("?)|$)|$)/;
const NAMED = /^\s*(?:\[\s*)?\{\s*"name"\s*:\s*"((?:[^"\\]|\\.)*)"/;

/**
 * Finds calls in what a model writes, in the two forms that most templates teach:
 * `<tool_call>{"name": …, "arguments": {…}}</tool_call>` anywhere, and as the whole of the answer one
 * such object, or several in a row or a list, where `parameters` stands for `arguments` too. Text is
 * held back only as long as it could be the begin of a call; what turns out to be none, or names a
 * function that is not there, is text.
 */
export class ToolCallFinder {
  readonly #names: ReadonlySet<string>;
  #held = "";
  /** Whether all that came so far is white space or could be a call without marks. */
  #atStart = true;
  /** The white space since the begin or the last call; undefined once there was text. */
  #space: string | undefined = "";
  #called = false;

  constructor(names: Iterable<string>) {
    this.#names = new Set(names);
  }

  /** Takes the next piece and returns what is decided by it. */
  push(piece: string): AnswerPart {
    this.#held += piece;
    const part: AnswerPart = { text: "", calls: [] };
    if (this.#atStart) {
      if (this.#mayBePlainCall()) return part;
      this.#atStart = false;
    }
    for (;;) {
      const open = this.#held.indexOf(CALL_OPEN);
      if (open === -1) break;
      part.text += this.#pass(this.#take(open));
      const close = this.#held.indexOf(CALL_CLOSE);
      if (close === -1) return part;
      const block = this.#take(close + CALL_CLOSE.length);
      const calls = this.#callsIn(block.slice(CALL_OPEN.length, -CALL_CLOSE.length));
      if (calls === undefined) part.text += this.#pass(block);
      else {
        part.calls.push(...calls);
        this.#called = true;
        this.#space = "";
      }
    }
    part.text += this.#pass(this.#take(this.#held.length - partOfMark(this.#held)));
    return part;
  }

  /** Returns what was held back, when no more comes. */
  end(): AnswerPart {
    const rest = this.#take(this.#held.length);
    // A model may end its turn in the place of the closing mark.
    const inner = rest.startsWith(CALL_OPEN)
      ? rest.slice(CALL_OPEN.length)
      : this.#atStart
      ? rest
      : "";
    const calls = this.#callsIn(inner);
    if (calls !== undefined) return { text: "", calls };
    const text = this.#pass(rest);
    // An answer of white space alone is one, too; after a call it is nothing.
    return { text: text === "" && !this.#called ? this.#space ?? "" : text, calls: [] };
  }

  /** What may pass of a text: white space around calls is nobody's text. */
  #pass(text: string): string {
    if (this.#space === undefined) return text;
    this.#space += text;
    if (this.#space.trim() === "") return "";
    const all = this.#space;
    this.#space = undefined;
    return all;
  }

  #mayBePlainCall(): boolean {
    const match = UNDECIDED.exec(this.#held);
    if (match === null) return false;
    const [, key, quote] = match;
    if (key === undefined) return true;
    const fits = FIRST_KEYS.some((known) => quote === "" ? known.startsWith(key) : known === key);
    if (!fits) return false;
    const name = NAMED.exec(this.#held)?.[1];
    return name === undefined || this.#names.has(name);
  }

  #callsIn(text: string): ToolCall[] | undefined {
    const values = jsonValues(text)?.flat();
    if (values === undefined || values.length === 0) return undefined;
    const calls: ToolCall[] = [];
    for (const value of values) {
      const wrapped = wrappedSchema.safeParse(value);
      const call = callSchema.safeParse(wrapped.data?.function ?? value);
      if (!call.success || !this.#names.has(call.data.name)) return undefined;
      const given = call.data.arguments ?? call.data.parameters ?? {};
      calls.push(
        toolCall(call.data.name, typeof given === "string" ? given : JSON.stringify(given)),
      );
    }
    return calls;
  }

  #take(length: number): string {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return text;
  }
}

/** A call with an id of its own. */
export function toolCall(name: string, text: string): ToolCall {
  return { id: newCallId(), type: "function", function: { name, arguments: text } };
}

const ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** Nine letters and digits, since templates of Mistral's models refuse every other id. */
function newCallId(): string {
  const random = crypto.getRandomValues(new Uint32Array(9));
  return [...random].map((number) => ID_CHARACTERS[number % ID_CHARACTERS.length]).join("");
}

/** The JSON values that a text is made of, with commas, semicolons or white space between them. */
function jsonValues(text: string): unknown[] | undefined {
  const values: unknown[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const length = valueLength(rest);
    try {
      values.push(JSON.parse(rest.slice(0, length)));
    } catch {
      return undefined;
    }
    rest = rest.slice(length).replace(/^[\s;,]+/, "");
  }
  return values;
}

/** How long the object or list is that a text begins with; all of it where it is none. */
function valueLength(text: string): number {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === "\\") i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") depth++;
    else if ((character === "}" || character === "]") && --depth === 0) return i + 1;
  }
  return text.length;
}

/** How many characters at the end of `text` may be the begin of a mark. */
function partOfMark(text: string): number {
  for (let length = Math.min(CALL_OPEN.length - 1, text.length); length > 0; length--) {
    if (CALL_OPEN.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
