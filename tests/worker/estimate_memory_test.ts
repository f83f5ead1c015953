import assert from "node:assert/strict";
import type { MemoryNeed } from "../../src/contracts/probe.ts";
import { memoryShortage } from "../../src/models/memory_fit.ts";
import { DEMO_MODEL, findModelFile } from "../../src/models/model_file.ts";
import {
  contextSize,
  estimateMemory,
  type EstimateOptions,
} from "../../src/worker/estimate_memory.ts";
import { startLlama } from "../../src/worker/llama_backend.ts";
import { type EmptyModel, writeEmptyModel } from "../helpers/gguf_file.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { TemporaryFolder } from "../helpers/temporary_folder.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

/** The estimates of a model file, one for each of `options`. */
async function estimates(path: string, options: EstimateOptions[]): Promise<MemoryNeed[]> {
  const file = await findModelFile(path);
  const llama = await startLlama("cpu", () => {});
  try {
    const needs = [];
    for (const each of options) needs.push(await estimateMemory(llama, { file, options: each }));
    return needs;
  } finally {
    await llama.dispose();
  }
}

/** The same of an empty model. */
async function estimatesOf(
  model: EmptyModel,
  options: EstimateOptions[],
): Promise<{ needs: MemoryNeed[]; tensorBytes: number }> {
  await using folder = await TemporaryFolder.make();
  const path = folder.join("empty.gguf");
  const tensorBytes = await writeEmptyModel(path, model);
  return { needs: await estimates(path, options), tensorBytes };
}

Deno.test("contextSize() is what was asked for, or the model's, 4,096 at most", () => {
  assert.equal(contextSize({ context: 9000 }, 256), 9000);
  assert.equal(contextSize({}, 256), 256);
  assert.equal(contextSize({}, 131_072), 4096);
  assert.equal(contextSize({}, undefined), 4096);
});

Deno.test("estimateMemory() tells what the demo model needs", async () => {
  const [need] = await estimates(DEMO_MODEL, [{}]);
  const { bytes } = await findModelFile(DEMO_MODEL);
  assert.ok(need!.model_bytes > bytes * 0.8 && need!.model_bytes <= bytes, `${need!.model_bytes}`);
  assert.deepEqual(
    [need!.backend, need!.context, need!.layers, need!.gpu_layers, need!.vram_bytes],
    ["cpu", 256, 5, 0, 0],
  );
  assert.equal(need!.ram_bytes, need!.model_bytes + need!.context_bytes);
});

Deno.test("estimateMemory() counts every byte of a model that no machine could load", async () => {
  const { needs: [need], tensorBytes } = await estimatesOf({ layers: 50, width: 8192 }, [{}]);
  assert.ok(tensorBytes > 100e9);
  assert.equal(need!.model_bytes, tensorBytes);
  // 50 layers, keys and values of 8,192 halves, for each token of 4 slots.
  const kept = 50 * 2 * 8192 * 2 * 4;
  assert.ok(Math.abs(need!.context_token_bytes / kept - 1) < 0.01, `${need!.context_token_bytes}`);
  assert.ok(need!.context_bytes > kept * 4096, `${need!.context_bytes}`);
});

Deno.test("estimateMemory() grows with the context and the slots, and shrinks with the type", async () => {
  const { needs } = await estimatesOf({}, [
    { context: 4096 },
    { context: 8192 },
    { context: 4096, parallel: 8 },
    { context: 4096, kv_type: "q8_0" },
    { context: 4096, kv_type: "q4_0" },
  ]);
  const [usual, longer, more, q8, q4] = needs.map((need) => need.context_bytes);
  const kept = 4096 * needs[0]!.context_token_bytes;
  assert.equal(longer! - usual!, kept);
  assert.ok(more! - usual! > kept * 0.9, `${more} after ${usual}`);
  assert.ok(q8! < usual! * 0.7 && q4! < q8! * 0.8, `${[usual, q8, q4]}`);
});

Deno.test("estimateMemory() reckons a context that would take seconds to try", async () => {
  const { needs: [long, vast] } = await estimatesOf({}, [
    { context: 200_000 },
    { context: 16_000_000, parallel: 256 },
  ]);
  assert.equal(vast!.context, 16_000_000);
  const ratio = 16_000_000 * 256 / (200_000 * 4);
  const grown = vast!.context_bytes / long!.context_bytes;
  assert.ok(Math.abs(grown / ratio - 1) < 0.1, `${grown} times, not ${ratio}`);
});

Deno.test("estimateMemory() is what llama.cpp then takes", async () => {
  const contexts = [256, 32_768] as const;
  const needs = await estimates(DEMO_MODEL, contexts.map((context) => ({ context })));
  await using home = await RbeeHome.create();
  // In processes of their own, as the tests of this one collect their garbage meanwhile.
  const residents = [];
  for (const context of contexts) {
    const worker = home.start([
      ...["serve", "--role", "worker", "--model", DEMO_MODEL, "--device", "cpu"],
      ...["--context", String(context)],
    ]);
    await worker.line(/worker_ready/);
    residents.push(residentBytes(worker.pid));
    worker.signal("SIGTERM");
    assert.equal((await worker.result).code, 0);
  }
  const taken = residents[1]! - residents[0]!;
  const reckoned = needs[1]!.context_bytes - needs[0]!.context_bytes;
  const part = taken / reckoned;
  assert.ok(part > 0.7 && part < 1.1, `${taken} of ${reckoned}`);
});

for (
  const [what, model] of [
    ["a model that looks at all", {}],
    [
      "a model with a sliding window",
      { architecture: "gemma3", layers: 12, slidingWindow: 1024, context: 32_768 },
    ],
  ] as const
) {
  Deno.test(`estimateMemory() and memoryShortage() give a context that then fits, for ${what}`, async () => {
    await using folder = await TemporaryFolder.make();
    const path = folder.join("empty.gguf");
    await writeEmptyModel(path, model);
    const sizes = [100, 2048, 5000, 131_072];
    const needs = await estimates(path, sizes.map((context) => ({ context })));
    const suggested: { context: number; room: Parameters<typeof memoryShortage>[1] }[] = [];
    for (const need of needs) {
      for (const part of [0.2, 0.5, 0.9, 0.999]) {
        const ramFree = Math.floor(need.model_bytes + need.context_bytes * part);
        const room = { ramFree, ramTotal: 2 * ramFree, vramFree: 0 };
        const shortage = memoryShortage({ ...need, name: "empty" }, room);
        const context = shortage?.details.largest_context;
        if (context !== undefined) suggested.push({ context, room });
      }
    }
    assert.ok(suggested.length >= 8, `${suggested.length} suggestions`);
    const then = await estimates(path, suggested.map(({ context }) => ({ context })));
    for (const [index, need] of then.entries()) {
      const { context, room } = suggested[index]!;
      assert.equal(need.context, context);
      assert.equal(memoryShortage({ ...need, name: "empty" }, room), undefined, `${context}`);
    }
  });
}

Deno.test("estimateMemory() tells nothing of what llama.cpp cannot load", async () => {
  await using folder = await TemporaryFolder.make();
  const damaged = folder.join("damaged.gguf");
  await Deno.writeTextFile(damaged, "GGUF");
  await assert.rejects(estimates(damaged, [{}]), {
    name: "RbeeError",
    code: "cannot_estimate",
    message: new RegExp(`^Cannot tell what memory "${damaged}" needs: \\S`),
  });
  // The heads of the demo model are narrower than a block of this type.
  await assert.rejects(estimates(DEMO_MODEL, [{ kv_type: "q8_0" }]), { code: "cannot_estimate" });
});

function residentBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}
