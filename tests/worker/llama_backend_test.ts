import assert from "node:assert/strict";
import { startLlama } from "../../src/worker/llama_backend.ts";

Deno.test("startLlama() computes on the processor when it is told to", async () => {
  const llama = await startLlama("cpu", () => {});
  try {
    assert.equal(llama.gpu, false);
    assert.ok(llama.cpuMathCores >= 1);
  } finally {
    await llama.dispose();
  }
});

Deno.test("startLlama() names the device that is not there and the way out", async () => {
  // Metal is Apple's, so this is one that a machine which is built and tested for never has.
  await assert.rejects(startLlama("metal", () => {}), {
    name: "RbeeError",
    code: "no_such_device",
    message:
      /^Cannot use the device "metal": .+; try --device cpu, or add the GPU package as README says$/,
  });
});

Deno.test("startLlama() says in words that no llama.cpp for a device is installed", async () => {
  await assert.rejects(startLlama("cuda", () => {}), {
    code: "no_such_device",
    message:
      'Cannot use the device "cuda": no llama.cpp for it is installed; try --device cpu, or add the GPU package as README says',
  });
});
