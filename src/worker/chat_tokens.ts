import type { Token } from "node-llama-cpp";
import type { Conversation } from "./chat_prompt.ts";

/** What is needed of a model to turn a conversation into tokens. */
export interface ChatTokenizer {
  /** With `special`, text such as `<|end|>` becomes the token of that name. */
  tokenize(text: string, special: boolean): Token[];
  /** How a special token is written; undefined for every other. */
  spelling(token: Token): string | undefined;
  /** Writes a conversation by the model's template; comes first, and may refuse what is too long. */
  render(conversation: Conversation): string;
}

// Of the private use area: no template looks for them, and no JSON escapes them.
const OPEN = "\ue000";
const CLOSE = "\ue001";

/**
 * Turns a conversation into tokens so that nothing in it can end its turn or begin another: the
 * template's own special tokens are tokens, those that a message, a call or a tool spells out are text.
 */
export function chatTokens(tokenizer: ChatTokenizer, conversation: Conversation): Token[] {
  // Before anything is tokenized, since what is far too long is refused here.
  const rendered = tokenizer.render(conversation);
  const spelled = spelledSpecials(tokenizer, conversation);
  // The usual case, in which the whole text is tokenized as the model was trained on it.
  if (spelled.length === 0) return tokenizer.tokenize(rendered, true);
  const texts = [OPEN, ...spelled];
  const marked = mapTexts(conversation, (text) =>
    // The marks themselves first, or what comes after them would be taken for a mark.
    texts.reduce(
      (marking, written, i) => marking.replaceAll(written, `${OPEN}${i}${CLOSE}`),
      text,
    ));
  const parts = tokenizer.render(marked).split(new RegExp(`${OPEN}(\\d+)${CLOSE}`));
  return parts.flatMap((part, i) => {
    const isSpelled = i % 2 === 1;
    const text = isSpelled ? texts[Number(part)]! : part;
    return text === "" ? [] : tokenizer.tokenize(text, !isSpelled);
  });
}

/** The special tokens that a conversation spells out, longest first. */
function spelledSpecials(tokenizer: ChatTokenizer, conversation: Conversation): string[] {
  const spelled = new Set<string>();
  mapTexts(conversation, (text) => {
    for (const token of tokenizer.tokenize(text, true)) {
      const spelling = tokenizer.spelling(token);
      if (spelling) spelled.add(spelling);
    }
    return text;
  });
  return [...spelled].sort((a, b) => b.length - a.length);
}

/** The same conversation with each text that somebody wrote in it changed. */
function mapTexts(
  { messages, tools }: Conversation,
  change: (text: string) => string,
): Conversation {
  return {
    messages: messages.map((message) => ({
      ...mapStrings(message, change),
      role: message.role,
    } as typeof message)),
    ...(tools && {
      tools: tools.map((tool) => ({ ...tool, function: mapStrings(tool.function, change) })),
    }),
  };
}

function mapStrings<T>(value: T, change: (text: string) => string): T {
  if (typeof value === "string") return change(value) as T;
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change)) as T;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]);
  return Object.fromEntries(entries) as T;
}
