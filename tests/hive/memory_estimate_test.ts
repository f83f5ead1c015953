import assert from "node:assert/strict";
import { MemoryEstimates, type MemoryRequest } from "../../src/hive/memory_estimate.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import { shell } from "../helpers/captured_child.ts";
import { RecordedNarration } from "../helpers/recorded_narration.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";

const NEED = {
  backend: "cpu",
  model_bytes: 2_000_000_000,
  context_bytes: 500_000_000,
  context_token_bytes: 100,
  vram_bytes: 0,
  ram_bytes: 2_500_000_000,
  layers: 33,
  gpu_layers: 0,
  context: 4096,
} as const;

/** A probe that is a shell script, which counts how often it is started. */
class FakeProbe implements AsyncDisposable {
  readonly estimates: MemoryEstimates;
  readonly path: string;
  readonly #folder: TemporaryFolder;

  private constructor(folder: TemporaryFolder, need: object) {
    this.#folder = folder;
    this.path = folder.join("model.gguf");
    const answer = JSON.stringify({ rbee: "probe", probe: "memory", ...need });
    const script = `echo "$*" >> ${folder.join("calls")}; echo '${answer}'`;
    this.estimates = new MemoryEstimates({ command: shell(script) });
  }

  static async make(need: object = NEED): Promise<FakeProbe> {
    const probe = new FakeProbe(await TemporaryFolder.make(), need);
    await Deno.writeTextFile(probe.path, "GGUF");
    return probe;
  }

  /** A request for its model. */
  request(options: MemoryRequest["options"] = {}, device = "auto"): MemoryRequest {
    return { file: { name: "model", path: this.path, bytes: 4 }, device, options };
  }

  async calls(): Promise<string[]> {
    return (await Deno.readTextFile(this.#folder.join("calls"))).trim().split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}

Deno.test("MemoryEstimates.estimateMemory() tells what the demo model needs, and says it", async () => {
  using said = new RecordedNarration();
  const file = await findModelFile(DEMO_MODEL);
  const request = { file, device: "cpu", options: { context: 1024, parallel: 2 } };
  const need = await new MemoryEstimates().estimateMemory(request);
  assert.deepEqual([need.backend, need.context, need.layers], ["cpu", 1024, 5]);
  assert.equal(need.model_bytes + need.context_bytes, need.ram_bytes);
  assert.deepEqual(said.records.map(({ action, level }) => [action, level]), [
    ["memory_estimate", "info"],
  ]);
  assert.match(said.records[0]!.human, /^bee-tiny needs [\d.]+ MB \(model 1\.7, context [\d.]+\)/);
});

Deno.test("MemoryEstimates.estimateMemory() passes all on that matters", async () => {
  await using probe = await FakeProbe.make();
  const options = { context: 8192, parallel: 3, gpu_layers: 7, kv_type: "q8_0" } as const;
  assert.deepEqual(await probe.estimates.estimateMemory(probe.request(options, "cuda:1")), NEED);
  assert.deepEqual(await probe.calls(), [
    `--role worker --probe=memory --model=${probe.path} --device=cuda:1 --context=8192 --parallel=3 --gpu-layers=7 --kv-type=q8_0`,
  ]);
});

Deno.test("MemoryEstimates.estimateMemory() asks once for the same file and options", async () => {
  await using probe = await FakeProbe.make();
  const ask = (...of: Parameters<FakeProbe["request"]>) =>
    probe.estimates.estimateMemory(probe.request(...of));
  await ask();
  await ask();
  assert.equal((await probe.calls()).length, 1);
  await ask({ context: 512 });
  await ask({ context: 512 }, "cpu");
  assert.equal((await probe.calls()).length, 3);
});

Deno.test("MemoryEstimates.estimateMemory() asks again when the file is another", async () => {
  await using probe = await FakeProbe.make();
  await probe.estimates.estimateMemory(probe.request());
  await Deno.utime(probe.path, 1, 1);
  await probe.estimates.estimateMemory(probe.request());
  assert.equal((await probe.calls()).length, 2);
  await Deno.writeTextFile(probe.path, "GGUF and more");
  await Deno.utime(probe.path, 1, 1);
  await probe.estimates.estimateMemory(probe.request());
  assert.equal((await probe.calls()).length, 3);
});

Deno.test("MemoryEstimates.estimateMemory() keeps no answer that depends on what was free on the GPU", async () => {
  await using probe = await FakeProbe.make({ ...NEED, backend: "cuda", gpu_layers: 12 });
  await probe.estimates.estimateMemory(probe.request());
  await probe.estimates.estimateMemory(probe.request());
  assert.equal((await probe.calls()).length, 2);
  await probe.estimates.estimateMemory(probe.request({ gpu_layers: 12 }));
  await probe.estimates.estimateMemory(probe.request({ gpu_layers: 12 }));
  assert.equal((await probe.calls()).length, 3);
});

Deno.test("MemoryEstimates.estimateMemory() keeps 100 answers", async () => {
  await using probe = await FakeProbe.make();
  const ask = (context: number) => probe.estimates.estimateMemory(probe.request({ context }));
  for (let context = 100; context <= 200; context++) await ask(context);
  await ask(200);
  assert.equal((await probe.calls()).length, 101);
  await ask(100);
  assert.equal((await probe.calls()).length, 102);
});

Deno.test("MemoryEstimates.estimateMemory() gives the worker's own reason", async () => {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("page.gguf");
  await Deno.writeTextFile(path, "<!DOCTYPE html>");
  const request = { file: { name: "page", path, bytes: 15 }, device: "cpu", options: {} };
  await assert.rejects(new MemoryEstimates().estimateMemory(request), {
    name: "RbeeError",
    code: "not_gguf",
  });
});

Deno.test("MemoryEstimates.estimateMemory() ends with its signal", async () => {
  await using probe = await FakeProbe.make();
  const estimates = new MemoryEstimates({ command: shell("exec sleep 600") });
  const abort = new AbortController();
  const asking = estimates.estimateMemory(probe.request(), abort.signal);
  abort.abort(new Error("cancelled"));
  await assert.rejects(asking, { message: "cancelled" });
});
