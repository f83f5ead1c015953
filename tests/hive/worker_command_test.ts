import assert from "node:assert/strict";
import { workerSpawnSchema } from "../../src/contracts/operation.ts";
import { workerCommand, type WorkerLimits } from "../../src/hive/worker_command.ts";
import { completeSpec } from "../../src/hive/worker_spec.ts";
import { selfCommand } from "../../src/process/self_command.ts";

/** The arguments after those that start this program. */
function ownArgs(fields: Record<string, unknown>, limits: Partial<WorkerLimits> = {}): string[] {
  const request = workerSpawnSchema.parse({
    operation: "worker_spawn",
    model: "bee-tiny",
    ...fields,
  });
  const { program, args } = workerCommand(completeSpec(request, undefined), {
    maxQueue: 512,
    memoryCheck: true,
    ...limits,
  });
  const self = selfCommand();
  assert.equal(program, self.program);
  assert.deepEqual(args.slice(0, self.args.length), self.args);
  return args.slice(self.args.length);
}

Deno.test("workerCommand() starts a worker that ends with its parent, on a port of its own", () => {
  assert.deepEqual(ownArgs({}), [
    "serve",
    "--role",
    "worker",
    "--parent-pipe",
    "--model=bee-tiny",
    "--device=auto",
    "--port=0",
    "--max-queue=512",
  ]);
});

Deno.test("workerCommand() passes every option that was given", () => {
  const options = { context: 128, gpu_layers: 0, parallel: 2, kv_type: "q8_0", threads: 3 };
  assert.deepEqual(ownArgs({ device: "cuda:1", ...options }).slice(5), [
    "--device=cuda:1",
    "--port=0",
    "--context=128",
    "--gpu-layers=0",
    "--parallel=2",
    "--kv-type=q8_0",
    "--threads=3",
    "--max-queue=512",
  ]);
});

Deno.test("workerCommand() passes what the hive allows: a queue, memory, and whether to look at it", () => {
  assert.deepEqual(ownArgs({}, { maxQueue: 0, memoryBytes: 0 }).slice(-2), [
    "--max-queue=0",
    "--memory-limit=0",
  ]);
  assert.deepEqual(ownArgs({}, { memoryBytes: 8_589_934_592, memoryCheck: false }).slice(-2), [
    "--memory-limit=8589934592",
    "--no-memory-check",
  ]);
});

Deno.test("workerCommand() keeps a model whose name looks like a flag a value", () => {
  assert.ok(ownArgs({ model: "--help" }).includes("--model=--help"));
  assert.ok(ownArgs({ model: "/models/a b=c.gguf" }).includes("--model=/models/a b=c.gguf"));
});
