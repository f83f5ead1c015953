import type { ChatMessage } from "../contracts/chat_message.ts";
import type { Tool } from "../contracts/tool.ts";
import { type Conversation, renderChat } from "./chat_prompt.ts";

/** How a call is written where no template says otherwise; several follow one another. */
export const CALL_OPEN = "<tool_call>";
export const CALL_CLOSE = "</tool_call>";

const PROBE = "rbee_probe_function";
const NO_TOKENS = { bos: "", eos: "" };

/** Tells whether a chat template writes tools, by giving it one. */
export function knowsTools(template: string | undefined): boolean {
  const probe = {
    messages: [{ role: "user" as const, content: "x" }],
    tools: [{
      type: "function" as const,
      function: {
        name: PROBE,
        description: "x",
        parameters: { type: "object", properties: {}, required: [] },
      },
    }],
  };
  try {
    return renderChat(template, probe, NO_TOKENS).includes(PROBE);
  } catch {
    // It has no template, or one that cannot do with this; the request itself will be told why.
    return false;
  }
}

/**
 * Writes tools and calls as plain messages, for models whose template knows neither. The tools come
 * before the first user message, one a line as JSON; it has no message of its own, since many such
 * templates know no system either. Earlier calls are texts of the assistant, results texts of the user:
 *
 * ```
 * Functions:
 * {"name":"get_weather","description":"…","parameters":{…}}
 * To call one, answer <tool_call>{"name":"…","arguments":{…}}</tool_call>
 * ```
 *
 * @param options.forced Whether a grammar makes the call, so that nothing need be said of its form.
 */
export function withPlainTools(
  { messages, tools }: Conversation,
  options: { forced: boolean },
): Conversation {
  const plain = messages.map(plainMessage);
  if (tools === undefined) return { messages: plain };
  const text = `${describe(tools, options.forced)}\n\n`;
  const at = plain.findIndex(({ role }) => role === "user");
  if (at === -1) return { messages: [...plain, { role: "user", content: text.trimEnd() }] };
  return {
    messages: plain.with(at, { role: "user", content: text + (plain[at]!.content ?? "") }),
  };
}

function describe(tools: readonly Tool[], forced: boolean): string {
  return [
    "Functions:",
    ...tools.map(({ function: { name, description, parameters } }) =>
      JSON.stringify({ name, description, parameters })
    ),
    ...(forced ? [] : [
      `To call one, answer ${CALL_OPEN}{"name":"…","arguments":{…}}${CALL_CLOSE}`,
    ]),
  ].join("\n");
}

function plainMessage(message: ChatMessage): ChatMessage {
  if (message.role === "tool") {
    return { role: "user", content: `<tool_response>${message.content}</tool_response>` };
  }
  if (message.role !== "assistant" || message.tool_calls === undefined) return message;
  const calls = message.tool_calls.map(({ function: { name, arguments: text } }) =>
    `${CALL_OPEN}{"name":${JSON.stringify(name)},"arguments":${text || "{}"}}${CALL_CLOSE}`
  );
  const said = message.content === null ? [] : [message.content];
  return { role: "assistant", content: [...said, ...calls].join("\n") };
}
