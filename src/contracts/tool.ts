import { z } from "zod";
import type { JsonValue } from "./json_value.ts";

/** What a function may be called: as OpenAI's API has it. */
export const functionNameSchema = z.string().regex(
  /^[a-zA-Z0-9_-]{1,64}$/,
  "must be 1 to 64 letters, digits, underscores and dashes",
);

/** A JSON Schema, as it is written in JSON. */
export type JsonSchema = { [keyword: string]: JsonValue | undefined };

const MAX_SCHEMA_DEPTH = 256;

/**
 * Any object of JSON, up to 256 deep. What is inside is not looked at: it was read from JSON, and a check
 * that calls itself could be made to overflow the stack.
 */
export const jsonSchemaSchema = z.record(z.string(), z.unknown()).refine(
  isShallow,
  { message: `must not be nested over ${MAX_SCHEMA_DEPTH} deep` },
) as unknown as z.ZodType<JsonSchema, JsonSchema>;

function isShallow(schema: object): boolean {
  let level: object[] = [schema];
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_SCHEMA_DEPTH) return false;
    level = level.flatMap((value) =>
      Object.values(value).filter((inner) => typeof inner === "object" && inner !== null)
    );
  }
  return true;
}

/** A function that the model may ask for; the caller calls it, never rbee. */
export const toolSchema = z.strictObject({
  type: z.literal("function"),
  function: z.strictObject({
    name: functionNameSchema,
    description: z.string().optional(),
    /** The JSON Schema of its arguments, an object's. Default: it takes none. */
    parameters: jsonSchemaSchema.refine(
      ({ type }) => type === undefined || [type].flat().includes("object"),
      { message: "must be the schema of an object: its type is another" },
    ).optional(),
    /** Whether the arguments must fit `parameters`; those made under a grammar do in any case. */
    strict: z.boolean().nullish(),
  }),
});
export type Tool = z.infer<typeof toolSchema>;

/** Up to 128 functions, each with a name of its own. */
export const toolsSchema = z.array(toolSchema).min(1).max(128).refine(
  (tools) => new Set(tools.map((tool) => tool.function.name)).size === tools.length,
  { message: "must not name a function twice" },
);

/** `none`: no call; `auto`: the model decides; `required`: some call; or the one that is named. */
export const toolChoiceSchema = z.union([
  z.enum(["none", "auto", "required"]),
  z.strictObject({
    type: z.literal("function"),
    function: z.strictObject({ name: functionNameSchema }),
  }),
]);
export type ToolChoice = z.infer<typeof toolChoiceSchema>;

/** One call that the model asks for. `arguments` is the text of a JSON object. */
export const toolCallSchema = z.strictObject({
  id: z.string().min(1).max(256),
  type: z.literal("function"),
  function: z.strictObject({ name: functionNameSchema, arguments: z.string() }),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

/** The name of the `data` event that holds the calls of an answer, before the job's last event. */
export const TOOL_CALLS_DATA = "tool_calls";

/** The value of that event. */
export const toolCallsSchema = z.array(toolCallSchema).min(1);
