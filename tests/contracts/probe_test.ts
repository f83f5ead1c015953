import assert from "node:assert/strict";
import { probeAnswerSchema } from "../../src/contracts/probe.ts";

const DEVICES = {
  rbee: "probe",
  probe: "devices",
  backend: "cuda",
  devices: [{ name: "Tesla T4", total_bytes: 16_000_000_000, free_bytes: null }],
};
const MEMORY = {
  rbee: "probe",
  probe: "memory",
  backend: "cpu",
  model_bytes: 1,
  context_bytes: 2,
  context_token_bytes: 0,
  vram_bytes: 0,
  ram_bytes: 3,
  layers: 5,
  gpu_layers: 0,
  context: 256,
};

Deno.test("probeAnswerSchema takes both answers", () => {
  for (const answer of [DEVICES, MEMORY]) assert.deepEqual(probeAnswerSchema.parse(answer), answer);
});

Deno.test("probeAnswerSchema refuses what is no answer", () => {
  const wrong: unknown[] = [
    { ...DEVICES, rbee: "narration" },
    { ...DEVICES, probe: "else" },
    { ...DEVICES, backend: "tpu" },
    { ...DEVICES, devices: [{ name: "A" }] },
    { ...MEMORY, ram_bytes: -1 },
    { ...MEMORY, ram_bytes: 1.5 },
    { ...MEMORY, context: 0 },
    null,
  ];
  for (const value of wrong) {
    assert.equal(probeAnswerSchema.safeParse(value).success, false, JSON.stringify(value));
  }
});
