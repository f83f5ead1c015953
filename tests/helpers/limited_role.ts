import { rbeeYamlSchema } from "../../src/config/rbee_yaml.ts";
import type { InferRequest } from "../../src/contracts/operation.ts";
import type { Access } from "../../src/http/access.ts";
import { RequestLimits } from "../../src/http/request_limits.ts";
import { unlessAborted } from "../../src/base/delay.ts";
import { emitToken } from "../../src/jobs/emit.ts";
import type { Job, JobResult } from "../../src/jobs/job.ts";
import { Gates } from "./gates.ts";
import { OpenAiRole } from "./openai_role.ts";

/** What rbee.yaml would say under `limits`. */
export type GivenLimits = Record<string, unknown>;

const TOKENS: Record<string, { id: string; name: string; role: "admin" | "infer" }> = {
  rbee_ann: { id: "token-a", name: "ann", role: "infer" },
  rbee_ben: { id: "token-b", name: "ben", role: "infer" },
  rbee_boss: { id: "token-c", name: "boss", role: "admin" },
};

/**
 * OpenAI's API and jobs on a port of their own, with limits, a clock that the test moves, and tokens:
 * `rbee_ann` and `rbee_ben` of the role infer, `rbee_boss` of the role admin, and the role's own, `own`.
 * A prompt is the name of the gate at which its answer waits after the first of its tokens.
 */
export class LimitedRole implements AsyncDisposable {
  readonly role: OpenAiRole;
  readonly limits: RequestLimits;
  readonly gates = new Gates();
  nowMs = 0;

  constructor(limits: GivenLimits = {}, options: { required?: boolean } = {}) {
    this.limits = new RequestLimits(settings(limits), { now: () => this.nowMs, holdMs: 1 });
    const access: Access = {
      required: options.required ?? true,
      token: "own",
      tokens: { find: (shown) => TOKENS[shown] },
    };
    this.role = new OpenAiRole({
      access,
      limits: this.limits,
      infer: (request, job) => this.#infer(request, job),
    });
  }

  /** Has others hold, as SIGHUP does. */
  reconfigure(limits: GivenLimits): void {
    this.limits.reconfigure(settings(limits));
  }

  /** Sends a request; `token` undefined shows none. */
  send(
    token: string | undefined,
    method: string,
    path: string,
    options: { body?: unknown; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const { body, signal } = options;
    return fetch(this.role.url + path, {
      method,
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  }

  /** Asks for a chat completion whose answer waits at `gate`. */
  chat(token: string, gate: string, options: { stream?: boolean; signal?: AbortSignal } = {}) {
    const { stream = false, signal } = options;
    const messages = [{ role: "user", content: gate }];
    return this.send(token, "POST", "/v1/chat/completions", {
      body: { model: "bee-tiny", messages, stream },
      ...(signal && { signal }),
    });
  }

  async #infer({ messages }: InferRequest, job: Job): Promise<JobResult> {
    const content = messages?.at(-1)?.content;
    emitToken("buzz", 0);
    await unlessAborted(this.gates.pass(String(content)), job.signal);
    return {
      result: { text: "buzz" },
      usage: { prompt_tokens: 1, completion_tokens: 1 },
      finish_reason: "stop",
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.role[Symbol.asyncDispose]();
    this.limits[Symbol.dispose]();
  }
}

function settings(limits: GivenLimits) {
  return rbeeYamlSchema.parse({ limits }).limits;
}

/** Status, code, and when to ask again. */
export async function refusalOf(answer: Response) {
  const { error } = await answer.json();
  return {
    status: answer.status,
    code: error?.code,
    type: error?.type,
    after: answer.headers.get("retry-after"),
    message: error?.message as string,
  };
}
