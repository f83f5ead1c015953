import { DEFAULT_PARALLEL } from "../contracts/worker.ts";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import type { WorkerRoleOptions } from "../config/role_options.ts";
import { narrate } from "../narration/narrate.ts";
import { startLlama } from "./llama_backend.ts";
import { LlamaEngine } from "./llama_engine.ts";
import type { ModelFile } from "../models/model_file.ts";
import { chooseThreads } from "./threads.ts";

const DEFAULT_CONTEXT = 4096;
const PROGRESS_STEP_PERCENT = 20;
const PROGRESS_EVERY_MS = 1000;

/**
 * Loads a model with llama.cpp and narrates how far it is.
 *
 * @throws {RbeeError} `no_such_device`, or `model_load_failed` with llama.cpp's own reason.
 */
export async function loadEngine(
  file: ModelFile,
  options: Pick<WorkerRoleOptions, "device" | "options">,
  onDiagnostic: (line: string) => void,
): Promise<LlamaEngine> {
  const diagnostics: string[] = [];
  const llama = await startLlama(options.device, (line) => {
    diagnostics.push(line);
    if (diagnostics.length > 20) diagnostics.shift();
    onDiagnostic(line);
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
    const model = await llama.loadModel({
      modelPath: file.path,
      ...(options.options.gpu_layers === undefined
        ? {}
        : { gpuLayers: options.options.gpu_layers }),
      onLoadProgress: progressNarrator(file.name),
    });
    const kvType = options.options.kv_type?.toUpperCase() as "F16" | "Q8_0" | "Q4_0" | undefined;
    const context = await model.createContext({
      contextSize: options.options.context ??
        Math.min(DEFAULT_CONTEXT, model.trainContextSize ?? DEFAULT_CONTEXT),
      sequences: options.options.parallel ?? DEFAULT_PARALLEL,
      threads,
      ...(kvType === undefined
        ? {}
        : { experimentalKvCacheKeyType: kvType, experimentalKvCacheValueType: kvType }),
    });
    narrate(
      "context",
      `${plural(context.totalSequences, "slot")} of ${context.contextSize} tokens each`,
      { fields: { slots: context.totalSequences, context: context.contextSize } },
    );
    return new LlamaEngine(model, context);
  } catch (error) {
    await llama.dispose();
    throw new RbeeError(
      "model_load_failed",
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
