import { toRbeeError } from "../base/rbee_error.ts";
import type { WorkerRoleOptions } from "../config/role_options.ts";
import type { ProbeAnswer } from "../contracts/probe.ts";
import type { RoleProcess } from "../jobs/role_process.ts";
import { findModelFile } from "../models/model_file.ts";
import { narrate } from "../narration/narrate.ts";
import { estimateMemory } from "./estimate_memory.ts";
import { startLlama } from "./llama_backend.ts";

/**
 * Answers what a hive asks of llama.cpp, in place of being a worker: prints one line of JSON on
 * standard output, or narrates an error. Returns the exit code.
 */
export async function answerProbe(
  options: WorkerRoleOptions,
  process: RoleProcess,
): Promise<number> {
  let answer: ProbeAnswer;
  try {
    answer = options.probe === "devices"
      ? await seenDevices(options, process)
      : await neededMemory(options, process);
  } catch (error) {
    const { code, message } = toRbeeError(error);
    narrate("probe", message, { level: "error", fields: { code } });
    return 1;
  }
  await process.flushOutput();
  const line = new TextEncoder().encode(JSON.stringify(answer) + "\n");
  const writer = Deno.stdout.writable.getWriter();
  await writer.write(line);
  writer.releaseLock();
  return 0;
}

async function seenDevices(
  options: WorkerRoleOptions,
  process: RoleProcess,
): Promise<ProbeAnswer> {
  const llama = await startLlama(options.device, process.diagnostic);
  try {
    const names = llama.gpu === false ? [] : await llama.getGpuDeviceNames();
    const { total, free } = await llama.getVramState();
    // It is the sum of all: of several it is not known which has what. Nothing means: not told.
    const known = names.length === 1 && total > 0;
    return {
      rbee: "probe",
      probe: "devices",
      backend: llama.gpu === false ? "cpu" : llama.gpu,
      devices: names.map((name) => ({
        name,
        total_bytes: known ? total : null,
        free_bytes: known ? free : null,
      })),
    };
  } finally {
    await llama.dispose();
  }
}

async function neededMemory(
  options: WorkerRoleOptions,
  process: RoleProcess,
): Promise<ProbeAnswer> {
  const file = await findModelFile(options.model);
  const llama = await startLlama(options.device, process.diagnostic);
  try {
    const need = await estimateMemory(llama, { file, options: options.options });
    return { rbee: "probe", probe: "memory", ...need };
  } finally {
    await llama.dispose();
  }
}
