import { RbeeError } from "../base/rbee_error.ts";
import type { ChatMessageInput } from "../contracts/chat_message.ts";
import { inferSchema } from "../contracts/operation.ts";
import type { TerminalEvent } from "../contracts/job_event.ts";
import { JobClient, type OperationBody } from "../jobs/job_client.ts";
import { narrate } from "../narration/narrate.ts";
import { exitStatusOfEnd } from "./exit_status.ts";
import { modelName } from "./model_name.ts";
import type { Renderer } from "./render.ts";

/** What `run` and `infer` can say about the answer. */
export interface AskOptions {
  hive?: string;
  device?: string;
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  seed?: number;
  stop?: string[];
  system?: string;
}

const FLAG_OF: Record<string, string> = {
  max_tokens: "--max-tokens",
  temperature: "--temperature",
  top_p: "--top-p",
  top_k: "--top-k",
  seed: "--seed",
  stop: "--stop",
  hive: "--hive",
  device: "--device",
  model: "MODEL",
};

/**
 * Asks the queen and shows the answer as it comes. Ctrl-C (`signal`) cancels the job first. Returns
 * the exit status.
 *
 * @throws {RbeeError} `usage` If an option is out of range, before anything is sent.
 */
export async function ask(
  queenUrl: string,
  model: string,
  prompt: string,
  options: AskOptions,
  renderer: Renderer,
  signal: AbortSignal,
): Promise<number> {
  const body = inferBody(model, prompt, options);
  const end = await streamAnswer(queenUrl, body, { renderer, signal });
  return showEnd(end, renderer, signal);
}

/** Where an answer goes. */
export interface AnswerOptions {
  renderer: Renderer;
  /** Cancels the job, whose end is still awaited. */
  signal: AbortSignal;
  /** Called with each piece of the answer, before it is shown. */
  onText?: (text: string) => void;
}

/**
 * Asks the queen, shows each event as it comes, and returns how the job ended.
 *
 * @throws {RbeeError} As {@linkcode JobClient.submitAndStream} does.
 */
export async function streamAnswer(
  queenUrl: string,
  body: OperationBody,
  { renderer, signal, onText }: AnswerOptions,
): Promise<TerminalEvent> {
  const client = new JobClient(queenUrl, {
    onReconnect: ({ error }) => narrate("reconnect", error.message, { level: "warn" }),
  });
  const onAbort = () => narrate("cancel", "Cancelling");
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await client.submitAndStream(body, async (event) => {
      if (event.type === "token") onText?.(event.text);
      renderer.event(event);
      // A slow reader of the answer slows this reader, not the worker.
      await renderer.flush({ signal });
    }, { signal });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Shows how a job ended, where that is not what was wanted, and returns the exit status. */
export function showEnd(end: TerminalEvent, renderer: Renderer, signal: AbortSignal): number {
  if (end.type === "error") renderer.error(end.message);
  if (end.type === "cancelled") renderer.error(`The job was cancelled: ${end.reason}`);
  return exitStatusOfEnd(end, { interrupted: signal.aborted });
}

/**
 * Makes what is sent of a prompt, or of the messages of a conversation, the last of them the prompt.
 *
 * @throws {RbeeError} `usage` If it does not fit.
 */
export function inferBody(
  model: string,
  prompt: string | readonly ChatMessageInput[],
  options: AskOptions,
) {
  const { system, temperature, seed, stop, hive, device } = options;
  const messages = [
    ...(system === undefined ? [] : [{ role: "system" as const, content: system }]),
    ...(typeof prompt === "string" ? [{ role: "user" as const, content: prompt }] : prompt),
  ];
  const parsed = inferSchema.safeParse({
    operation: "infer",
    model: modelName(model),
    messages,
    max_tokens: options.maxTokens,
    temperature,
    top_p: options.topP,
    top_k: options.topK,
    seed,
    stop,
    hive,
    device,
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const flag = FLAG_OF[String(issue.path[0])] ?? String(issue.path[0]);
  throw new RbeeError("usage", `${flag} does not fit: ${issue.message}`);
}
