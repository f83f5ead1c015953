import { Buffer } from "node:buffer";
import { RbeeError } from "../../base/rbee_error.ts";
import {
  type OpenAiEmbeddings,
  openAiEmbeddingsNeutralFields,
  type OpenAiEmbeddingsRequest,
  openAiEmbeddingsRequestSchema,
} from "../../contracts/openai_embeddings.ts";
import { embedResultSchema } from "../../contracts/operation.ts";
import type { Answer } from "./answer_form.ts";
import { readParameters } from "./parameters.ts";

/**
 * Reads the body of a request for embeddings.
 *
 * @throws {RbeeError} `unsupported_parameter` or `invalid_request`, see {@linkcode readParameters}.
 */
export function readEmbeddingsRequest(body: Record<string, unknown>): OpenAiEmbeddingsRequest {
  return readParameters(openAiEmbeddingsRequestSchema, body, {
    neutral: openAiEmbeddingsNeutralFields,
  });
}

/**
 * What `embed` gave, as OpenAI's API answers.
 *
 * @throws {RbeeError} `bad_answer` If it is no list of vectors.
 */
export function embeddingsAnswer(
  { result, usage }: Pick<Answer, "result" | "usage">,
  { model, encoding_format }: OpenAiEmbeddingsRequest,
): OpenAiEmbeddings {
  const parsed = embedResultSchema.safeParse(result);
  if (!parsed.success) {
    throw new RbeeError("bad_answer", `The worker for "${model}" sent no embeddings`);
  }
  const write = encoding_format === "base64" ? toBase64 : (vector: number[]) => vector;
  return {
    object: "list",
    model,
    data: parsed.data.embeddings.map((vector, index) => ({
      object: "embedding",
      index,
      embedding: write(vector),
    })),
    usage: { prompt_tokens: usage.prompt_tokens, total_tokens: usage.prompt_tokens },
  };
}

/** Floats of 32 bits, the lowest byte first whatever machine this is. */
function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4);
  return bytes.toString("base64");
}
