import type { WorkerSpawnRequest } from "../contracts/operation.ts";
import { selfCommand } from "../process/self_command.ts";

/** The program and arguments that start a worker of this program for a request. */
export function workerCommand(request: WorkerSpawnRequest): { program: string; args: string[] } {
  const { program, args } = selfCommand();
  const options: [string, string | number | undefined][] = [
    ["--model", request.model],
    ["--device", request.device],
    ["--port", 0],
    ["--context", request.context],
    ["--gpu-layers", request.gpu_layers],
    ["--parallel", request.parallel],
    ["--kv-type", request.kv_type],
    ["--threads", request.threads],
  ];
  // NAME=VALUE, so that a value which begins with a dash stays a value.
  const given = options.filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  return { program, args: [...args, "serve", "--role", "worker", "--parent-pipe", ...given] };
}
