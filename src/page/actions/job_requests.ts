import type { ModelDownloadRequest } from "../../contracts/model.ts";
import type { WorkerSpawnRequest } from "../../contracts/operation.ts";
import { commandLine } from "../command_line.ts";

/** What a person typed, by the names of the fields; what was left empty is `""`. */
export type Typed = Readonly<Record<string, string>>;

/** Fields of `worker_spawn` that hold a number, with what they are called and the flag of the command line. */
export const SPAWN_NUMBERS = [
  { field: "context", label: "Context, in tokens a request", flag: "context", min: 8 },
  { field: "parallel", label: "Requests at once", flag: "parallel", min: 1 },
  { field: "gpu_layers", label: "Layers on the GPU", flag: "gpu-layers", min: 0 },
  { field: "threads", label: "Threads", flag: "threads", min: 1 },
] as const;

/** What the key-value cache can be kept as. */
export const KV_TYPES = ["f16", "q8_0", "q4_0"] as const;

/** The `worker_spawn` of what was typed. What was left empty is the queen's to choose, and is not sent. */
export function spawnRequest(typed: Typed): WorkerSpawnRequest {
  const texts = ["hive", "device", "engine", "kv_type"];
  const numbers = SPAWN_NUMBERS.map(({ field }) => field);
  return {
    operation: "worker_spawn",
    model: given(typed, "model") ?? "",
    ...Object.fromEntries(given(typed, texts)),
    ...Object.fromEntries(given(typed, numbers).map(([name, value]) => [name, Number(value)])),
  };
}

/** The command that does what a `worker_spawn` does. */
export function spawnCommand(request: WorkerSpawnRequest): string {
  const { model, hive, device, engine, kv_type } = request;
  const numbers = SPAWN_NUMBERS.map(({ field, flag }) => [flag, request[field]]);
  return commandLine({
    does: ["worker", "spawn"],
    target: model || "MODEL",
    flags: { hive, device, engine, ...Object.fromEntries(numbers), "kv-type": kv_type },
  });
}

/** The `model_download` of what was typed. */
export function downloadRequest(typed: Typed): ModelDownloadRequest {
  return {
    operation: "model_download",
    model: given(typed, "model") ?? "",
    ...Object.fromEntries(given(typed, ["hive"])),
  };
}

/** The command that does what a `model_download` does. */
export function downloadCommand({ model, hive }: ModelDownloadRequest): string {
  return commandLine({ does: ["model", "download"], target: model || "MODEL", flags: { hive } });
}

/** The command that stops a worker. */
export function stopCommand(workerId: string): string {
  return commandLine({ does: ["worker", "stop"], target: workerId });
}

/** The command that cancels a job. */
export function cancelCommand(jobId: string): string {
  return commandLine({ does: ["job", "cancel"], target: jobId });
}

function given(typed: Typed, name: string): string | undefined;
function given(typed: Typed, names: readonly string[]): [string, string][];
function given(typed: Typed, wanted: string | readonly string[]) {
  if (typeof wanted === "string") return typed[wanted]?.trim() || undefined;
  return wanted.flatMap((name): [string, string][] => {
    const value = given(typed, name);
    return value === undefined ? [] : [[name, value]];
  });
}
