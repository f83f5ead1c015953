import { z } from "zod";
import { toolCallsSchema } from "./tool.ts";

const textPartsSchema = z.array(z.strictObject({ type: z.literal("text"), text: z.string() }));

/** A text, or its parts, which are joined without anything between them. */
const contentSchema = z.union([z.string(), textPartsSchema]).transform((content) =>
  typeof content === "string" ? content : content.map(({ text }) => text).join("")
);

// Tells participants of one role apart for OpenAI's models; no template has a place for it.
const name = z.string().max(256).optional();

/**
 * One message of a conversation. What comes out has its content as one text; `null` is that of an
 * assistant that said nothing beside its calls. `developer` is the later name of `system`.
 */
export const chatMessageSchema = z.discriminatedUnion("role", [
  z.strictObject({ role: z.literal("system"), content: contentSchema, name }),
  z.strictObject({ role: z.literal("developer"), content: contentSchema, name }),
  z.strictObject({ role: z.literal("user"), content: contentSchema, name }),
  z.strictObject({
    role: z.literal("assistant"),
    content: contentSchema.nullish().transform((content) => content ?? null),
    name,
    tool_calls: toolCallsSchema.optional(),
    /**
     * What the model thought before it answered. Front ends send it back with the rest of an answer; it
     * is left out of the prompt, as the makers of such models want it.
     */
    reasoning_content: z.string().nullish(),
  }).refine(({ content, tool_calls }) => content !== null || tool_calls !== undefined, {
    message: "must be a text where the message has no tool_calls",
    path: ["content"],
  }).transform(({ reasoning_content: _thought, ...message }) => message),
  z.strictObject({ role: z.literal("tool"), content: contentSchema, tool_call_id: z.string() }),
]);
export type ChatMessage = z.infer<typeof chatMessageSchema>;
/** A message as it is written. */
export type ChatMessageInput = z.input<typeof chatMessageSchema>;
