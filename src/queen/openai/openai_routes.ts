import { type Context, Hono } from "hono";
import { RbeeError } from "../../base/rbee_error.ts";
import { type Caller, callerOf } from "../../http/caller.ts";
import { eventStreamResponse } from "../../http/event_stream.ts";
import { readJsonObject } from "../../http/json_body.ts";
import { countStream } from "../../http/limit_requests.ts";
import type { Job } from "../../jobs/job.ts";
import { readCorrelationId } from "../../jobs/job_routes.ts";
import { type JobIntake, submitJob } from "../../jobs/submit_job.ts";
import { isLocalName } from "../permit_infer.ts";
import { AnswerEvents } from "./answer_events.ts";
import { type AnswerForm, answerHead } from "./answer_form.ts";
import { AnswerReader } from "./answer_reader.ts";
import { firstParts, wholeAnswer } from "./await_answer.ts";
import { ChatForm } from "./chat_form.ts";
import { CompletionForm } from "./completion_form.ts";
import { embeddingsAnswer, readEmbeddingsRequest } from "./embeddings.ts";
import { readChatRequest, readCompletionRequest, type TextRequest } from "./infer_request.ts";
import { listModels, type ModelSources } from "./list_models.ts";

/** What OpenAI's routes need. */
export interface OpenAiRoutesOptions {
  jobs: JobIntake;
  models: ModelSources;
  /**
   * How long a stream waits for the first of its answer before it begins, in milliseconds: what fails
   * until then has a status. Default 2,000, as long as no client gives up.
   */
  beginWithinMs?: number;
  /**
   * How often a stream that says nothing gets a comment, in milliseconds. Default 5,000, before clients
   * and proxies give it up.
   */
  commentEveryMs?: number;
}

const WAITING_COMMENT = ": waiting for the model\n\n";
const CLIENT_GONE = "its client has gone";

/**
 * OpenAI's API. Each request is a job like any other, named by `X-Rbee-Job-Id` and `X-Request-Id`. Its
 * client's disconnect cancels it, since such clients know no other way.
 */
export function openAiRoutes(options: OpenAiRoutesOptions): Hono {
  const { jobs, models } = options;
  const app = new Hono();

  app.post("/v1/chat/completions", async (c) => {
    const request = readChatRequest(await readJsonObject(c));
    if (request.stream) countStream(c);
    const job = submit(c, jobs, request.infer);
    const head = answerHead(job, "chatcmpl-", request.infer.model);
    return await answer(c, job, { request, form: new ChatForm(head, request), options });
  });

  app.post("/v1/completions", async (c) => {
    const request = readCompletionRequest(await readJsonObject(c));
    if (request.stream) countStream(c);
    const job = submit(c, jobs, request.infer);
    const head = answerHead(job, "cmpl-", request.infer.model);
    return await answer(c, job, { request, form: new CompletionForm(head, request), options });
  });

  app.post("/v1/embeddings", async (c) => {
    const request = readEmbeddingsRequest(await readJsonObject(c));
    const { model, input } = request;
    const job = submit(c, jobs, { operation: "embed", model, input });
    return await cancelledOnFailure(job, async () => {
      const embedded = await wholeAnswer(new AnswerReader(job), c.req.raw);
      return json(c, embeddingsAnswer(embedded, request));
    });
  });

  const modelsFor = async (caller: Caller) => {
    const all = await listModels(models);
    return caller.role === "admin" ? all : all.filter(({ id }) => !isLocalName(id));
  };

  app.get(
    "/v1/models",
    async (c) => json(c, { object: "list", data: await modelsFor(callerOf(c)) }),
  );

  // Names have slashes, which clients may escape or not.
  app.get("/v1/models/:id{.+}", async (c) => {
    const id = c.req.param("id");
    const model = (await modelsFor(callerOf(c))).find((each) => each.id === id);
    if (model !== undefined) return json(c, model);
    throw new RbeeError(
      "model_not_found",
      `The model "${
        id.slice(0, 200)
      }" is not loaded, stored, nor named in rbee.yaml; GET /v1/models lists those that are`,
    );
  });

  return app;
}

function submit(c: Context, jobs: JobIntake, body: Record<string, unknown>): Job {
  const job = submitJob(jobs, body, {
    correlationId: readCorrelationId(c),
    caller: callerOf(c),
  });
  c.header("X-Correlation-Id", job.correlationId);
  c.header("X-Rbee-Job-Id", job.id);
  // What OpenAI's own clients show of a request.
  c.header("X-Request-Id", job.id);
  return job;
}

async function answer(
  c: Context,
  job: Job,
  how: { request: TextRequest; form: AnswerForm; options: OpenAiRoutesOptions },
): Promise<Response> {
  const { request: { stream, includeUsage }, form } = how;
  const { beginWithinMs = 2000, commentEveryMs = 5000 } = how.options;
  const narration = stream && c.req.header("x-rbee-narration") === "1";
  const reader = new AnswerReader(job, { narration });
  // Deno aborts it after a good end too, so it is listened to only while nothing has been answered.
  const { signal } = c.req.raw;
  return await cancelledOnFailure(job, async () => {
    if (!stream) return json(c, form.whole(await wholeAnswer(reader, { signal })));
    const parts = await firstParts(reader, { waitMs: beginWithinMs, signal });
    return eventStreamResponse(c, new AnswerEvents(reader, { form, includeUsage, parts }), {
      ...(parts.length === 0 && { head: WAITING_COMMENT }),
      keepaliveMs: commentEveryMs,
      // A job that has ended is not touched by it.
      onClose: () => void job.cancel(CLIENT_GONE),
    });
  });
}

/** What nobody waits for any more is not worked on either. */
async function cancelledOnFailure(job: Job, give: () => Promise<Response>): Promise<Response> {
  try {
    return await give();
  } catch (error) {
    job.cancel(CLIENT_GONE);
    throw error;
  }
}

function json(c: Context, value: object): Response {
  return c.json(value, 200, { "Cache-Control": "no-store" });
}
