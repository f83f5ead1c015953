import { parseJson } from "../base/parse_json.ts";
import { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";
import { cutText, singleLine } from "../base/single_line.ts";
import type { EmbedRequest, InferRequest } from "../contracts/operation.ts";
import { unreachable } from "../http/api_client.ts";
import { quotes } from "./quoted_text.ts";

const MAX_REASON_CHARACTERS = 300;
const MAX_ANSWER_CHARACTERS = 256 * 1024;

// As llama-server, vLLM, SGLang and OpenAI itself say it.
const CONTEXT_EXCEEDED =
  /context_length_exceeded|exceed_context_size|exceeds? the available context|maximum context length|model'?s context length/i;

const markSchema = z.union([z.string(), z.number()]).optional().catch(undefined);
const reasonSchema = z.looseObject({
  message: z.string().catch(""),
  code: markSchema,
  type: markSchema,
});
type Reason = Pick<z.infer<typeof reasonSchema>, "message" | "code" | "type">;

/**
 * Makes our errors of what an engine answers to one request. Its own words are cut to 300 characters,
 * and left out where they repeat the request or the answer: engines quote both, and neither may be
 * told.
 */
export class OpenAiErrors {
  readonly #name: string;
  readonly #baseUrl: string;
  readonly #asked: readonly string[];
  #answer = "";
  #forgot = false;

  constructor(
    engine: { name: string; baseUrl: string },
    request: Pick<InferRequest, "prompt" | "messages" | "stop"> | Pick<EmbedRequest, "input">,
  ) {
    this.#name = engine.name;
    this.#baseUrl = engine.baseUrl;
    if ("input" in request) {
      this.#asked = [request.input].flat();
      return;
    }
    const { prompt, messages, stop } = request;
    this.#asked = [
      ...(prompt === undefined ? [] : [prompt]),
      ...(messages ?? []).flatMap((message) => [
        message.content ?? "",
        ...(message.role === "assistant" ? message.tool_calls ?? [] : [])
          .map((call) => call.function.arguments),
      ]),
      ...[stop ?? []].flat(),
    ];
  }

  /** Keeps a piece of the answer from being repeated; past 256 Ki characters no reason is. */
  heard(text: string): void {
    this.#forgot ||= this.#answer.length + text.length > MAX_ANSWER_CHARACTERS;
    this.#answer = this.#forgot ? "" : this.#answer + text;
  }

  /** For an answer that is no event stream, with as much of its body as was read. */
  answered(status: number, type: string, body: string): RbeeError {
    const value = parseJson(body);
    const ok = status >= 200 && status < 300;
    // What is no error may be the completion itself.
    if (value === undefined || (ok && !isError(value))) {
      const expected = ok ? "an event stream" : "an error as OpenAI's API has it";
      const what = `answered ${status} with ${type || "no type"}, not with ${expected}`;
      return new RbeeError(
        codeOf(status),
        `The engine "${this.#name}" ${what}; check that it speaks OpenAI's API${
          ok ? "" : `: ${this.#show(body)}`
        }`,
      );
    }
    return this.#failed(value, status);
  }

  /** For an error that takes the place of a chunk. */
  said(value: unknown): RbeeError {
    return this.#failed(value);
  }

  /** For a stream that cannot be understood. `what` is said of the engine: `sent …`. */
  foreign(what: string): RbeeError {
    return new RbeeError(
      "engine_failed",
      `The engine "${this.#name}" ${what}; check that it speaks OpenAI's API`,
    );
  }

  /** For an answer that is known to be no whole one. */
  endedEarly(): RbeeError {
    return new RbeeError(
      "engine_failed",
      `The engine "${this.#name}" ended its answer in the middle; its output may say why`,
    );
  }

  /** For a connection that cannot be made, or breaks before the answer begins. */
  unreachable(cause: unknown): RbeeError {
    return new RbeeError(
      "worker_gone",
      `The engine "${this.#name}" does not answer: ${unreachable(this.#baseUrl, cause).message}`,
      { cause },
    );
  }

  /** For a connection that breaks in an answer. */
  brokeOff(cause: unknown): RbeeError {
    return new RbeeError(
      "worker_gone",
      `The engine "${this.#name}" broke off its answer; its output may say why`,
      { cause },
    );
  }

  #failed(value: unknown, status?: number): RbeeError {
    const reason = reasonOf(value);
    const name = `The engine "${this.#name}"`;
    const shown = this.#show(reason.message);
    if (CONTEXT_EXCEEDED.test(`${reason.code} ${reason.type} ${reason.message}`)) {
      return new RbeeError(
        "context_length_exceeded",
        `The request does not fit the context of the engine "${this.#name}"; shorten it, or give the engine a larger one: ${shown}`,
      );
    }
    const code = codeOf(status ?? 200);
    const what = code === "engine_busy"
      ? `${name} takes no more requests now (${status}); try again in a moment`
      : code === "invalid_request"
      ? `${name} refused the request (${status})`
      : `${name} failed ${status === undefined ? "in the middle of its answer" : `(${status})`}`;
    return new RbeeError(code, `${what}: ${shown}`);
  }

  #show(reason: string): string {
    const line = cutText(singleLine(reason), MAX_REASON_CHARACTERS);
    if (line === "") return "it gave no reason; its output may say more";
    if (!this.#forgot && !quotes(line, [...this.#asked, this.#answer])) return line;
    return "its reason repeats what was asked or answered, and is not shown";
  }
}

/** Tells an error from any other JSON that an engine may send. */
export function isError(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return ("error" in value && value.error !== null && value.error !== undefined) ||
    ("object" in value && value.object === "error");
}

/** OpenAI's form, and beside it a mere sentence, vLLM's earlier flat form, and FastAPI's `detail`. */
function reasonOf(value: unknown): Reason {
  const whole = z.looseObject({
    error: z.unknown().optional(),
    detail: z.unknown().optional(),
  }).safeParse(value).data;
  const reason = whole?.error ?? whole?.detail ?? whole;
  if (typeof reason === "string") return { message: reason };
  return reasonSchema.safeParse(reason).data ?? { message: "" };
}

function codeOf(status: number): string {
  if (status === 429 || status === 503) return "engine_busy";
  return status >= 400 && status < 500 ? "invalid_request" : "engine_failed";
}
