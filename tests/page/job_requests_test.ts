import assert from "node:assert/strict";
import { Command } from "commander";
import fc from "fast-check";
import { modelDownloadSchema } from "../../src/contracts/model.ts";
import { modelNameSchema, workerSpawnSchema } from "../../src/contracts/operation.ts";
import { addJobCommand } from "../../src/keeper/commands/job.ts";
import { addModelCommand } from "../../src/keeper/commands/model.ts";
import { addWorkerCommand } from "../../src/keeper/commands/worker.ts";
import {
  cancelCommand,
  downloadCommand,
  downloadRequest,
  spawnCommand,
  spawnRequest,
  stopCommand,
} from "../../src/page/actions/job_requests.ts";

/** What the real command line makes of a command that a real shell has taken apart. */
async function readByKeeper(command: string) {
  const program = `printf '%s\\0' ${command}`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", program] }).output();
  const [name, ...words] = new TextDecoder().decode(stdout).split("\0").slice(0, -1);
  assert.equal(name, "rbee");
  const read: { flags: Record<string, unknown>; args: string[] }[] = [];
  const run = (flags: unknown, args: string[]) => {
    read.push({ flags: { ...flags as object }, args });
    return Promise.resolve();
  };
  const rbee = new Command().exitOverride();
  addWorkerCommand(rbee, run);
  addModelCommand(rbee, run);
  addJobCommand(rbee, run);
  await rbee.parseAsync(words, { from: "user" });
  const [only] = read;
  assert.ok(only !== undefined && read.length === 1);
  return only;
}

const name = fc.string({ minLength: 1, maxLength: 30 }).map((text) => text.trim())
  .filter((text) => modelNameSchema.safeParse(text).success);

Deno.test("the command that is shown for a worker starts the one that is asked for", async () => {
  const typed = fc.record({
    model: name,
    hive: fc.constantFrom("", "local", "gpu-box"),
    device: fc.constantFrom("", "cpu", "cuda:0"),
    engine: fc.constantFrom("", "llama", "llama-server"),
    context: fc.constantFrom("", "4096"),
    parallel: fc.constantFrom("", "8"),
    gpu_layers: fc.constantFrom("", "0"),
    threads: fc.constantFrom("", "2"),
    kv_type: fc.constantFrom("", "q8_0"),
  });
  await fc.assert(
    fc.asyncProperty(typed, async (given) => {
      const request = workerSpawnSchema.parse(spawnRequest(given));
      const { flags, args } = await readByKeeper(spawnCommand(request));
      const { gpuLayers, kvType, ...others } = flags;
      assert.deepEqual({
        operation: "worker_spawn",
        model: args[0],
        ...others,
        ...gpuLayers !== undefined && { gpu_layers: gpuLayers },
        ...kvType !== undefined && { kv_type: kvType },
      }, request);
    }),
    { numRuns: 60 },
  );
});

Deno.test("the command that is shown for a download fetches the model that is asked for", async () => {
  const typed = fc.record({ model: name, hive: fc.constantFrom("", "gpu-box") });
  await fc.assert(
    fc.asyncProperty(typed, async (given) => {
      const request = modelDownloadSchema.parse(downloadRequest(given));
      const { flags, args } = await readByKeeper(downloadCommand(request));
      assert.deepEqual({ operation: "model_download", model: args[0], ...flags }, request);
    }),
    { numRuns: 30 },
  );
});

Deno.test("what was left empty is not sent, and shown as what is to be filled in", () => {
  const request = spawnRequest({ model: " ", hive: "", context: " ", device: " cpu " });
  assert.deepEqual(request, { operation: "worker_spawn", model: "", device: "cpu" });
  assert.equal(spawnCommand(request), "rbee worker spawn MODEL --device cpu");
  assert.equal(downloadCommand(downloadRequest({})), "rbee model download MODEL");
});

Deno.test("the commands that stop and cancel name what they end", async () => {
  const worker = "worker-01a20779-6a36-7323-9d56-eda5b71fdca9";
  assert.deepEqual((await readByKeeper(stopCommand(worker))).args, [worker]);
  const job = "job-01a20779-6a36-7323-9d56-eda5b71fdca9";
  assert.deepEqual((await readByKeeper(cancelCommand(job))).args, [job]);
});
