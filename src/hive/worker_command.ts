import { selfCommand } from "../process/self_command.ts";
import type { WorkerSpec } from "./worker_spec.ts";

/** What the hive allows a worker. */
export interface WorkerLimits {
  /** How many requests may wait for a slot. */
  maxQueue: number;
  /** What it may take of the machine's memory, in bytes; undefined: what it finds free. */
  memoryBytes?: number | undefined;
  /** Whether it refuses to load what does not fit. */
  memoryCheck: boolean;
}

/**
 * The program and arguments that start a worker of this program.
 *
 * @param path Where the model's file is, unless its name says so.
 */
export function workerCommand(
  spec: WorkerSpec,
  limits: WorkerLimits,
  path?: string,
): { program: string; args: string[] } {
  const { program, args } = selfCommand();
  const { context, gpu_layers, parallel, kv_type, threads } = spec.options;
  const options: [string, string | number | undefined][] = [
    ["--model", spec.model],
    ["--model-file", path],
    ["--device", spec.device],
    ["--port", 0],
    ["--context", context],
    ["--gpu-layers", gpu_layers],
    ["--parallel", parallel],
    ["--kv-type", kv_type],
    ["--threads", threads],
    ["--max-queue", limits.maxQueue],
    ["--memory-limit", limits.memoryBytes],
  ];
  // NAME=VALUE, so that a value which begins with a dash stays a value.
  const given = options.filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  if (!limits.memoryCheck) given.push("--no-memory-check");
  return { program, args: [...args, "serve", "--role", "worker", "--parent-pipe", ...given] };
}
