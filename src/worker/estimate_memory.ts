import { GgmlType, GgufInsights, type Llama, readGgufFileInfo } from "node-llama-cpp";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import type { MemoryNeed } from "../contracts/probe.ts";
import { DEFAULT_PARALLEL, type WorkerOptions } from "../contracts/worker.ts";
import type { ModelFile } from "../models/model_file.ts";
import { mostThatFit } from "./most_that_fit.ts";

/** How a model is to run. */
export type EstimateOptions = Pick<
  WorkerOptions,
  "context" | "parallel" | "gpu_layers" | "kv_type"
>;

const DEFAULT_CONTEXT = 4096;
const CONTEXT_STEP = 256;
// llama.cpp keeps 48 bytes a token, also of a context that is only tried; what is above is reckoned.
const MAX_TRIED_TOKENS = 1_048_576;

/** How many tokens a slot holds: as asked for, or what the model has learned, 4096 at most. */
export function contextSize(options: EstimateOptions, trained: number | undefined): number {
  return options.context ?? Math.min(DEFAULT_CONTEXT, trained ?? DEFAULT_CONTEXT);
}

/** The memory that may be taken of the GPUs now, in bytes: less what llama.cpp needs as a margin. */
export async function freeVram(llama: Llama): Promise<number> {
  const { free } = await llama.getVramState();
  return Math.max(0, free - llama.vramPaddingSize);
}

/**
 * Tells what a model needs, by letting llama.cpp go through the motions of loading it without
 * allocating. Takes milliseconds, and some hundred for a large vocabulary.
 *
 * Without `gpu_layers`, as many layers are on the GPU as fit there with their part of the context.
 * What a process needs before it has a model, about 100 MB, is not counted.
 *
 * @throws {RbeeError} `cannot_estimate` If the file's header cannot be read, or llama.cpp could not
 * load it. Loading it gives the reason in better words.
 */
export async function estimateMemory(
  llama: Llama,
  request: { file: ModelFile; options: EstimateOptions },
): Promise<MemoryNeed> {
  const { logger } = llama;
  const said: string[] = [];
  // What it says here, it says again when it loads.
  llama.logger = (_level, message) => void said.push(message);
  try {
    const need = await estimate(llama, request);
    // The package falls back to a guess of its own, which was seen to be 16 times too much.
    const failed = said.find((message) => /^Failed simulating/.test(message));
    if (failed === undefined) return need;
    throw new Error(said.find((message) => /\berror\b/i.test(message)) ?? failed);
  } catch (error) {
    throw new RbeeError(
      "cannot_estimate",
      `Cannot tell what memory "${request.file.path}" needs: ${messageOf(error).split("\n", 1)[0]}`,
      { cause: error },
    );
  } finally {
    llama.logger = logger;
  }
}

async function estimate(
  llama: Llama,
  { file, options }: { file: ModelFile; options: EstimateOptions },
): Promise<MemoryNeed> {
  const info = await readGgufFileInfo(file.path, { sourceType: "filesystem", logWarnings: false });
  const insights = await GgufInsights.from(info, llama);
  const context = contextSize(options, insights.trainContextSize);
  const layers = insights.totalLayers;
  const at = async (gpuLayers: number): Promise<MemoryNeed> => {
    const model = await insights.estimateModelResourceRequirementsV2({ gpuLayers });
    const kept = await contextMemory(insights, { options, context, gpuLayers });
    return {
      backend: llama.gpu === false ? "cpu" : llama.gpu,
      model_bytes: Math.ceil(model.cpuRam + model.gpuVram),
      context_bytes: Math.ceil(kept.ram + kept.vram),
      // Rounded so that never more is promised than going back frees.
      context_token_bytes: Math.floor(kept.token),
      vram_bytes: Math.ceil(model.gpuVram + kept.vram),
      ram_bytes: Math.ceil(model.cpuRam + kept.ram),
      layers,
      gpu_layers: gpuLayers,
      context,
    };
  };
  if (llama.gpu === false || !llama.supportsGpuOffloading) return await at(0);
  if (options.gpu_layers !== undefined) return await at(Math.min(options.gpu_layers, layers));
  const free = await freeVram(llama);
  return await at(
    await mostThatFit(layers, async (count) => (await at(count)).vram_bytes <= free),
  );
}

/** What the context takes, in bytes, where, and for each further token. */
async function contextMemory(
  insights: GgufInsights,
  at: { options: EstimateOptions; context: number; gpuLayers: number },
): Promise<{ ram: number; vram: number; token: number }> {
  const { parallel: sequences = DEFAULT_PARALLEL, kv_type } = at.options;
  const type = GgmlType[(kv_type ?? "f16").toUpperCase() as "F16" | "Q8_0" | "Q4_0"];
  const tried = (size: number) =>
    insights.estimateContextResourceRequirementsV2({
      contextSize: size,
      sequences,
      modelGpuLayers: at.gpuLayers,
      kvCacheKeyType: type,
      kvCacheValueType: type,
    });
  const size = wholeSteps(at.context, Math.ceil);
  const most = Math.max(2 * CONTEXT_STEP, wholeSteps(MAX_TRIED_TOKENS / sequences, Math.floor));
  const end = await tried(Math.min(size, most));
  if (size <= CONTEXT_STEP) return { ram: end.cpuRam, vram: end.gpuVram, token: 0 };
  // It grows in a straight line, from where a sliding window is full.
  const before = await tried(Math.min(size, most) - CONTEXT_STEP);
  const ramToken = (end.cpuRam - before.cpuRam) / CONTEXT_STEP;
  const vramToken = (end.gpuVram - before.gpuVram) / CONTEXT_STEP;
  const beyond = Math.max(0, size - most);
  return {
    ram: end.cpuRam + beyond * ramToken,
    vram: end.gpuVram + beyond * vramToken,
    token: Math.max(0, ramToken + vramToken),
  };
}

function wholeSteps(tokens: number, round: (steps: number) => number): number {
  return round(tokens / CONTEXT_STEP) * CONTEXT_STEP;
}
