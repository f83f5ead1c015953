import { embedSchema, type InferRequest, inferSchema } from "../../src/contracts/operation.ts";
import type { JobEvent } from "../../src/contracts/job_event.ts";
import type { Job, JobResult } from "../../src/jobs/job.ts";
import { operation } from "../../src/jobs/operation_handler.ts";
import type { Access } from "../../src/http/access.ts";
import type { RequestLimits } from "../../src/http/request_limits.ts";
import { type RoleServer, startRoleServer } from "../../src/jobs/role_server.ts";
import { permitInfer } from "../../src/queen/permit_infer.ts";
import { OPENAI_ROUTES } from "../../src/queen/openai/described_routes.ts";
import { openAiRoutes, type OpenAiRoutesOptions } from "../../src/queen/openai/openai_routes.ts";
import { logEvents } from "./log_events.ts";

const LIMIT = { kind: "total", ms: 60_000 } as const;

/** What an {@linkcode OpenAiRole} does with a request. */
export interface OpenAiRoleOptions {
  infer: (request: InferRequest, job: Job) => Promise<JobResult>;
  /** What each text becomes. */
  embed?: (text: string) => number[];
  /** Called before a job is made. */
  admit?: () => void;
  token?: string;
  /** Whom it answers. Default: who shows the token, or everybody. */
  access?: Access;
  /** What bounds requests. Default: nothing. */
  limits?: RequestLimits;
  /** The models that rbee.yaml names. Default: `hf:bees/honey`. */
  configured?: readonly string[];
  /** See `OpenAiRoutesOptions`. */
  timing?: Pick<OpenAiRoutesOptions, "beginWithinMs" | "commentEveryMs">;
}

/** OpenAI's API on a port of its own, over jobs that do what the test says. */
export class OpenAiRole implements AsyncDisposable {
  readonly server: RoleServer;
  /** The requests that became jobs. */
  readonly asked: InferRequest[] = [];
  readonly #token: string | undefined;

  constructor(options: OpenAiRoleOptions) {
    this.#token = options.token;
    this.server = startRoleServer({
      role: "queen",
      host: "127.0.0.1",
      port: 0,
      access: options.access ??
        (options.token === undefined ? undefined : { required: true, token: options.token }),
      limits: options.limits,
      handlers: {
        infer: operation(inferSchema, LIMIT, (request, job) => {
          this.asked.push(request);
          return options.infer(request, job);
        }, { admit: () => options.admit?.(), permitInfer }),
        embed: operation(embedSchema, LIMIT, ({ model, input }) => {
          const embeddings = [input].flat().map((text) => options.embed?.(text) ?? []);
          const usage = { prompt_tokens: 3, completion_tokens: 0 };
          return Promise.resolve({ result: { model, embeddings }, usage });
        }, { permitInfer }),
      },
      routes: (app, jobs) => {
        const hives = { ask: () => Promise.resolve([]) };
        const models = { hives, configured: () => options.configured ?? ["hf:bees/honey"] };
        app.route("/", openAiRoutes({ jobs, models, ...options.timing }));
      },
      describedRoutes: OPENAI_ROUTES,
    });
    this.server.health.status = "ok";
  }

  get url(): string {
    return this.server.url;
  }

  /** Sends a request; `body` is JSON already when it is a text. */
  post(
    path: string,
    body: unknown,
    options: { headers?: Record<string, string>; signal?: AbortSignal } = {},
  ): Promise<Response> {
    const { headers, signal } = options;
    return fetch(this.url + path, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
        ...headers,
      },
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(signal && { signal }),
    });
  }

  /** What the job of an answer has in its log. */
  eventsOf(answer: Response): JobEvent[] {
    return logEvents(this.jobOf(answer).log);
  }

  /** The job of an answer. */
  jobOf(answer: Response): Job {
    return this.server.registry.get(answer.headers.get("x-rbee-job-id") ?? "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const active = this.server.registry.active();
    for (const job of active) job.cancel("the test is over");
    await Promise.all(active.map((job) => job.ended));
    await this.server.close();
  }
}
