import { Template } from "@huggingface/jinja";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import type { ChatMessage } from "../contracts/chat_message.ts";
import type { Tool } from "../contracts/tool.ts";

/** Special tokens that templates refer to. */
export interface TemplateTokens {
  bos: string;
  eos: string;
}

/** What a template writes. */
export interface Conversation {
  messages: readonly ChatMessage[];
  /** What the model may call, for templates that know tools. */
  tools?: readonly Tool[] | undefined;
}

/**
 * Writes a conversation as the model was trained to read it, by the template in its file. `developer`
 * is written as `system`, and the arguments of earlier calls as JSON where they are that.
 *
 * @throws {RbeeError} `no_chat_template` If the file has none.
 * @throws {RbeeError} `invalid_request` If the template refuses the conversation, with its words.
 */
export function renderChat(
  template: string | undefined,
  { messages, tools }: Conversation,
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
      messages: messages.map(toTemplate),
      ...(tools && { tools }),
      add_generation_prompt: true,
      bos_token: tokens.bos,
      eos_token: tokens.eos,
    });
  } catch (error) {
    throw new RbeeError(
      "invalid_request",
      `The model's chat template refuses this: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function toTemplate(message: ChatMessage): Record<string, unknown> {
  const { role, ...rest } = message;
  if (role === "developer") return { role: "system", ...rest };
  if (!("tool_calls" in message) || message.tool_calls === undefined) return { role, ...rest };
  return {
    role,
    ...rest,
    tool_calls: message.tool_calls.map((call) => ({
      ...call,
      function: { ...call.function, arguments: parsed(call.function.arguments) },
    })),
  };
}

// Templates write arguments by `tojson`, which would quote a text once more.
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
