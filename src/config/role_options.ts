import { z } from "zod";
import { RbeeError } from "../base/rbee_error.ts";
import { deviceSchema } from "../contracts/device.ts";
import { type WorkerOptions, workerOptionsSchema } from "../contracts/worker.ts";
import { type Paths, resolvePaths } from "./paths.ts";
import { type JournalSettings, readRbeeYaml } from "./rbee_yaml.ts";

/** The flags of `rbee serve`, as the command line gives them. */
export interface RoleFlags {
  role: "queen" | "hive" | "worker";
  host?: string;
  port?: number;
  model?: string;
  device: string;
  context?: number;
  parallel?: number;
  threads?: number;
  gpuLayers?: number;
  kvType?: string;
  parentPipe?: boolean;
}

/** What queen or hive is started with. */
export interface DaemonOptions {
  host: string;
  port: number;
  paths: Paths;
  journal: JournalSettings;
}

/** What a worker is started with. */
export interface WorkerRoleOptions {
  /** `bee-tiny`, or the path of a GGUF file. */
  model: string;
  /** See `deviceSchema`. */
  device: string;
  host: string;
  port: number;
  /** End when standard input closes. */
  parentPipe: boolean;
  options: WorkerOptions;
}

/** What a role is started with, complete and checked. */
export type RoleOptions =
  | { role: "queen" | "hive" } & DaemonOptions
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
    const { [role]: file, journal } = await readRbeeYaml(paths.config);
    return { role, paths, journal, host: flags.host ?? file.host, port: flags.port ?? file.port };
  }
  if (flags.model === undefined) {
    throw new RbeeError(
      "usage",
      "A worker needs --model; give bee-tiny or the path of a GGUF file",
    );
  }
  const { shape } = workerOptionsSchema;
  return {
    role,
    host: flags.host ?? "127.0.0.1",
    port: flags.port ?? 0,
    model: flags.model,
    device: check("--device", deviceSchema, flags.device),
    parentPipe: flags.parentPipe ?? false,
    options: {
      context: check("--context", shape.context, flags.context),
      gpu_layers: check("--gpu-layers", shape.gpu_layers, flags.gpuLayers),
      parallel: check("--parallel", shape.parallel, flags.parallel),
      kv_type: check("--kv-type", shape.kv_type, flags.kvType),
      threads: check("--threads", shape.threads, flags.threads),
    },
  };
}

function check<S extends z.ZodType>(flag: string, schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RbeeError("usage", `${flag} does not fit: ${parsed.error.issues[0]!.message}`);
}
