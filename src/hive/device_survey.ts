import { toRbeeError } from "../base/rbee_error.ts";
import type { DeviceInfo } from "../contracts/device.ts";
import type { ProbedDevices } from "../contracts/probe.ts";
import { narrate } from "../narration/narrate.ts";
import type { SelfCommand } from "../process/self_command.ts";
import { readSystemMemory } from "../process/system_memory.ts";
import { type Cpu, cpuDevice, readCpu } from "./cpu_device.ts";
import { gpuDevices } from "./gpu_devices.ts";
import { NvidiaSmi, type NvidiaSmiOptions } from "./nvidia_smi.ts";
import { runProbe } from "./run_probe.ts";

/** What is looked at, for tests. */
export interface DeviceSurveyOptions {
  /** The folder in which `proc` and the control groups are. Default: none. */
  root?: string | undefined;
  nvidiaSmi?: NvidiaSmiOptions | undefined;
  /** What is started to ask llama.cpp, before the arguments of `rbee`. Default: this program. */
  probeCommand?: SelfCommand | undefined;
  /** Past this, in milliseconds, llama.cpp's answer is given up. Default 30,000. */
  probeLimitMs?: number | undefined;
}

/**
 * The devices of this machine: the processor first, then the GPUs that llama.cpp can use. Memory is
 * read at each call; what llama.cpp sees is asked once.
 */
export class DeviceSurvey {
  readonly #options: DeviceSurveyOptions;
  readonly #cpu: Cpu;
  readonly #nvidiaSmi: NvidiaSmi;
  #probing: Promise<void> | undefined;
  #seen: ProbedDevices | undefined;
  #hinted = false;

  constructor(options: DeviceSurveyOptions = {}) {
    this.#options = options;
    this.#cpu = readCpu(options);
    this.#nvidiaSmi = new NvidiaSmi(options.nvidiaSmi);
  }

  /**
   * Begins to ask llama.cpp, in the background. Called again, it does nothing.
   *
   * @param signal Ends the asking when the hive ends; the processor alone is known then.
   */
  start(signal?: AbortSignal): void {
    this.#probing ??= this.#probe(signal);
  }

  /**
   * All devices, with what is free now. Waits for llama.cpp's answer, and for nvidia-smi's where the
   * last one is older than 10 s. Never rejects: what cannot be asked is narrated, and not listed.
   */
  async list(): Promise<DeviceInfo[]> {
    this.start();
    await Promise.all([this.#probing, this.#nvidiaSmi.cards()]);
    this.#hint();
    return this.snapshot();
  }

  /**
   * The devices that are known now: the processor's free memory is read, the GPUs' is that of the last
   * {@linkcode list}. Starts nothing and waits for nothing.
   */
  snapshot(): DeviceInfo[] {
    const cpu = cpuDevice(this.#cpu, readSystemMemory(this.#options));
    const gpus = this.#seen === undefined ? [] : gpuDevices(this.#seen, this.#nvidiaSmi.known);
    return [cpu, ...gpus];
  }

  /**
   * The same, and has the GPUs' free memory looked at for the next call, as often as nvidia-smi is worth
   * asking. A machine without a GPU starts nothing for it.
   */
  refreshed(): DeviceInfo[] {
    const devices = this.snapshot();
    if (devices.length > 1) this.#nvidiaSmi.cards();
    return devices;
  }

  async #probe(signal: AbortSignal | undefined): Promise<void> {
    const { probeCommand: command, probeLimitMs: limitMs } = this.#options;
    try {
      const answer = await runProbe(["--probe=devices"], { command, limitMs, signal });
      if (answer.probe === "devices") this.#seen = answer;
    } catch (error) {
      if (signal?.aborted) return;
      const { code, message } = toRbeeError(error);
      narrate("device_survey", `GPUs are not listed: ${message}`, {
        level: "warn",
        fields: { code },
      });
    }
  }

  /** Says once that there are cards which nothing here can use. */
  #hint(): void {
    const cards = this.#nvidiaSmi.known;
    if (this.#hinted || this.#seen?.backend !== "cpu" || cards.length === 0) return;
    this.#hinted = true;
    const names = cards.map(({ name }) => name);
    narrate(
      "device_survey",
      `llama.cpp here cannot use ${names.join(", ")}; add the GPU package as README says`,
      { fields: { cards: names } },
    );
  }
}
