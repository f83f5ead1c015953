import { z } from "zod";
import { modelNameSchema } from "./operation.ts";

/** A model as `GET /v1/models/{id}` answers; `id` is what requests name it by. */
export const openAiModelSchema = z.object({
  id: modelNameSchema,
  object: z.literal("model"),
  /** Since when it is offered, in seconds since 1970. */
  created: z.number().int().nonnegative(),
  owned_by: z.string(),
});
export type OpenAiModel = z.infer<typeof openAiModelSchema>;

/** What `GET /v1/models` answers. */
export const openAiModelListSchema = z.object({
  object: z.literal("list"),
  data: z.array(openAiModelSchema),
});
