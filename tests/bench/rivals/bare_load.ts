/** Loads the demo model as a worker does, says so, and ends. */
import { getLlama, LlamaLogLevel } from "node-llama-cpp";
import { DEMO_MODEL, findModelFile } from "../../../src/models/model_file.ts";

const { path } = await findModelFile(DEMO_MODEL);
const llama = await getLlama({
  gpu: false,
  build: "never",
  skipDownload: true,
  progressLogs: false,
  maxThreads: 0,
  logLevel: LlamaLogLevel.disabled,
});
const model = await llama.loadModel({ modelPath: path });
await model.createContext({ contextSize: 256, sequences: 4, threads: 1 });
Deno.stdout.writeSync(new TextEncoder().encode("loaded\n"));
Deno.exit(0);
