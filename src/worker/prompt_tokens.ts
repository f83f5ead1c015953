import type { LlamaModel, Token } from "node-llama-cpp";
import { RbeeError } from "../base/rbee_error.ts";
import { isForced } from "./answer_grammar.ts";
import { type Conversation, renderChat } from "./chat_prompt.ts";
import { chatTokens } from "./chat_tokens.ts";
import type { Generation } from "./engine.ts";
import { PromptLimit } from "./prompt_limit.ts";
import { CALL_OPEN, knowsTools, withPlainTools } from "./tool_prompt.ts";

/** Turns requests into the tokens of one model. */
export class PromptTokens {
  readonly #model: LlamaModel;
  readonly #limit: PromptLimit;
  readonly #template: string | undefined;
  readonly #knowsTools: boolean;

  /** @param options.contextSize How many tokens fit. Default: no limit. */
  constructor(model: LlamaModel, options: { contextSize?: number } = {}) {
    this.#model = model;
    this.#limit = new PromptLimit(model, options.contextSize ?? Infinity);
    this.#template = model.fileInfo.metadata.tokenizer?.chat_template;
    this.#knowsTools = knowsTools(this.#template);
  }

  /** Whether the model writes its calls between `<tool_call>` and `</tool_call>`. */
  get tagsCalls(): boolean {
    return this.#knowsTools && (this.#template?.includes(CALL_OPEN) ?? false);
  }

  /**
   * The prompt of a request. Tools are written by the model's template, or as a text where it knows
   * none, and not at all where none may be called.
   *
   * @throws {RbeeError} `no_chat_template` or `invalid_request` If the template cannot write it, or it
   * is empty.
   * @throws {RbeeError} `context_length_exceeded` If it is so long that it cannot fit; what is not much
   * too long is for the caller to refuse.
   */
  of(generation: Generation): Token[] {
    const model = this.#model;
    const tokens = generation.messages === undefined
      ? model.tokenize(this.#short(generation.prompt ?? ""), false)
      : this.#chat(generation, generation.messages);
    const { bos, shouldPrependBosToken } = model.tokens;
    if (shouldPrependBosToken && bos !== null && tokens[0] !== bos) tokens.unshift(bos);
    if (tokens.length === 0) {
      throw new RbeeError("invalid_request", 'Field "prompt" is empty; give some text');
    }
    return tokens;
  }

  #chat(generation: Generation, messages: Conversation["messages"]): Token[] {
    const model = this.#model;
    const { bosString, eosString } = model.tokens;
    const names = { bos: bosString ?? "", eos: eosString ?? "" };
    const tools = generation.toolChoice === "none" ? undefined : generation.tools;
    const conversation = { messages, ...(tools && { tools }) };
    return chatTokens(
      {
        tokenize: (text, special) => model.tokenize(text, special),
        spelling: (token) =>
          model.isSpecialToken(token) ? model.detokenize([token], true) : undefined,
        render: (whole) => this.#short(renderChat(this.#template, whole, names)),
      },
      this.#knowsTools
        ? conversation
        : withPlainTools(conversation, { forced: isForced(generation) }),
    );
  }

  #short(text: string): string {
    this.#limit.check(text, { what: "The prompt" });
    return text;
  }
}
