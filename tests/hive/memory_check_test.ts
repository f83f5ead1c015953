import assert from "node:assert/strict";
import { RbeeError } from "../../src/base/rbee_error.ts";
import type { MemoryNeed } from "../../src/contracts/probe.ts";
import { MemoryCheck } from "../../src/hive/memory_check.ts";
import { readSystemMemory } from "../../src/process/system_memory.ts";
import { devices } from "../helpers/hive_view.ts";

const FILE = { name: "big", path: "/models/big.gguf", bytes: 10 };
const NEED: MemoryNeed = {
  backend: "cpu",
  model_bytes: 10,
  context_bytes: 5,
  context_token_bytes: 0,
  vram_bytes: 0,
  ram_bytes: 15,
  layers: 4,
  gpu_layers: 0,
  context: 512,
};
const ON_GPU = { ...NEED, backend: "cuda", vram_bytes: 8e9, ram_bytes: 0, gpu_layers: 4 } as const;

/** Checks a model that needs this, beside cards with so many free GB; what is thrown, if anything. */
async function check(
  need: Partial<MemoryNeed> | RbeeError,
  how: { cards?: Record<string, number | null>; device?: string; reservedBytes?: number } = {},
): Promise<RbeeError | undefined> {
  const { cards = {}, device = "cpu", reservedBytes = 0 } = how;
  const checked = new MemoryCheck({ list: () => Promise.resolve(devices(cards)) }, {
    estimateMemory: () =>
      need instanceof RbeeError ? Promise.reject(need) : Promise.resolve({ ...NEED, ...need }),
  });
  const spec = { model: "big", device, engine: "other", options: { context: 512 } };
  try {
    await checked.check(spec, FILE, { reservedBytes, signal: new AbortController().signal });
    return undefined;
  } catch (error) {
    assert.ok(error instanceof RbeeError);
    return error;
  }
}

Deno.test("MemoryCheck.check() takes what fits into what is free", async () => {
  assert.equal(await check({}), undefined);
});

Deno.test("MemoryCheck.check() counts what others are about to take", async () => {
  const { freeBytes } = readSystemMemory();
  const error = await check({}, { reservedBytes: 2 * freeBytes });
  assert.equal(error?.code, "insufficient_memory");
  const { needed_bytes, free_bytes, on_gpu } = error.details ?? {};
  assert.deepEqual([needed_bytes, free_bytes, on_gpu], [15, 0, false]);
});

Deno.test("MemoryCheck.check() says of a GPU that is too full that it is the GPU", async () => {
  const error = await check(ON_GPU, { cards: { "cuda:0": 5 }, device: "cuda:0" });
  assert.equal(error?.code, "insufficient_memory");
  const { needed_bytes, free_bytes, on_gpu } = error.details ?? {};
  assert.deepEqual([needed_bytes, free_bytes, on_gpu], [8e9, 5e9, true]);
});

Deno.test("MemoryCheck.check() looks at the GPU that is asked for, and at all where none is named", async () => {
  const cards = { "cuda:0": 5, "cuda:1": 9 };
  assert.equal(await check(ON_GPU, { cards, device: "cuda:1" }), undefined);
  assert.equal((await check(ON_GPU, { cards, device: "cuda:0" }))?.details?.["free_bytes"], 5e9);
  assert.equal(await check(ON_GPU, { cards, device: "gpu" }), undefined);
});

Deno.test("MemoryCheck.check() refuses nothing where it is not known what is free or needed", async () => {
  assert.equal(await check(ON_GPU, { cards: { "cuda:0": null }, device: "cuda:0" }), undefined);
  assert.equal(await check(new RbeeError("cannot_estimate", "Its header is damaged")), undefined);
});
