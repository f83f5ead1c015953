import { z } from "zod";
import type { EmbedRequest } from "../contracts/operation.ts";
import { inEmbedSpan } from "../jobs/answer_span.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { narrate } from "../narration/narrate.ts";
import { askEngine, type OpenAiEngine, readText } from "./engine_request.ts";
import { OpenAiErrors } from "./openai_errors.ts";

const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

const answerSchema = z.looseObject({
  data: z.array(z.looseObject({
    index: z.number().int().nonnegative().optional(),
    embedding: z.array(z.number()).min(1),
  })),
  usage: z.looseObject({ prompt_tokens: z.number().int().nonnegative() }).nullish()
    .catch(undefined),
});

/**
 * Has an engine turn texts into vectors, all in one question, in the order of the request. When
 * `job.signal` aborts, the connection closes.
 *
 * @throws {RbeeError} `worker_gone` If it cannot be reached, or the connection breaks.
 * @throws {RbeeError} `engine_failed` If it fails or does not speak the API, or its answer is longer
 * than 128 MiB.
 * @throws {RbeeError} `engine_busy`, `invalid_request` or `context_length_exceeded` If it refuses.
 * @throws {unknown} If `job.signal` aborts: its reason.
 */
export async function embedOverOpenAi(
  engine: OpenAiEngine,
  request: EmbedRequest,
  job: Job,
): Promise<JobResult> {
  try {
    return await inEmbedSpan(
      request,
      engine.name,
      () => vectorsThrough(engine, request, job.signal),
    );
  } catch (error) {
    job.signal.throwIfAborted();
    throw error;
  }
}

async function vectorsThrough(
  engine: OpenAiEngine,
  request: EmbedRequest,
  signal: AbortSignal,
): Promise<JobResult> {
  const input = [request.input].flat();
  const errors = new OpenAiErrors(engine, { input });
  const body = await askEngine(engine, {
    path: "/v1/embeddings",
    type: "application/json",
    body: { model: engine.model, input, encoding_format: "float" },
  }, { errors, signal });
  const { text, isCut } = await readText(body, MAX_ANSWER_BYTES).catch((error: unknown) => {
    throw errors.brokeOff(error);
  });
  if (isCut) throw errors.foreign(`answered with more than ${MAX_ANSWER_BYTES} bytes`);
  const answer = answerSchema.safeParse(jsonOf(text)).data;
  if (answer === undefined || answer.data.length !== input.length) {
    throw errors.foreign(`did not answer with ${input.length} vectors`);
  }
  const embeddings = answer.data
    .map(({ index, embedding }, i) => ({ at: index ?? i, embedding }))
    .sort((a, b) => a.at - b.at)
    .map(({ embedding }) => embedding);
  const prompt_tokens = answer.usage?.prompt_tokens ?? 0;
  narrate(
    "embed_done",
    `Made ${embeddings.length} vectors of ${embeddings[0]!.length} numbers`,
    { fields: { vectors: embeddings.length, prompt_tokens } },
  );
  return {
    result: { model: request.model, embeddings },
    usage: { prompt_tokens, completion_tokens: 0 },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
