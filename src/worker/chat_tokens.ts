import type { Token } from "node-llama-cpp";
import type { ChatMessage } from "../contracts/operation.ts";

/** What is needed of a model to turn a conversation into tokens. */
export interface ChatTokenizer {
  /** With `special`, text such as `<|end|>` becomes the token of that name. */
  tokenize(text: string, special: boolean): Token[];
  isSpecialToken(token: Token): boolean;
  /** Writes a conversation by the model's template. */
  render(messages: readonly ChatMessage[]): string;
}

// Of the private use area: no template looks for them, and no tokenizer sees them.
const OPEN = "\ue000";
const CLOSE = "\ue001";

/**
 * Turns a conversation into tokens so that nothing in a message can end its turn or begin another: the
 * template's own special tokens are tokens, those that a message spells out are text.
 */
export function chatTokens(tokenizer: ChatTokenizer, messages: readonly ChatMessage[]): Token[] {
  const spellsSpecial = messages.some(({ content }) =>
    tokenizer.tokenize(content, true).some((token) => tokenizer.isSpecialToken(token))
  );
  // The usual case, in which the whole text is tokenized as the model was trained on it.
  if (!spellsSpecial) return tokenizer.tokenize(tokenizer.render(messages), true);
  const marked = messages.map(({ role }, i) => ({ role, content: `${OPEN}${i}${CLOSE}` }));
  const parts = tokenizer.render(marked).split(new RegExp(`${OPEN}(\\d+)${CLOSE}`));
  return parts.flatMap((part, i) => {
    const isContent = i % 2 === 1;
    const text = isContent ? messages[Number(part)]!.content : part;
    return text === "" ? [] : tokenizer.tokenize(text, !isContent);
  });
}
