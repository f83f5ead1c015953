import assert from "node:assert/strict";
import { deviceInfoSchema } from "../../src/contracts/device.ts";
import type { ProbedDevices } from "../../src/contracts/probe.ts";
import { gpuDevices } from "../../src/hive/gpu_devices.ts";
import type { NvidiaCard } from "../../src/hive/nvidia_smi.ts";

function seen(backend: ProbedDevices["backend"], ...names: string[]): ProbedDevices {
  const bytes = names.length === 1 ? 1000 : null;
  return {
    rbee: "probe",
    probe: "devices",
    backend,
    devices: names.map((name) => ({ name, total_bytes: bytes, free_bytes: bytes })),
  };
}

function card(index: number, name: string): NvidiaCard {
  return { index, name, totalBytes: 900 + index, freeBytes: 90 + index, utilization: 0 };
}

/** The devices as `device name total free`. */
function listed(probed: ProbedDevices, cards: NvidiaCard[] = []): string[] {
  return gpuDevices(probed, cards).map((device) => {
    const { device: id, kind, name, total_bytes, free_bytes } = deviceInfoSchema.parse(device);
    assert.equal(kind, id.split(":")[0]);
    return `${id} ${name} ${total_bytes} ${free_bytes}`;
  });
}

Deno.test("gpuDevices() takes the memory of a card from nvidia-smi, which reads it anew", () => {
  assert.deepEqual(listed(seen("cuda", "NVIDIA RTX A6000"), [card(0, "NVIDIA RTX A6000")]), [
    "cuda:0 NVIDIA RTX A6000 900 90",
  ]);
});

Deno.test("gpuDevices() keeps cards of the same name apart", () => {
  const cards = [card(0, "Tesla T4"), card(1, "Tesla T4")];
  assert.deepEqual(listed(seen("cuda", "Tesla T4", "Tesla T4"), cards), [
    "cuda:0 Tesla T4 900 90",
    "cuda:1 Tesla T4 901 91",
  ]);
});

Deno.test("gpuDevices() does not take one card's memory for another's", () => {
  // What llama.cpp sees is the second card alone, which counts as its first.
  assert.deepEqual(listed(seen("cuda", "B"), [card(0, "A"), card(1, "B")]), ["cuda:0 B 1000 null"]);
});

Deno.test("gpuDevices() lists no card that llama.cpp does not see", () => {
  assert.deepEqual(listed(seen("cpu"), [card(0, "A")]), []);
  assert.deepEqual(listed(seen("cuda", "A"), [card(0, "A"), card(1, "B")]), ["cuda:0 A 900 90"]);
});

Deno.test("gpuDevices() counts Vulkan's devices in llama.cpp's order", () => {
  const probed = seen("vulkan", "AMD Radeon 780M", "GeForce RTX 4090");
  assert.deepEqual(listed(probed, [card(0, "NVIDIA GeForce RTX 4090")]), [
    "vulkan:0 AMD Radeon 780M null null",
    "vulkan:1 NVIDIA GeForce RTX 4090 900 90",
  ]);
});

Deno.test("gpuDevices() knows no free memory that was seen long ago", () => {
  assert.deepEqual(listed(seen("vulkan", "AMD Radeon 780M")), [
    "vulkan:0 AMD Radeon 780M 1000 null",
  ]);
});

Deno.test("gpuDevices() gives Metal as one device", () => {
  assert.deepEqual(listed(seen("metal", "Apple M4", "more")), ["metal Apple M4 null null"]);
});

Deno.test("gpuDevices() gives null for what nvidia-smi does not tell", () => {
  const silent = { ...card(0, "Orin"), totalBytes: null, freeBytes: null };
  assert.deepEqual(listed(seen("cuda", "Orin"), [silent]), ["cuda:0 Orin 1000 null"]);
});
