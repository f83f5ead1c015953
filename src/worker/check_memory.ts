import type { Llama } from "node-llama-cpp";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import type { WorkerRoleOptions } from "../config/role_options.ts";
import type { MemoryNeed } from "../contracts/probe.ts";
import { inWords, memoryShortage, needInWords, ramNeeded } from "../models/memory_fit.ts";
import type { ModelFile } from "../models/model_file.ts";
import { narrate } from "../narration/narrate.ts";
import { readSystemMemory } from "../process/system_memory.ts";
import { estimateMemory, freeVram } from "./estimate_memory.ts";

/**
 * Tells what a model needs before anything is allocated for it, narrates it, and refuses what does not
 * fit. Undefined where it cannot be told, which loading will give the reason of.
 *
 * @throws {RbeeError} `insufficient_memory` If it does not fit into what the hive grants
 * (`memoryLimit`) or what is free, whichever is less.
 */
export async function checkMemory(
  llama: Llama,
  request: { file: ModelFile; options: Pick<WorkerRoleOptions, "options" | "memoryLimit"> },
): Promise<MemoryNeed | undefined> {
  const { file, options } = request;
  let need: MemoryNeed;
  try {
    need = await estimateMemory(llama, { file, options: options.options });
  } catch (error) {
    narrate("memory", messageOf(error), { level: "debug" });
    return undefined;
  }
  const { freeBytes, totalBytes } = readSystemMemory();
  const unified = llama.gpu === "metal";
  const room = {
    ramFree: Math.min(freeBytes, options.memoryLimit ?? Infinity),
    ramTotal: totalBytes,
    vramFree: llama.gpu === false ? 0 : await freeVram(llama),
    unified,
  };
  const where = need.vram_bytes > 0 ? `, ${inWords(need.vram_bytes)} of it on the GPU` : "";
  narrate("memory", `Needs ${needInWords(need)}${where}; ${inWords(room.ramFree)} are free`, {
    fields: {
      needed_bytes: ramNeeded(need, room),
      free_bytes: room.ramFree,
      vram_bytes: need.vram_bytes,
      vram_free_bytes: room.vramFree,
      model_bytes: need.model_bytes,
      context_bytes: need.context_bytes,
      gpu_layers: need.gpu_layers,
    },
  });
  const shortage = memoryShortage({ ...need, name: file.name }, room);
  if (shortage === undefined) return need;
  const { message, details } = shortage;
  throw new RbeeError("insufficient_memory", message, { details });
}
