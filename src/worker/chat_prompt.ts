import { Template } from "@huggingface/jinja";
import { RbeeError } from "../base/rbee_error.ts";
import type { ChatMessage } from "../contracts/operation.ts";

/** Special tokens that templates refer to. */
export interface TemplateTokens {
  bos: string;
  eos: string;
}

/**
 * Writes a conversation as the model was trained to read it, by the template in its file.
 *
 * @throws {RbeeError} `no_chat_template` If the file has none.
 * @throws {RbeeError} `invalid_request` If the template refuses the conversation, with its words.
 */
export function renderChat(
  template: string | undefined,
  messages: readonly ChatMessage[],
  tokens: TemplateTokens,
): string {
  if (template === undefined) {
    throw new RbeeError(
      "no_chat_template",
      "The model's file has no chat template; send prompt instead of messages",
    );
  }
  try {
    return new Template(template).render({
      messages: messages.map(({ role, content }) => ({ role, content })),
      add_generation_prompt: true,
      bos_token: tokens.bos,
      eos_token: tokens.eos,
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RbeeError("invalid_request", `The model's chat template refuses this: ${why}`, {
      cause: error,
    });
  }
}
