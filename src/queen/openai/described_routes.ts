import { z } from "zod";
import {
  openAiChatAnswerSchema,
  openAiChatChunkSchema,
  openAiCompletionAnswerSchema,
  openAiCompletionChunkSchema,
} from "../../contracts/openai_answer.ts";
import { openAiChatRequestSchema } from "../../contracts/openai_chat.ts";
import { openAiCompletionRequestSchema } from "../../contracts/openai_completion.ts";
import {
  openAiEmbeddingsRequestSchema,
  openAiEmbeddingsSchema,
} from "../../contracts/openai_embeddings.ts";
import { jobIdSchema } from "../../contracts/identifiers.ts";
import { openAiModelListSchema, openAiModelSchema } from "../../contracts/openai_models.ts";
import type { RouteDescription } from "../../http/route_description.ts";
import { CORRELATION_PARAMETER, JOB_HEADERS } from "../../jobs/described_routes.ts";

const tag = "OpenAI's API";
const access = "infer" as const;
const cancelled = "When its client disconnects, the job is cancelled.";
const model = { name: "OpenAiModel", schema: openAiModelSchema };

const streamParameters = [CORRELATION_PARAMETER, {
  in: "header" as const,
  name: "X-Rbee-Narration",
  description: "1: narration comes too, as events of that name that are chunks without choices",
  schema: z.literal("1"),
}];

const headers = [...JOB_HEADERS, {
  name: "X-Request-Id",
  description: "The same as X-Rbee-Job-Id, for OpenAI's own clients",
  schema: jobIdSchema,
}];

/** OpenAI's API, as the queen has it. */
export const OPENAI_ROUTES: readonly RouteDescription[] = [
  {
    method: "post",
    path: "/v1/chat/completions",
    tag,
    access,
    summary: "Answer a conversation",
    description: cancelled,
    parameters: streamParameters,
    body: { schemas: [{ name: "ChatRequest", schema: openAiChatRequestSchema }] },
    answers: {
      200: {
        description: "The answer; with stream its chunks, and [DONE] at the end",
        headers,
        content: {
          "application/json": { name: "ChatAnswer", schema: openAiChatAnswerSchema },
          "text/event-stream": { name: "ChatChunk", schema: openAiChatChunkSchema },
        },
      },
    },
  },
  {
    method: "post",
    path: "/v1/completions",
    tag,
    access,
    summary: "Complete a text as it stands",
    description: cancelled,
    parameters: streamParameters,
    body: { schemas: [{ name: "CompletionRequest", schema: openAiCompletionRequestSchema }] },
    answers: {
      200: {
        description: "The answer; with stream its chunks, and [DONE] at the end",
        headers,
        content: {
          "application/json": { name: "CompletionAnswer", schema: openAiCompletionAnswerSchema },
          "text/event-stream": { name: "CompletionChunk", schema: openAiCompletionChunkSchema },
        },
      },
    },
  },
  {
    method: "post",
    path: "/v1/embeddings",
    tag,
    access,
    summary: "Turn texts into vectors",
    description: cancelled,
    parameters: [CORRELATION_PARAMETER],
    body: { schemas: [{ name: "EmbeddingsRequest", schema: openAiEmbeddingsRequestSchema }] },
    answers: {
      200: {
        description: "A vector for each text, in their order",
        headers,
        content: { "application/json": { name: "Embeddings", schema: openAiEmbeddingsSchema } },
      },
    },
  },
  {
    method: "get",
    path: "/v1/models",
    tag,
    access,
    summary: "The models that can be named now; others can be asked for all the same",
    answers: {
      200: {
        description: "The models",
        content: { "application/json": { name: "OpenAiModelList", schema: openAiModelListSchema } },
      },
    },
  },
  {
    method: "get",
    path: "/v1/models/{id}",
    tag,
    access,
    summary: "One of them",
    description: "Slashes in the name may be escaped or not.",
    answers: { 200: { description: "The model", content: { "application/json": model } } },
  },
];
