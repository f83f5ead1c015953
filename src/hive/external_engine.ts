import type { EngineSettings } from "../config/engine_settings.ts";
import type { ModelFile } from "../models/model_file.ts";
import { roleEnvironment } from "../process/self_command.ts";
import { withoutTraceKeys } from "../tracing/trace_environment.ts";
import type { Engine, EngineProgram } from "./engine.ts";
import { freePort } from "../process/free_port.ts";
import { provideLocalModel, type ProvideModel } from "./provide_model.ts";
import type { WorkerSpec } from "./worker_spec.ts";

const PROBE_MS = 5000;

/** Refuses what cannot fit into memory, before a process is started for it. */
export type CheckMemory = (
  spec: WorkerSpec,
  file: ModelFile,
  signal: AbortSignal,
) => Promise<void>;

/** A server program that answers OpenAI's API, as rbee.yaml describes it. */
export class ExternalEngine implements Engine {
  readonly #settings: EngineSettings;
  readonly #checkMemory: CheckMemory | undefined;
  readonly #provideModel: ProvideModel;

  constructor(
    settings: EngineSettings,
    options: { checkMemory?: CheckMemory | undefined; provideModel?: ProvideModel } = {},
  ) {
    this.#settings = settings;
    this.#checkMemory = options.checkMemory;
    this.#provideModel = options.provideModel ?? provideLocalModel;
  }

  async provide({ model }: WorkerSpec, signal: AbortSignal): Promise<void> {
    if (this.#usesModel) await this.#provideModel(model, signal);
  }

  async prepare(spec: WorkerSpec, signal: AbortSignal): Promise<EngineProgram> {
    const { command, env, narration, ready, stall, load } = this.#settings;
    let path = spec.model;
    let storedName: string | undefined;
    if (this.#usesModel) {
      const file = await this.#provideModel(spec.model, signal);
      ({ path, storedName } = file);
      await this.#checkMemory?.(spec, file, signal);
    }
    const port = freePort();
    const values: Record<string, string> = {
      "{model}": path,
      "{port}": String(port),
      "{device}": spec.device,
    };
    const [program = "", ...args] = command.map((argument) => values[argument] ?? argument);
    // It knows nothing of our narration, unless it says that it does.
    const { RBEE_NARRATION: spoken, ...own } = withoutTraceKeys(roleEnvironment());
    const url = `http://127.0.0.1:${port}`;
    return {
      program,
      args,
      env: {
        ...own,
        ...(narration && spoken !== undefined ? { RBEE_NARRATION: spoken } : {}),
        ...(command.includes("{device}") ? {} : visibleDevice(spec.device)),
        ...env,
      },
      narration,
      url,
      storedName,
      stallMs: stall,
      loadMs: load,
      saysReady: false,
      probe: async (base, probeSignal) => {
        const limit = AbortSignal.any([probeSignal, AbortSignal.timeout(PROBE_MS)]);
        const answer = await fetch(base + ready, { signal: limit });
        await answer.body?.cancel();
        return answer.ok;
      },
    };
  }

  /** One that is told no file finds the model itself, by its name. */
  get #usesModel(): boolean {
    return this.#settings.command.includes("{model}");
  }
}

/** What shows an engine one GPU alone, where its command does not name it. */
function visibleDevice(device: string): Record<string, string> {
  const [kind, index] = device.split(":");
  if (kind === "cpu") return { CUDA_VISIBLE_DEVICES: "" };
  if (index === undefined) return {};
  if (kind !== "cuda") return { GGML_VK_VISIBLE_DEVICES: index };
  // As nvidia-smi counts: CUDA itself would put the fastest card first.
  return { CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: index };
}
