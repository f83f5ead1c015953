import { getLlama, type Llama, LlamaLogLevel, NoBinaryFoundError } from "node-llama-cpp";
import { messageOf, RbeeError } from "../base/rbee_error.ts";
import { singleLine } from "../base/single_line.ts";

/** What llama.cpp says of itself, line by line, warnings and errors alone. */
export type OnDiagnostic = (line: string, level: "warn" | "error") => void;

const ERRORS: ReadonlySet<LlamaLogLevel> = new Set([LlamaLogLevel.error, LlamaLogLevel.fatal]);

/**
 * Starts llama.cpp for a device. Never compiles and never downloads.
 *
 * @throws {RbeeError} `no_such_device` If this machine or this installation does not have it.
 */
export async function startLlama(device: string, onDiagnostic: OnDiagnostic): Promise<Llama> {
  const [kind = "auto", index] = device.split(":");
  if (index !== undefined) {
    // llama.cpp's backends read these when they are loaded; there is no other way to choose one GPU.
    // As nvidia-smi counts: CUDA itself would put the fastest card first.
    Deno.env.set("CUDA_DEVICE_ORDER", "PCI_BUS_ID");
    Deno.env.set(kind === "cuda" ? "CUDA_VISIBLE_DEVICES" : "GGML_VK_VISIBLE_DEVICES", index);
  }
  let llama: Llama;
  try {
    llama = await getLlama({
      gpu: kind === "cpu" ? false : kind === "gpu" ? "auto" : kind as "auto" | "metal" | "cuda",
      build: "never",
      skipDownload: true,
      progressLogs: false,
      // 0: the context's own number of threads is used as it is.
      maxThreads: 0,
      logLevel: LlamaLogLevel.warn,
      logger: (level, message) =>
        onDiagnostic(`llama.cpp: ${singleLine(message)}`, ERRORS.has(level) ? "error" : "warn"),
    });
  } catch (error) {
    const why = error instanceof NoBinaryFoundError
      ? "no llama.cpp for it is installed"
      : messageOf(error);
    throw noSuchDevice(device, why, error);
  }
  if (kind !== "cpu" && kind !== "auto" && llama.gpu === false) {
    await llama.dispose();
    throw noSuchDevice(device, "no GPU that llama.cpp can use was found");
  }
  return llama;
}

function noSuchDevice(device: string, why: string, cause?: unknown): RbeeError {
  return new RbeeError(
    "no_such_device",
    `Cannot use the device "${device}": ${
      why.split("\n", 1)[0]
    }; try --device cpu, or add the GPU package as README says`,
    { cause },
  );
}
