import { RbeeError, toRbeeError } from "../base/rbee_error.ts";
import type { MemoryNeed } from "../contracts/probe.ts";
import { memoryShortage } from "../models/memory_fit.ts";
import type { ModelFile } from "../models/model_file.ts";
import { narrate } from "../narration/narrate.ts";
import { readSystemMemory } from "../process/system_memory.ts";
import type { DeviceSurvey } from "./device_survey.ts";
import { mayHaveGpu } from "./gpu_hint.ts";
import { MemoryEstimates } from "./memory_estimate.ts";
import type { WorkerSpec } from "./worker_spec.ts";

/**
 * Refuses what cannot fit, for engines that are other programs: our own worker looks for itself, where
 * llama.cpp is loaded anyway.
 */
export class MemoryCheck {
  readonly #survey: Pick<DeviceSurvey, "list">;
  readonly #estimates: Pick<MemoryEstimates, "estimateMemory">;

  constructor(
    survey: Pick<DeviceSurvey, "list">,
    estimates: Pick<MemoryEstimates, "estimateMemory"> = new MemoryEstimates(),
  ) {
    this.#survey = survey;
    this.#estimates = estimates;
  }

  /**
   * Resolves when the model fits into what is free, or when that cannot be told.
   *
   * @param options.reservedBytes What others are about to take of the machine's memory.
   * @throws {RbeeError} `insufficient_memory` If it does not fit, with numbers; `on_gpu` in its details
   * says whether they are of the GPU's memory.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  async check(
    spec: WorkerSpec,
    file: ModelFile,
    options: { reservedBytes: number; signal: AbortSignal },
  ): Promise<void> {
    const { signal, reservedBytes } = options;
    let need: MemoryNeed;
    try {
      const { device, options } = spec;
      need = await this.#estimates.estimateMemory({ file, device, options }, signal);
    } catch (error) {
      signal.throwIfAborted();
      // What the engine itself makes of it decides.
      const { message } = toRbeeError(error);
      narrate("memory_estimate", `Cannot tell what ${file.name} needs: ${message}`, {
        level: "debug",
      });
      return;
    }
    // An engine may have a build for a GPU where our own llama.cpp has none.
    if (need.backend === "cpu" && spec.device !== "cpu" && mayHaveGpu()) return;
    const { freeBytes, totalBytes } = readSystemMemory();
    const certain = { ...certainOf(need, spec), name: file.name };
    const vramFree = need.vram_bytes === 0 ? 0 : await this.#freeVram(spec.device);
    const shortage = memoryShortage(certain, {
      ramFree: Math.max(0, freeBytes - reservedBytes),
      ramTotal: totalBytes,
      vramFree,
      unified: need.backend === "metal",
    });
    if (shortage === undefined) return;
    const { message, details } = shortage;
    throw new RbeeError("insufficient_memory", message, {
      details: { ...details, on_gpu: certain.vram_bytes > vramFree },
    });
  }

  async #freeVram(device: string): Promise<number> {
    const gpus = (await this.#survey.list()).filter(({ kind }) => kind !== "cpu");
    const asked = gpus.filter((gpu) => gpu.device === device);
    // Where it is not known how much is free, nothing is refused for it.
    return (asked.length > 0 ? asked : gpus)
      .reduce((sum, { free_bytes }) => sum + (free_bytes ?? Infinity), 0);
  }
}

/** Without a context that was asked for, the engine has one of its own, which its command tells. */
function certainOf(need: MemoryNeed, { options }: WorkerSpec): MemoryNeed {
  if (options.context !== undefined) return need;
  const ram_bytes = Math.min(need.ram_bytes, need.model_bytes);
  const vram_bytes = Math.min(need.vram_bytes, need.model_bytes);
  return { ...need, context_bytes: 0, ram_bytes, vram_bytes };
}
