import assert from "node:assert/strict";
import { startLlama } from "../../src/worker/llama_backend.ts";
import { RbeeHome } from "../helpers/rbee_home.ts";
import { stayAwake } from "../helpers/stay_awake.ts";

stayAwake();

Deno.test("startLlama() computes on the processor when it is told to", async () => {
  const llama = await startLlama("cpu", () => {});
  try {
    assert.equal(llama.gpu, false);
    assert.ok(llama.cpuMathCores >= 1);
  } finally {
    await llama.dispose();
  }
});

/**
 * In a process of its own: node-llama-cpp looks for libraries and goes on when it has found the first,
 * so that what it still looks for outlives a start that fails at once.
 */
async function refusal(device: string): Promise<string> {
  await using home = await RbeeHome.create();
  const { code, stdout } = await home.rbee(
    ["serve", "--role", "worker", "--model", "bee-tiny", "--device", device],
  );
  assert.equal(code, 1);
  return stdout.trimEnd().split("\n").at(-1)!;
}

Deno.test("startLlama() names the device that is not there and the way out", async () => {
  // Metal is Apple's, so this is one that a machine which is built and tested for never has.
  assert.match(
    await refusal("metal"),
    /: Cannot use the device "metal": .+; try --device cpu, or add the GPU package as README says$/,
  );
});

Deno.test("startLlama() says in words that no llama.cpp for a device is installed", async () => {
  assert.match(
    await refusal("cuda:0"),
    /: Cannot use the device "cuda:0": no llama.cpp for it is installed; try --device cpu, or add the GPU package as README says$/,
  );
});
