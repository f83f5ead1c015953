import assert from "node:assert/strict";
import fc from "fast-check";
import type { MemoryNeed } from "../../src/contracts/probe.ts";
import { inWords, memoryShortage, needInWords, ramNeeded } from "../../src/models/memory_fit.ts";

const GB = 1e9;

/** What a model of `model` GB needs with a context of `context` GB, on the processor. */
function onCpu(model: number, context: number, more: Partial<MemoryNeed> = {}) {
  return {
    name: "big",
    backend: "cpu" as const,
    model_bytes: Math.round(model * GB),
    context_bytes: Math.round(context * GB),
    context_token_bytes: 0,
    vram_bytes: 0,
    ram_bytes: Math.round((model + context) * GB),
    layers: 33,
    gpu_layers: 0,
    context: 4096,
    ...more,
  };
}

const room = (free: number, total: number) => ({
  ramFree: free * GB,
  ramTotal: total * GB,
  vramFree: 0,
});

Deno.test("memoryShortage() finds none where there is room, to the last byte", () => {
  assert.equal(memoryShortage(onCpu(3, 1), room(4, 8)), undefined);
  const less = { ...room(4, 8), ramFree: 4 * GB - 1 };
  assert.notEqual(memoryShortage(onCpu(3, 1), less), undefined);
});

Deno.test("memoryShortage() says what is needed, what is free, and what to do", () => {
  assert.deepEqual(memoryShortage(onCpu(19.9, 1.4), room(12.1, 24.7)), {
    message:
      "Cannot load big: it needs 21.3 GB (model 19.9, context 1.4) and 12.1 GB of 24.7 GB are free; stop a worker (rbee worker list), take a smaller model, or a smaller --context",
    details: {
      needed_bytes: 21.3 * GB,
      free_bytes: 12.1 * GB,
      model_bytes: 19.9 * GB,
      context_bytes: 1.4 * GB,
    },
  });
});

Deno.test("memoryShortage() does not advise to stop others where that would not do", () => {
  assert.equal(
    memoryShortage(onCpu(39.9, 1.4), room(23.1, 24.7))?.message,
    "Cannot load big: it needs 41.3 GB (model 39.9, context 1.4) and 23.1 GB of 24.7 GB are free; take a smaller model, or a smaller --context",
  );
});

Deno.test("memoryShortage() gives the largest context that fits where the model does", () => {
  const need = onCpu(4, 16, { context: 131_072, context_token_bytes: 100_000 });
  const shortage = memoryShortage(need, room(12, 24));
  // 8 GB are missing, 80,000 tokens.
  assert.equal(
    shortage?.message,
    "Cannot load big with --context 131072: it needs 20.0 GB (model 4.0, context 16.0) and 12.0 GB of 24.0 GB are free; take --context 50944 at most, or stop a worker (rbee worker list)",
  );
  assert.equal(shortage?.details.largest_context, 50_944);
  assert.match(
    memoryShortage(need, room(12, 19))!.message,
    /; take --context 50944 at most$/,
  );
});

Deno.test("memoryShortage() gives no context where the model alone does not fit", () => {
  const tokens = { context: 131_072, context_token_bytes: 100_000 };
  const shortage = memoryShortage(onCpu(4, 16, tokens), room(3, 24));
  assert.equal(shortage?.details.largest_context, undefined);
  assert.match(shortage!.message, /take a smaller model, or a smaller --context$/);
  // What is not counted cannot be saved on.
  const uncounted = memoryShortage(onCpu(4, 0, tokens), room(3, 24));
  assert.equal(uncounted?.details.largest_context, undefined);
});

Deno.test("memoryShortage() never shows a need that is no more than what is free", () => {
  const need = { ...onCpu(4, 0), ram_bytes: 4 * GB + 1, model_bytes: 4 * GB + 1 };
  assert.match(
    memoryShortage(need, room(4, 8))!.message,
    /it needs 4\.1 GB .* and 4\.0 GB of 8\.0 GB are free/,
  );
});

Deno.test("memoryShortage() measures layers that were asked for against the GPU's memory", () => {
  const need = onCpu(20, 4, {
    backend: "cuda",
    vram_bytes: 18 * GB,
    ram_bytes: 6 * GB,
    gpu_layers: 30,
  });
  const shortage = memoryShortage(need, { ...room(24, 32), vramFree: 12 * GB });
  assert.equal(
    shortage?.message,
    "Cannot load big with 30 of its 33 layers on the GPU: they need 18.0 GB there and 12.0 GB are free; leave --gpu-layers out for as many as fit, take fewer, or stop a worker (rbee worker list)",
  );
  assert.deepEqual([shortage.details.needed_bytes, shortage.details.free_bytes], [
    18 * GB,
    12 * GB,
  ]);
  assert.equal(memoryShortage(need, { ...room(6, 32), vramFree: 18 * GB }), undefined);
});

Deno.test("memoryShortage() counts of a split model what is not on the GPU", () => {
  const need = onCpu(20, 4, {
    backend: "cuda",
    vram_bytes: 10 * GB,
    ram_bytes: 14 * GB,
    gpu_layers: 14,
    context_token_bytes: 1_000_000,
  });
  const shortage = memoryShortage(need, { ...room(8, 32), vramFree: 12 * GB });
  assert.equal(
    shortage?.message,
    "Cannot load big: it needs 14.0 GB beside the 10.0 GB on the GPU and 8.0 GB of 32.0 GB are free; stop a worker (rbee worker list), take a smaller model, or a smaller --context",
  );
});

Deno.test("memoryShortage() counts all of it where the GPU's memory is the machine's own", () => {
  const need = onCpu(20, 4, { backend: "metal", vram_bytes: 23 * GB, ram_bytes: GB });
  const unified = { ...room(22, 32), vramFree: 24 * GB, unified: true };
  assert.equal(ramNeeded(need, unified), 24 * GB);
  assert.match(
    memoryShortage(need, unified)!.message,
    /it needs 24\.0 GB \(model 20\.0, context 4\.0\) and 22\.0 GB of 32\.0 GB/,
  );
  assert.equal(memoryShortage(need, { ...unified, ramFree: 24 * GB }), undefined);
});

/** What a context takes that grows by `token`, and twice as fast until its window is full. */
function contextBytes(
  context: number,
  { fixed, token, window }: { fixed: number; token: number; window: number },
): number {
  const allocated = Math.ceil(context / 256) * 256;
  return fixed + token * (allocated + Math.min(allocated, window));
}

Deno.test("memoryShortage() gives a context that then fits, the largest where it grows evenly", () => {
  const shape = fc.record({
    fixed: fc.integer({ min: 0, max: 500_000_000 }),
    token: fc.integer({ min: 1, max: 4_000_000 }),
    window: fc.constantFrom(0, 1024, 4096),
  });
  const model = fc.integer({ min: 0, max: 40_000_000_000 });
  const context = fc.integer({ min: 8, max: 16_777_216 });
  let suggestions = 0;
  fc.assert(
    fc.property(shape, model, context, fc.nat(64_000_000_000), (of, bytes, size, free) => {
      const need = (tokens: number) => ({
        ...onCpu(0, 0),
        model_bytes: bytes,
        context_bytes: contextBytes(tokens, of),
        context_token_bytes: of.token,
        ram_bytes: bytes + contextBytes(tokens, of),
        context: tokens,
      });
      const here = { ramFree: free, ramTotal: 64 * GB, vramFree: 0 };
      const shortage = memoryShortage(need(size), here);
      const given = shortage?.details.largest_context;
      if (given === undefined) {
        // No suggestion: it fits as it is, or not even the smallest does.
        const smallest = memoryShortage(need(256), here);
        return shortage === undefined || smallest !== undefined || of.window > 0;
      }
      suggestions++;
      assert.equal(given % 256, 0);
      assert.ok(given < Math.ceil(size / 256) * 256, `${given} is no less than ${size}`);
      assert.equal(memoryShortage(need(given), here), undefined);
      if (of.window === 0) assert.notEqual(memoryShortage(need(given + 256), here), undefined);
      return true;
    }),
    { numRuns: 2000 },
  );
  assert.ok(suggestions > 200, `only ${suggestions} were tried`);
});

Deno.test("needInWords() and inWords() take the unit that shows something", () => {
  assert.equal(needInWords(onCpu(39.9, 1.4)), "41.3 GB (model 39.9, context 1.4)");
  assert.equal(needInWords(onCpu(0.0017, 0.0045)), "6.2 MB (model 1.7, context 4.5)");
  assert.equal(needInWords(onCpu(0.1, 0.01)), "0.2 GB (model 0.1, context 0.0)");
  assert.deepEqual([0, 99_999_999, 1e8, 23.14e9].map((bytes) => inWords(bytes)), [
    "0.0 MB",
    "100.0 MB",
    "0.1 GB",
    "23.1 GB",
  ]);
  assert.deepEqual([inWords(23.14e9, Math.ceil), inWords(23.19e9, Math.floor)], [
    "23.2 GB",
    "23.1 GB",
  ]);
});
