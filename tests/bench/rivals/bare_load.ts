/** Loads the demo model as a worker does, says so, and ends. */
import { loadBareModel } from "./bare_model.ts";

const model = await loadBareModel();
await model.createContext({ contextSize: 256, sequences: 4, threads: 1 });
Deno.stdout.writeSync(new TextEncoder().encode("loaded\n"));
Deno.exit(0);
