import { healthSchema } from "../contracts/health.ts";
import { requestJson } from "../http/api_client.ts";
import { roleEnvironment } from "../process/self_command.ts";
import { traceEnvironment } from "../tracing/trace_environment.ts";
import type { Engine, EngineProgram } from "./engine.ts";
import { checkModelName } from "./model_name.ts";
import { type ProvidedModel, provideLocalModel, type ProvideModel } from "./provide_model.ts";
import { workerCommand, type WorkerLimits } from "./worker_command.ts";
import type { WorkerSpec } from "./worker_spec.ts";

const PROBE_MS = 5000;
const LOAD_MS = 3_600_000;

/** The engine inside rbee: llama.cpp in a worker process of this very program. */
export class OwnEngine implements Engine {
  readonly #limits: (spec: WorkerSpec) => WorkerLimits;
  readonly #stallMs: number;
  readonly #provideModel: ProvideModel;

  /** @param options.stallMs The limit without progress while it loads. Default 10 minutes. */
  constructor(
    limits: (spec: WorkerSpec) => WorkerLimits,
    options: { stallMs?: number | undefined; provideModel?: ProvideModel } = {},
  ) {
    this.#limits = limits;
    this.#stallMs = options.stallMs ?? 600_000;
    this.#provideModel = options.provideModel ?? provideLocalModel;
  }

  async provide({ model }: WorkerSpec, signal: AbortSignal): Promise<void> {
    await this.#fetched(model, signal);
  }

  async prepare(spec: WorkerSpec, signal: AbortSignal): Promise<EngineProgram> {
    const fetched = await this.#fetched(spec.model, signal);
    return {
      ...workerCommand(spec, this.#limits(spec), fetched?.path),
      storedName: fetched?.storedName,
      env: roleEnvironment(traceEnvironment("worker", { joins: true })),
      narration: true,
      url: undefined,
      stallMs: this.#stallMs,
      loadMs: LOAD_MS,
      saysReady: true,
      probe: async (url, signal) => {
        const health = await requestJson(`${url}/health`, {
          schema: healthSchema,
          signal,
          timeoutMs: PROBE_MS,
        });
        return health.role === "worker" && health.status === "ok";
      },
    };
  }

  /** Undefined where the model's name is its path, which the worker looks at itself. */
  async #fetched(model: string, signal: AbortSignal): Promise<ProvidedModel | undefined> {
    if (/^(hf:|https?:)/.test(model)) return await this.#provideModel(model, signal);
    await checkModelName(model);
    return undefined;
  }
}
