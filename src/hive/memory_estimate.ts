import type { MemoryNeed } from "../contracts/probe.ts";
import type { WorkerOptions } from "../contracts/worker.ts";
import { RbeeError } from "../base/rbee_error.ts";
import { needInWords } from "../models/memory_fit.ts";
import { narrate } from "../narration/narrate.ts";
import type { ModelFile } from "../models/model_file.ts";
import { type ProbeOptions, runProbe } from "./run_probe.ts";

/** What is asked: a model that is there, and how it is to run. */
export interface MemoryRequest {
  file: ModelFile;
  /** See `deviceSchema`. */
  device: string;
  options: Pick<WorkerOptions, "context" | "parallel" | "gpu_layers" | "kv_type">;
}

const MAX_KEPT = 100;

/**
 * Asks llama.cpp what models need, for engines that do not tell. Keeps the last 100 answers that hold
 * for as long as the file does: by its path, size and time, and the options.
 */
export class MemoryEstimates {
  readonly #probe: Omit<ProbeOptions, "signal">;
  readonly #kept = new Map<string, MemoryNeed>();

  constructor(probe: Omit<ProbeOptions, "signal"> = {}) {
    this.#probe = probe;
  }

  /**
   * Tells what a model needs, and narrates it.
   *
   * @throws {RbeeError} `cannot_estimate` If llama.cpp cannot tell, which is no reason not to try;
   * `no_such_device`, or what else speaks against the probe.
   * @throws {unknown} If `signal` aborts: its reason.
   */
  async estimateMemory(request: MemoryRequest, signal?: AbortSignal): Promise<MemoryNeed> {
    const { file, device, options } = request;
    const args = probeArguments(request);
    const { mtime, size } = await Deno.stat(file.path);
    const key = JSON.stringify([args, size, mtime?.getTime()]);
    const need = this.#kept.get(key) ?? await this.#ask(args, signal);
    // As many layers as fit is an answer of the moment.
    if (need.backend === "cpu" || options.gpu_layers !== undefined) this.#keep(key, need);
    narrate("memory_estimate", `${file.name} needs ${needInWords(need)} on ${device}`, {
      fields: { ...need },
    });
    return need;
  }

  async #ask(args: readonly string[], signal: AbortSignal | undefined): Promise<MemoryNeed> {
    const answer = await runProbe(args, { ...this.#probe, signal });
    if (answer.probe !== "memory") {
      throw new RbeeError("probe_failed", "Cannot ask llama.cpp: it answered something else");
    }
    const { rbee: _rbee, probe: _probe, ...need } = answer;
    return need;
  }

  #keep(key: string, need: MemoryNeed): void {
    this.#kept.delete(key);
    this.#kept.set(key, need);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(oldest!);
  }
}

function probeArguments({ file, device, options }: MemoryRequest): string[] {
  const flags: [string, string | number | undefined][] = [
    ["--model", file.path],
    ["--device", device],
    ["--context", options.context],
    ["--parallel", options.parallel],
    ["--gpu-layers", options.gpu_layers],
    ["--kv-type", options.kv_type],
  ];
  const given = flags.filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  return ["--probe=memory", ...given];
}
