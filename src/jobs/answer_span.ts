import type { EmbedRequest, InferRequest } from "../contracts/operation.ts";
import { inSpan, isTracing, type Span } from "../tracing/spans.ts";
import { AnswerWriter } from "./answer_writer.ts";
import type { JobResult } from "./job.ts";

/**
 * Does the work of an answer in a span as OpenTelemetry's conventions for generative models describe it,
 * with the parts of the answer in it: what was asked for and how much was made, never a word of either.
 * See https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/.
 *
 * @param engine What computes it.
 * @param body Writes the answer.
 * @throws {unknown} What `body` throws.
 */
export function inAnswerSpan(
  request: InferRequest,
  engine: string,
  body: (answer: AnswerWriter) => Promise<JobResult>,
): Promise<JobResult> {
  if (!isTracing) return body(new AnswerWriter());
  const operation = request.messages === undefined ? "text_completion" : "chat";
  const attributes = defined({
    ...asked(operation, request.model, engine),
    "gen_ai.request.max_tokens": request.max_tokens,
    "gen_ai.request.temperature": request.temperature,
    "gen_ai.request.top_p": request.top_p,
    "gen_ai.request.top_k": request.top_k,
    "gen_ai.request.seed": request.seed,
  });
  return inSpan(`${operation} ${request.model}`, { attributes }, async (span) => {
    const answer = new AnswerWriter();
    try {
      const result = await body(answer);
      describeResult(span, result);
      return result;
    } finally {
      answer.endSpans();
    }
  });
}

/**
 * The same for vectors.
 *
 * @throws {unknown} What `body` throws.
 */
export function inEmbedSpan(
  { model }: EmbedRequest,
  engine: string,
  body: () => Promise<JobResult>,
): Promise<JobResult> {
  const attributes = asked("embeddings", model, engine);
  return inSpan(`embeddings ${model}`, { attributes }, async (span) => {
    const result = await body();
    describeResult(span, result);
    return result;
  });
}

function asked(operation: string, model: string, engine: string) {
  return {
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": "rbee",
    "gen_ai.request.model": model,
    "rbee.engine": engine,
  };
}

function describeResult(span: Span, { usage, finish_reason }: JobResult): void {
  span.setAttributes(defined({
    "gen_ai.usage.input_tokens": usage?.prompt_tokens,
    "gen_ai.usage.output_tokens": usage?.completion_tokens,
    "gen_ai.response.finish_reasons": finish_reason && [finish_reason],
  }));
}

function defined<T>(given: Record<string, T | undefined>): Record<string, T> {
  const entries = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const]
  );
  return Object.fromEntries(entries);
}
