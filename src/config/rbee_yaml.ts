import { join } from "node:path";
import { z } from "zod";
import { isListenHost } from "./listen_host.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { readYamlText } from "./yaml_text.ts";
import { hiveAddressesSchema } from "../contracts/hive_address.ts";
import { bothOrNone, tlsKeys } from "./tls_keys.ts";
import { judgeYaml } from "./config_mistakes.ts";
import { requestLimitsSchema } from "./limit_settings.ts";
import { OWN_ENGINE } from "./engine_settings.ts";
import { DEFAULT_MAX_QUEUE, hiveLimitsSchema, hiveSettingsSchema } from "./hive_settings.ts";

/** The ports of the contract. */
export const DEFAULT_QUEEN_PORT = 7833;
export const DEFAULT_HIVE_PORT = 7835;

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$|^\[?(?=.*:.*:)[0-9a-f:.]+\]?$/i;

const listener = (port: number) => ({
  host: z.string().min(1, { abort: true }).refine(
    isListenHost,
    "must be an address or a host name, without a port",
  )
    .default("127.0.0.1").describe("The address to listen on"),
  port: z.number().int().min(0).max(65_535).default(port)
    .describe("The port to listen on; 0 lets the system choose"),
  names: z.array(z.string().regex(HOST_NAME, "must be a host name or an address, without a port"))
    .default([])
    .describe("Host names under which requests may come, beside host and the loopback names"),
  require_token: z.boolean().default(false)
    .describe("Whether requests from this machine need a token too, as behind a reverse proxy"),
  ...tlsKeys,
});
/** Where queen or hive listens, and to whom. */
export type ListenerSettings = Pick<
  z.infer<typeof queenSchema>,
  "host" | "port" | "names" | "require_token" | "max_connections" | "tls_cert" | "tls_key"
>;

const queenSchema = z.strictObject({
  ...listener(DEFAULT_QUEEN_PORT),
  ca: z.string().min(1).optional()
    .describe(
      "A file of certificate authorities (PEM) to trust beside the system's: of hives that are added by https, and of the queen that commands ask by https",
    ),
  max_requests: z.number().int().min(1).max(100_000).default(256)
    .describe("How many requests for inference are worked on at once; what is over waits"),
  max_queue: z.number().int().min(0).max(100_000).default(DEFAULT_MAX_QUEUE)
    .describe("How many requests wait; past it the answer is 503 queue_full"),
}).check(bothOrNone);
export type QueenLimits = Pick<z.infer<typeof queenSchema>, "max_requests" | "max_queue">;

/** What queen and hive keep of jobs that have ended; past any bound the oldest go. */
const journalSchema = z.strictObject({
  max_age_hours: z.number().positive().max(876_000).default(168)
    .describe("How long a job is kept after its end, in hours"),
  max_jobs: z.number().int().min(1).max(1_000_000).default(10_000)
    .describe("How many jobs that have ended are kept"),
  max_mib: z.number().positive().default(4096).describe(
    "Size of all events in each of three journals, in MiB: the queen's, the hive's, and that of its workers",
  ),
  max_job_mib: z.number().positive().default(2048).describe("Size of one job's events, in MiB"),
  keep_completions: z.boolean().default(true)
    .describe("Whether answers, with their calls of tools and vectors, are kept on disk"),
});
export type JournalSettings = z.infer<typeof journalSchema>;

/**
 * `rbee.yaml`. Every key may be missing; unknown keys are errors. What a key means stands in its
 * description, which `rbee config schema` prints.
 */
export const rbeeYamlSchema = z.strictObject({
  queen: queenSchema.prefault({}).describe("The control plane"),
  hive: z.strictObject({ ...listener(DEFAULT_HIVE_PORT), ...hiveLimitsSchema.shape }).check(
    bothOrNone,
  )
    .prefault({})
    .describe("The agent of this machine, which runs the workers"),
  models: hiveSettingsSchema.shape.models,
  engines: hiveSettingsSchema.shape.engines,
  journal: journalSchema.prefault({})
    .describe("What is kept of jobs that have ended; past any bound the oldest go"),
  limits: requestLimitsSchema.prefault({})
    .describe(
      "What requests may ask of queen and hive; this machine's own need no token and have none",
    ),
  hives: hiveAddressesSchema.prefault({})
    .describe("Other machines by name, kept by rbee hive add and rbee hive remove"),
}).superRefine(({ models, engines }, context) => {
  // Long before a worker of the model is wanted.
  for (const [name, { engine = OWN_ENGINE }] of Object.entries(models)) {
    if (engine === OWN_ENGINE || Object.hasOwn(engines, engine)) continue;
    const known = [OWN_ENGINE, ...Object.keys(engines)].join(", ");
    const message = `must be the name of an engine that is there (known are ${known})`;
    context.addIssue({ code: "custom", path: ["models", name, "engine"], message });
  }
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
 * @throws {RbeeError} `bad_config` If it cannot be read, or is no text in UTF-8.
 */
export async function readRbeeYamlText(path: string): Promise<string> {
  return await readYamlText(path) ?? "";
}

/**
 * What the text of an `rbee.yaml` says, with the defaults.
 *
 * @param path What the file is called in errors.
 * @throws {RbeeError} `bad_config` If it is not YAML or does not fit, naming file, line, column and key
 * of the first mistake.
 */
export function parseRbeeYaml(path: string, text: string): RbeeYaml {
  const { value, mistakes } = judgeYaml(text, rbeeYamlSchema);
  if (value !== undefined) return value;
  const [{ line, column, message }] = mistakes;
  const where = `${path}, line ${line}, column ${column}`;
  const next = mistakes.length > 1
    ? `rbee config check shows all ${mistakes.length} mistakes`
    : "mend it, then rbee config check";
  throw new RbeeError("bad_config", `${where}: ${message}; ${next}`, {
    details: { line, column, mistakes: mistakes.length },
  });
}
