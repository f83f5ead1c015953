import { z } from "zod";
import { engineNameSchema } from "../contracts/operation.ts";
import { durationSchema } from "./duration.ts";

/** What an engine's command may hold, each as a whole argument. */
export const PLACEHOLDERS = ["{model}", "{port}", "{device}"] as const;

/** The name of the engine inside rbee, which rbee.yaml cannot give to another. */
export const OWN_ENGINE = "llama";

const PLACEHOLDER = /\{[a-z_]+\}/g;

// deno-lint-ignore no-control-regex -- the one character that no argument can hold
const textSchema = z.string().regex(/^[^\u0000]*$/, "must not hold the character NUL");

const argumentSchema = textSchema.superRefine((argument, context) => {
  // Long before a process meets them: text that is not the whole argument would reach the engine as is.
  if ((PLACEHOLDERS as readonly string[]).includes(argument)) return;
  const inside = argument.match(PLACEHOLDER)?.find((each) =>
    (PLACEHOLDERS as readonly string[]).includes(each)
  );
  if (inside !== undefined) {
    context.addIssue({
      code: "custom",
      message: `holds ${inside} within a longer argument; write it as an argument of its own`,
    });
  } else if (/^\{[a-z_]+\}$/.test(argument)) {
    context.addIssue({
      code: "custom",
      message: `is not known; known are ${PLACEHOLDERS.join(", ")}`,
    });
  }
});

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const variableSchema = z.string().regex(VARIABLE, "must be the name of an environment variable")
  .refine((name) => !name.startsWith("RBEE_"), "must not begin with RBEE_, which rbee sets itself");

/** A server program that answers OpenAI's API, and how the hive runs it. */
export const engineSettingsSchema = z.strictObject({
  /** Program and arguments, never seen by a shell. */
  command: z.array(argumentSchema).min(1)
    .refine((command) => !command[0]?.startsWith("{"), "must begin with the program")
    .refine(
      (command) => command.includes("{port}"),
      "must hold {port}, so that the hive can say where to listen",
    ),
  /** What answers 200 when it is ready. */
  ready: z.string().regex(/^\/[^\s]*$/, "must be a path such as /health").default("/health"),
  api: z.literal("openai").default("openai"),
  /** Whether it may speak as rbee does: lines that look like narration are then narration. */
  narration: z.boolean().default(false),
  env: z.record(variableSchema, z.union([textSchema, z.number(), z.boolean()]).transform(String))
    .default({}),
  /** The limit without a line of output while it loads, in milliseconds. */
  stall: durationSchema.default(600_000),
});
export type EngineSettings = z.infer<typeof engineSettingsSchema>;

/** `engines` of rbee.yaml, by name. */
export const enginesSchema = z.record(
  engineNameSchema.refine(
    (name) => name !== OWN_ENGINE,
    `must not be ${OWN_ENGINE}, the engine inside rbee`,
  ),
  engineSettingsSchema,
).default({});
