import { createParser, type EventSourceMessage } from "eventsource-parser";
import { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";
import { type Usage, usageSchema } from "../contracts/job_event.ts";
import { MAX_EVENT_CHARACTERS } from "../sse/decode_messages.ts";
import { isError, type OpenAiErrors } from "./openai_errors.ts";
import { type CallDelta, callDeltaSchema } from "./tool_call_deltas.ts";

const textSchema = z.string().nullish();
const thoughtSchema = z.string().nullish().catch(undefined);

/** A chunk of a chat completion, or of a completion, with what is read of it. */
const chunkSchema = z.looseObject({
  choices: z.array(z.looseObject({
    index: z.number().optional(),
    delta: z.looseObject({
      content: textSchema,
      reasoning_content: thoughtSchema,
      reasoning: thoughtSchema,
      tool_calls: z.array(callDeltaSchema).nullish(),
    }).nullish(),
    text: textSchema,
    finish_reason: z.string().nullish(),
  })).nullish(),
  usage: z.looseObject({
    prompt_tokens_details: z.looseObject({ cached_tokens: z.number().int().nonnegative() })
      .nullish().catch(undefined),
  }).and(usageSchema).nullish().catch(undefined),
});

/** What one chunk adds to the answer. */
export interface AnswerChunk {
  /** The next piece of the text; mostly not empty. */
  text: string;
  /** The next piece of the model's thoughts; mostly empty. */
  thought: string;
  /** Parts of calls, if there are any. */
  calls?: CallDelta[];
  /** Why the answer ends here, in the engine's words. */
  finishReason: string | undefined;
  usage: Usage | undefined;
}

const DONE = "[DONE]";

/**
 * Reads the streamed answer of an engine, wherever the network cut it. Ends at `[DONE]`, or with the
 * body once a chunk has told why the answer ends. Comments, unknown fields and choices other than the
 * first are passed over. Lets go of the body when the caller stops early, and at each error.
 *
 * @throws {RbeeError} `engine_failed` If a chunk is no chunk or is longer than 16 Mi characters, or
 * the body ends before the answer does.
 * @throws {RbeeError} What the engine says, if it says an error; see {@linkcode OpenAiErrors}.
 * @throws {RbeeError} `worker_gone` If the body breaks.
 */
export async function* decodeAnswer(
  body: AsyncIterable<Uint8Array>,
  errors: OpenAiErrors,
): AsyncGenerator<AnswerChunk, void, void> {
  let ended = false;
  for await (const event of eventsOf(body, errors)) {
    if (event.data === DONE) return;
    const chunk = toChunk(event, errors);
    ended ||= chunk.finishReason !== undefined;
    yield chunk;
  }
  if (!ended) throw errors.endedEarly();
}

interface StreamEvent extends EventSourceMessage {
  /** Whether the body ended before the event did. */
  cut?: boolean;
}

async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
  errors: OpenAiErrors,
): AsyncGenerator<StreamEvent, void, void> {
  let ready: StreamEvent[] = [];
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: (event) => void ready.push(event),
    onError: ({ type }) => {
      if (type !== "max-buffer-size-exceeded") return;
      throw errors.foreign(`sent a chunk of more than ${MAX_EVENT_CHARACTERS} characters`);
    },
  });
  // As in decode_messages.ts: a byte order mark may be a piece of the answer.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  try {
    for await (const bytes of body) {
      parser.feed(decoder.decode(bytes, { stream: true }));
      const events = ready;
      ready = [];
      yield* events;
    }
  } catch (error) {
    throw error instanceof RbeeError ? error : errors.brokeOff(error);
  }
  // Some engines leave out the empty line after the last event.
  parser.feed(decoder.decode() + "\n\n");
  for (const event of ready) yield { ...event, cut: true };
}

function toChunk(event: StreamEvent, errors: OpenAiErrors): AnswerChunk {
  let value: unknown;
  try {
    value = JSON.parse(event.data);
  } catch {
    throw event.cut ? errors.endedEarly() : errors.foreign("sent a chunk that is not JSON");
  }
  if (event.event === "error" || isError(value)) throw errors.said(value);
  const parsed = chunkSchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const where = issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    throw errors.foreign(`sent a chunk that is none of OpenAI's (${where}${issue.message})`);
  }
  const { choices, usage } = parsed.data;
  const choice = choices?.find(({ index }) => index === undefined || index === 0);
  const delta = choice?.delta;
  return {
    text: delta?.content ?? choice?.text ?? "",
    thought: delta?.reasoning_content ?? delta?.reasoning ?? "",
    finishReason: choice?.finish_reason || undefined,
    usage: usage ? toUsage(usage) : undefined,
    ...(delta?.tool_calls && delta.tool_calls.length > 0 && { calls: delta.tool_calls }),
  };
}

function toUsage(
  { prompt_tokens, completion_tokens, prompt_tokens_details: details }: Usage & {
    prompt_tokens_details?: { cached_tokens: number } | null | undefined;
  },
): Usage {
  const cached = details?.cached_tokens;
  return {
    prompt_tokens,
    completion_tokens,
    ...(cached !== undefined && { cached_tokens: cached }),
  };
}
