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
  command: z.array(argumentSchema).min(1)
    .refine((command) => !command[0]?.startsWith("{"), "must begin with the program")
    .refine(
      // Where it stands within another argument, that is said.
      (command) => command.some((argument) => argument.includes("{port}")),
      "must hold {port}, so that the hive can say where to listen",
    ).describe(
      "Program and arguments, never seen by a shell; {model}, {port} and {device} stand as arguments of their own",
    ),
  ready: z.string().regex(/^\/[^\s]*$/, "must be a path such as /health").default("/health")
    .describe("The path that answers 200 when it is ready"),
  api: z.literal("openai").default("openai").describe("What it speaks"),
  narration: z.boolean().default(false)
    .describe("Whether lines of its output that look like narration are narration"),
  env: z.record(variableSchema, z.union([textSchema, z.number(), z.boolean()]).transform(String))
    .default({}).describe("Variables of its environment"),
  /** In milliseconds when it is read. */
  stall: durationSchema.prefault("10m").describe(
    "How long it may load without a line of output: a time such as 90s, 5m or 1h; a number without a unit is seconds",
  ),
  /** In milliseconds when it is read. */
  load: durationSchema.prefault("1h").describe(
    "How long it may load in all, whatever it prints: a time such as 90s, 5m or 1h; a number without a unit is seconds",
  ),
});
export type EngineSettings = z.infer<typeof engineSettingsSchema>;

/** `engines` of rbee.yaml, by name. */
export const enginesSchema = z.record(
  engineNameSchema.refine(
    (name) => name !== OWN_ENGINE,
    `must not be ${OWN_ENGINE}, the engine inside rbee`,
  ),
  engineSettingsSchema,
).default({}).describe("Server programs that answer OpenAI's API and can serve models, by name");
