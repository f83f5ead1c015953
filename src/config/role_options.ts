import { z } from "zod";
import { isLoopbackHost } from "../base/loopback.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { deviceSchema } from "../contracts/device.ts";
import type { HiveAddresses } from "../contracts/hive_address.ts";
import type { NarrationLevel } from "../contracts/narration_record.ts";
import { type WorkerOptions, workerOptionsSchema } from "../contracts/worker.ts";
import { daemonFiles, type Paths, resolvePaths } from "./paths.ts";
import { readTokenFile } from "./token_file.ts";
import { DEFAULT_MAX_QUEUE, type HiveSettings } from "./hive_settings.ts";
import {
  type JournalSettings,
  type ListenerSettings,
  type QueenLimits,
  type RbeeYaml,
  rbeeYamlPath,
  readRbeeYaml,
} from "./rbee_yaml.ts";
import { besideYaml, tlsFiles } from "./tls_keys.ts";

/** The flags of `rbee serve`, as the command line gives them. */
export interface RoleFlags {
  role: "queen" | "hive" | "worker";
  host?: string;
  port?: number;
  tlsCert?: string;
  tlsKey?: string;
  ca?: string;
  model?: string;
  modelFile?: string;
  device: string;
  context?: number;
  parallel?: number;
  threads?: number;
  gpuLayers?: number;
  kvType?: string;
  parentPipe?: boolean;
  logFile?: string;
  /** How the operator's log is written. Default `text`. */
  logFormat?: "text" | "json";
  /** The least level of the operator's log. Default `info`. */
  logLevel?: NarrationLevel;
  maxQueue?: number;
  memoryCheck?: boolean;
  memoryLimit?: number;
  probe?: string;
}

/** What queen or hive is started with. */
export interface DaemonOptions {
  host: string;
  port: number;
  paths: Paths;
  journal: JournalSettings;
  /** All that rbee.yaml says, with the defaults. */
  yaml: RbeeYaml;
  /** Reads rbee.yaml again. Rejects with `bad_config` if it does not fit. */
  reread(): Promise<RbeeYaml>;
  /** What its queen and the commands of its home show to a hive. Undefined: there is none yet. */
  token?: string | undefined;
  /** Whether who shows no token is refused also where only this machine can reach it. */
  requireToken: boolean;
  /** Names beside the loopback ones under which it may be addressed. */
  names: readonly string[];
  /** The files of its certificate and key, absolute. Undefined: it speaks plain HTTP. */
  tls?: { cert: string; key: string } | undefined;
  /** How many connections may be open at once where others can reach it. */
  maxConnections?: number | undefined;
}

/** What llama.cpp is asked for a hive, which does not load it itself. */
const probeSchema = z.enum(["devices", "memory"]);

/** What the queen is started with. */
export interface QueenOptions extends DaemonOptions {
  limits: QueenLimits;
  /** The file of authorities that she trusts beside the system's. */
  ca?: string | undefined;
  /** The hives of other machines, by name. */
  hives: HiveAddresses;
  /** The models that rbee.yaml names. */
  models: readonly string[];
}

/** What a hive is started with. */
export interface HiveOptions extends DaemonOptions {
  settings: HiveSettings;
}

/** What a worker is started with. */
export interface WorkerRoleOptions {
  /** `bee-tiny`, or the path of a GGUF file. Empty where a probe needs none. */
  model: string;
  /** Where its file is, unless the name says so. */
  modelFile?: string | undefined;
  /** See `deviceSchema`. */
  device: string;
  host: string;
  port: number;
  /** End when standard input closes. */
  parentPipe: boolean;
  /** How many requests may wait for a slot. */
  maxQueue: number;
  /** Refuse to load what does not fit into memory. */
  memoryCheck: boolean;
  /** What of the machine's memory it may take, in bytes. Undefined: what it finds free. */
  memoryLimit?: number | undefined;
  /** Answer this on standard output and end, in place of being a worker. */
  probe?: z.infer<typeof probeSchema> | undefined;
  options: WorkerOptions;
}

/** What a role is started with, complete and checked. */
export type RoleOptions =
  | { role: "queen" } & QueenOptions
  | { role: "hive" } & HiveOptions
  | { role: "worker" } & WorkerRoleOptions;

/**
 * Puts the options of a role together: flags first, then rbee.yaml, then the defaults.
 *
 * @throws {RbeeError} `usage` If a flag does not fit, `bad_config` if rbee.yaml does not.
 */
export async function readRoleOptions(flags: RoleFlags): Promise<RoleOptions> {
  const { role } = flags;
  if (flags.port !== undefined) check("--port", z.number().int().min(0).max(65_535), flags.port);
  if (role !== "worker") {
    const paths = resolvePaths();
    const reread = () => readRbeeYaml(paths.config);
    const yaml = await reread();
    const { queen, hive, models, journal, hives } = yaml;
    const listener = (file: ListenerSettings) => ({
      paths,
      journal,
      yaml,
      reread,
      host: flags.host ?? file.host,
      port: flags.port ?? file.port,
      requireToken: file.require_token,
      names: file.names,
      tls: tlsFiles(flags, file, rbeeYamlPath(paths.config)),
      maxConnections: file.max_connections,
    });
    if (role === "queen") {
      const ca = flags.ca ?? (queen.ca && besideYaml(queen.ca, rbeeYamlPath(paths.config)));
      return { role, ...listener(queen), ca, limits: queen, hives, models: Object.keys(models) };
    }
    const token = await readTokenFile(daemonFiles(paths, "hive").token);
    return { role, ...listener(hive), token, settings: hiveSettingsOf(yaml) };
  }
  const probe = check("--probe", probeSchema.optional(), flags.probe);
  if (flags.model === undefined && probe !== "devices") {
    throw new RbeeError(
      "usage",
      "A worker needs --model; give bee-tiny or the path of a GGUF file",
    );
  }
  const { shape } = workerOptionsSchema;
  const { host = "127.0.0.1" } = flags;
  if (!isLoopbackHost(host)) {
    throw new RbeeError(
      "usage",
      `--host ${host} would let others reach a worker, which asks nobody for a token; leave it out, and have them ask a queen`,
    );
  }
  return {
    role,
    host,
    port: flags.port ?? 0,
    model: flags.model ?? "",
    modelFile: flags.modelFile,
    device: check("--device", deviceSchema, flags.device),
    parentPipe: flags.parentPipe ?? false,
    maxQueue: check("--max-queue", z.number().int().min(0), flags.maxQueue ?? DEFAULT_MAX_QUEUE),
    memoryCheck: flags.memoryCheck ?? true,
    memoryLimit: check("--memory-limit", z.number().int().min(0).optional(), flags.memoryLimit),
    probe,
    options: {
      context: check("--context", shape.context, flags.context),
      gpu_layers: check("--gpu-layers", shape.gpu_layers, flags.gpuLayers),
      parallel: check("--parallel", shape.parallel, flags.parallel),
      kv_type: check("--kv-type", shape.kv_type, flags.kvType),
      threads: check("--threads", shape.threads, flags.threads),
    },
  };
}

/** What a hive takes of rbee.yaml beside where it listens. */
export function hiveSettingsOf({ hive, models, engines }: RbeeYaml): HiveSettings {
  return { limits: hive, models, engines };
}

function check<S extends z.ZodType>(flag: string, schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RbeeError("usage", `${flag} does not fit: ${parsed.error.issues[0]!.message}`);
}
