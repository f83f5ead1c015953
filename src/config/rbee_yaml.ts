import { join } from "node:path";
import { isNode, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { hiveAddressesSchema } from "../contracts/hive_address.ts";
import { DEFAULT_MAX_QUEUE, hiveLimitsSchema, hiveSettingsSchema } from "./hive_settings.ts";

/** The ports of the contract. */
export const DEFAULT_QUEEN_PORT = 7833;
export const DEFAULT_HIVE_PORT = 7835;

const listener = (port: number) => ({
  host: z.string().min(1).default("127.0.0.1"),
  port: z.number().int().min(0).max(65_535).default(port),
});

const queenSchema = z.strictObject({
  ...listener(DEFAULT_QUEEN_PORT),
  /** How many requests for inference are worked on at once; what is over waits. */
  max_requests: z.number().int().min(1).max(100_000).default(256),
  /** How many wait, past which the answer is 503. */
  max_queue: z.number().int().min(0).max(100_000).default(DEFAULT_MAX_QUEUE),
});
export type QueenLimits = Pick<z.infer<typeof queenSchema>, "max_requests" | "max_queue">;

/** What queen and hive keep of jobs that have ended; past any bound the oldest go. */
const journalSchema = z.strictObject({
  /** Since their end. */
  max_age_hours: z.number().positive().max(876_000).default(168),
  max_jobs: z.number().int().min(1).max(1_000_000).default(10_000),
  /** Of all events, in MiB. */
  max_mib: z.number().positive().default(4096),
  /** Of the events of one job, in MiB. */
  max_job_mib: z.number().positive().default(2048),
  /** Whether the tokens of answers are kept on disk. */
  keep_completions: z.boolean().default(true),
});
export type JournalSettings = z.infer<typeof journalSchema>;

/** `rbee.yaml`. Every key may be missing; unknown keys are errors. */
export const rbeeYamlSchema = z.strictObject({
  queen: queenSchema.prefault({}),
  hive: z.strictObject({ ...listener(DEFAULT_HIVE_PORT), ...hiveLimitsSchema.shape }).prefault({}),
  models: hiveSettingsSchema.shape.models,
  engines: hiveSettingsSchema.shape.engines,
  journal: journalSchema.prefault({}),
  // `hives:` with nothing behind it is what is left when somebody takes the last one out.
  hives: hiveAddressesSchema.nullish().transform((hives) => hives ?? {}),
});
export type RbeeYaml = z.infer<typeof rbeeYamlSchema>;

/**
 * Reads `rbee.yaml` in `folder`; the defaults when there is none.
 *
 * @throws {RbeeError} `bad_config` If it is not YAML or does not fit, naming file, line and key.
 */
export async function readRbeeYaml(folder: string): Promise<RbeeYaml> {
  const path = rbeeYamlPath(folder);
  return parseRbeeYaml(path, await readRbeeYamlText(path));
}

/** The file in the folder of the configuration. */
export function rbeeYamlPath(folder: string): string {
  return join(folder, "rbee.yaml");
}

/**
 * The text of `rbee.yaml`; empty when there is none.
 *
 * @throws {RbeeError} `bad_config` If it cannot be read.
 */
export async function readRbeeYamlText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw new RbeeError("bad_config", `Cannot read ${path}: ${String(error)}`, { cause: error });
  }
}

/**
 * What the text of an `rbee.yaml` says, with the defaults.
 *
 * @param path What the file is called in errors.
 * @throws {RbeeError} `bad_config` If it is not YAML or does not fit, naming file, line and key.
 */
export function parseRbeeYaml(path: string, text: string): RbeeYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const bad = (offset: number, what: string) =>
    new RbeeError(
      "bad_config",
      `${path}, line ${lines.linePos(offset).line}: ${what}; mend the file`,
    );
  const syntax = document.errors[0];
  if (syntax !== undefined) throw bad(syntax.pos[0], syntax.message);
  let value: unknown;
  try {
    value = document.toJS() ?? {};
  } catch (error) {
    // An alias without its anchor, or too many of them, is met only here.
    throw new RbeeError("bad_config", `${path}: ${messageOf(error)}; mend the file`);
  }
  const parsed = rbeeYamlSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  // A misspelled key is the better reason than the right one that is missing for it.
  const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0]!;
  const keys = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0]!] : issue.path;
  const what = issue.code === "unrecognized_keys"
    ? "is not a known key"
    : (issue.code === "invalid_key" ? issue.issues[0]?.message : undefined) ?? issue.message;
  const node = document.getIn(keys, true);
  const offset = isNode(node) ? node.range?.[0] ?? 0 : 0;
  throw bad(offset, keys.length === 0 ? what : `"${keys.join(".")}" ${what}`);
}
