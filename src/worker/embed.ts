import { OWN_ENGINE } from "../config/engine_settings.ts";
import type { EmbedRequest } from "../contracts/operation.ts";
import { inEmbedSpan } from "../jobs/answer_span.ts";
import type { Job, JobResult } from "../jobs/job.ts";
import { narrate } from "../narration/narrate.ts";
import type { Engine } from "./engine.ts";

/** Turns the texts of one request into vectors. Says how many and how long, never text. */
export function embed(engine: Engine, request: EmbedRequest, job: Job): Promise<JobResult> {
  return inEmbedSpan(request, OWN_ENGINE, () => embedTexts(engine, request, job));
}

async function embedTexts(engine: Engine, request: EmbedRequest, job: Job): Promise<JobResult> {
  const startedMs = performance.now();
  const texts = [request.input].flat();
  const { vectors, promptTokens } = await engine.embed({ texts, signal: job.signal });
  const tookMs = Math.round(performance.now() - startedMs);
  narrate(
    "embed_done",
    `Made ${vectors.length} vectors of ${vectors[0]?.length ?? 0} numbers in ${tookMs} ms`,
    { fields: { vectors: vectors.length, prompt_tokens: promptTokens, took_ms: tookMs } },
  );
  return {
    result: { model: request.model, embeddings: vectors },
    usage: { prompt_tokens: promptTokens, completion_tokens: 0 },
  };
}
