import assert from "node:assert/strict";
import type { DeviceInfo } from "../../src/contracts/device.ts";
import { deviceLines } from "../../src/keeper/device_lines.ts";

const CPU: DeviceInfo = {
  device: "cpu",
  kind: "cpu",
  name: "Intel(R) Xeon(R) Processor",
  total_bytes: 25_276_510_208,
  free_bytes: 24_051_113_984,
  cores: 2,
  instruction_sets: ["avx2", "avx512f"],
};
const GPU: DeviceInfo = {
  device: "cuda:0",
  kind: "cuda",
  name: "NVIDIA GeForce RTX 3090",
  total_bytes: 25_769_803_776,
  free_bytes: 0,
};

Deno.test("deviceLines() shows each device with its memory, and what else is known of it", () => {
  assert.deepEqual(deviceLines([CPU, GPU]), [
    "DEVICE  NAME                        FREE     TOTAL",
    "cpu     Intel(R) Xeon(R) Processor  24.1 GB  25.3 GB  2 cores, avx2 avx512f",
    "cuda:0  NVIDIA GeForce RTX 3090     0.0 GB   25.8 GB",
  ]);
});

for (
  const [what, fields, end] of [
    [
      "a limit of its container",
      { limit_bytes: 4_000_000_000 },
      "2 cores, avx2 avx512f, limited to 4.0 GB",
    ],
    ["one core", { cores: 1 }, "1 core, avx2 avx512f"],
    ["no instruction sets", { instruction_sets: [] }, "2 cores"],
    [
      "memory that is not known",
      { total_bytes: null, free_bytes: null },
      "unknown  unknown  2 cores, avx2 avx512f",
    ],
    ["little memory", { free_bytes: 1_700_000 }, "0.0 GB  25.3 GB  2 cores, avx2 avx512f"],
  ] as const
) {
  Deno.test(`deviceLines() shows a processor with ${what}`, () => {
    const [, line = ""] = deviceLines([{ ...CPU, ...fields } as DeviceInfo]);
    assert.ok(line.endsWith(`  ${end}`), line);
  });
}

Deno.test("deviceLines() of no device is the head alone", () => {
  assert.deepEqual(deviceLines([]), ["DEVICE  NAME  FREE  TOTAL"]);
});
