import { InsufficientMemoryError } from "node-llama-cpp";
import { DEFAULT_PARALLEL } from "../contracts/worker.ts";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import type { WorkerRoleOptions } from "../config/role_options.ts";
import { narrate } from "../narration/narrate.ts";
import { type OnDiagnostic, startLlama } from "./llama_backend.ts";
import { LlamaEngine } from "./llama_engine.ts";
import type { ModelFile } from "../models/model_file.ts";
import { checkMemory } from "./check_memory.ts";
import { contextSize } from "./estimate_memory.ts";
import { guardSampling } from "./guard_sampling.ts";
import { chooseThreads } from "./threads.ts";

const PROGRESS_STEP_PERCENT = 20;
const PROGRESS_EVERY_MS = 1000;

/**
 * Loads a model with llama.cpp and narrates how far it is, unless there is no room for it.
 *
 * @throws {RbeeError} `no_such_device`, `insufficient_memory`, or `model_load_failed` with llama.cpp's
 * own reason.
 */
export async function loadEngine(
  file: ModelFile,
  options: Pick<WorkerRoleOptions, "device" | "options" | "memoryCheck" | "memoryLimit">,
  onDiagnostic: OnDiagnostic,
): Promise<LlamaEngine> {
  const diagnostics: string[] = [];
  const llama = await startLlama(options.device, (line, level) => {
    diagnostics.push(line);
    if (diagnostics.length > 20) diagnostics.shift();
    onDiagnostic(line, level);
  });
  const { threads, why } = chooseThreads({
    modelBytes: file.bytes,
    cores: llama.cpuMathCores,
    load: Deno.loadavg()[0] ?? 0,
    override: options.options.threads,
  });
  const device = llama.gpu === false ? "cpu" : llama.gpu;
  narrate("threads", `Computing on ${device} with ${plural(threads, "thread")}: ${why}`, {
    fields: { device, threads },
  });
  try {
    const need = options.memoryCheck ? await checkMemory(llama, { file, options }) : undefined;
    // What was checked here is not checked again by the package, which knows of no container.
    const checked = need !== undefined || !options.memoryCheck;
    const gpuLayers = need?.gpu_layers ?? options.options.gpu_layers;
    const model = await llama.loadModel({
      modelPath: file.path,
      ...(gpuLayers === undefined ? {} : { gpuLayers }),
      ignoreMemorySafetyChecks: checked,
      onLoadProgress: progressNarrator(file.name),
    });
    const kvType = options.options.kv_type?.toUpperCase() as "F16" | "Q8_0" | "Q4_0" | undefined;
    const context = await model.createContext({
      contextSize: contextSize(options.options, model.trainContextSize),
      sequences: options.options.parallel ?? DEFAULT_PARALLEL,
      threads,
      // At once: the model then computes while what it has said is sent.
      batching: { dispatchSchedule: (dispatch) => queueMicrotask(dispatch) },
      ignoreMemorySafetyChecks: checked,
      ...(kvType === undefined
        ? {}
        : { experimentalKvCacheKeyType: kvType, experimentalKvCacheValueType: kvType }),
    });
    guardSampling(context);
    narrate(
      "context",
      `${plural(context.totalSequences, "slot")} of ${context.contextSize} tokens each`,
      { fields: { slots: context.totalSequences, context: context.contextSize } },
    );
    return new LlamaEngine(model, context);
  } catch (error) {
    await llama.dispose();
    if (error instanceof RbeeError) throw error;
    throw new RbeeError(
      error instanceof InsufficientMemoryError ? "insufficient_memory" : "model_load_failed",
      `Cannot load "${file.path}": ${whyNotLoaded(error, diagnostics)}`,
      { cause: error },
    );
  }
}

function whyNotLoaded(error: unknown, diagnostics: readonly string[]): string {
  // The package stumbles over a header that makes no sense, in words about its own code.
  if (error instanceof TypeError || error instanceof RangeError) {
    return "its header is damaged; download the model again";
  }
  // llama.cpp names the reason first, and then says again and again that it failed.
  const reason = diagnostics.find((line) => /error/i.test(line)) ?? diagnostics.at(-1) ?? "";
  return `${messageOf(error)} ${reason}`.trim().split("\n", 1)[0]!;
}

function progressNarrator(name: string): (part: number) => void {
  let lastPercent = -PROGRESS_STEP_PERCENT;
  let lastMs = 0;
  return (part) => {
    const percent = Math.floor(part * 100);
    const nowMs = performance.now();
    const due = percent >= lastPercent + PROGRESS_STEP_PERCENT ||
      percent > lastPercent && (percent === 100 || nowMs - lastMs >= PROGRESS_EVERY_MS);
    if (!due) return;
    lastPercent = percent;
    lastMs = nowMs;
    narrate("model_load", `Loading ${name}: ${percent} %`, {
      progress: { current: percent, total: 100, unit: "percent" },
    });
  };
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
