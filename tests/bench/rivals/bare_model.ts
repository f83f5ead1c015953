import { getLlama, LlamaLogLevel, type LlamaModel } from "node-llama-cpp";
import { DEMO_MODEL, findModelFile } from "../../../src/models/model_file.ts";

/** Loads the demo model on the processor as a worker does, with the package alone. */
export async function loadBareModel(): Promise<LlamaModel> {
  const { path } = await findModelFile(DEMO_MODEL);
  const llama = await getLlama({
    gpu: false,
    build: "never",
    skipDownload: true,
    progressLogs: false,
    maxThreads: 0,
    logLevel: LlamaLogLevel.disabled,
  });
  return await llama.loadModel({ modelPath: path });
}
