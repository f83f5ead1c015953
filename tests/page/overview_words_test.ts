import { deepEqual, equal } from "node:assert/strict";
import {
  chartTop,
  loadText,
  memoryName,
  mendingCommand,
  usedMemory,
} from "../../src/page/overview/hive_words.ts";
import { logLine, MAX_LOG_LINES, withLogLines } from "../../src/page/overview/log_text.ts";
import { workerFacts, workerStateText } from "../../src/page/overview/worker_words.ts";
import { cpuDevice, hiveInfo, workerInfo } from "./overview_parts.ts";

Deno.test("mendingCommand() names a command where the reason of a hive names none", () => {
  const away = { name: "attic", state: "unreachable", error: "it is stopping" } as const;
  equal(mendingCommand(away), "rbee hive status attic");
  equal(mendingCommand({ ...away, name: "local" }), "rbee up");
  equal(mendingCommand({ name: "attic", state: "unreachable" }), "rbee hive status attic");
});

Deno.test("mendingCommand() leaves it to a reason that says itself what to do", () => {
  const error = "it does not run; start it with rbee hive start attic";
  equal(mendingCommand({ name: "attic", state: "unreachable", error }), undefined);
});

Deno.test("mendingCommand() has nothing to mend on a hive that is connected", () => {
  equal(mendingCommand({ name: "attic", state: "connected" }), undefined);
  equal(mendingCommand({ name: "attic", state: "connecting" }), undefined);
});

Deno.test("loadText() tells the load of the last minute, and of how many cores", () => {
  equal(loadText(hiveInfo({ load: [3.24, 2, 1] })), "Load 3.2 of 8 cores");
  equal(
    loadText(hiveInfo({ load: [1], devices: [cpuDevice({ cores: 1 })] })),
    "Load 1.0 of 1 core",
  );
  equal(loadText(hiveInfo({ load: [1], devices: [] })), "Load 1.0");
  equal(loadText(hiveInfo({ load: [] })), undefined);
});

Deno.test("usedMemory() is what is not free, where both are known", () => {
  deepEqual(usedMemory(cpuDevice()), { used: 12e9, total: 16e9 });
  equal(usedMemory(cpuDevice({ free_bytes: null })), undefined);
  equal(usedMemory(cpuDevice({ total_bytes: null })), undefined);
  equal(usedMemory(cpuDevice({ total_bytes: 0 })), undefined);
  deepEqual(usedMemory(cpuDevice({ free_bytes: 20e9 })), { used: 0, total: 16e9 });
});

Deno.test("memoryName() calls a GPU's own memory VRAM, and shared memory by its name", () => {
  deepEqual(
    (["cpu", "metal", "cuda", "vulkan"] as const).map((kind) => memoryName({ kind })),
    ["memory", "memory", "VRAM", "VRAM"],
  );
});

Deno.test("chartTop() is the larger of the machine's memory, told once, and that of its GPUs together", () => {
  const gpu = (device: string, kind: "cuda" | "metal", total_bytes: number) =>
    cpuDevice({ device, kind, total_bytes });
  equal(chartTop(hiveInfo({ devices: [] })), 1e9);
  equal(chartTop(hiveInfo()), 16e9);
  equal(chartTop(hiveInfo({ devices: [cpuDevice(), gpu("metal", "metal", 12e9)] })), 16e9);
  const two = [gpu("cuda:0", "cuda", 10e9), gpu("cuda:1", "cuda", 10e9)];
  equal(chartTop(hiveInfo({ devices: [cpuDevice(), ...two] })), 20e9);
});

Deno.test("workerStateText() tells how far a worker has loaded, and that one waits", () => {
  equal(workerStateText({ state: "ready" }), "ready");
  equal(workerStateText({ state: "loading" }), "loading");
  equal(workerStateText({ state: "loading", load_percent: 99.9 }), "loading, 99 %");
  equal(workerStateText({ state: "starting", queued: true }), "waiting for a place");
});

Deno.test("workerFacts() tells all that is known of a worker that runs", () => {
  const worker = workerInfo({
    requests: 2,
    parallel: 4,
    waiting: 1,
    tokens_per_second: 37.42,
    memory_bytes: 4.2e9,
    memory: { ram_bytes: 0, mapped_bytes: 0, vram_bytes: 21e9 },
    cpu_percent: 120.4,
    uptime_ms: 65_000,
    restarts: 3,
  });
  deepEqual(workerFacts(worker).map(({ name, value }) => `${name}: ${value}`), [
    "Device: cpu",
    "Engine: llama.cpp",
    "Requests: 2 of 4, 1 waiting",
    "Tokens/s: 37.4",
    "Memory: 4.2 GB, 21.0 GB VRAM",
    "CPU: 120 %",
    "Up: 1 min",
    "Restarts: 3",
  ]);
});

Deno.test("workerFacts() leaves out what is not known", () => {
  deepEqual(
    workerFacts(workerInfo()).map(({ name, value }) => `${name}: ${value}`),
    ["Device: cpu", "Engine: llama.cpp", "Requests: 0", "Up: 0 s", "Restarts: 0"],
  );
});

Deno.test("workerFacts() tells nothing of a process where a worker has none", () => {
  const names = (changed: Parameters<typeof workerInfo>[0]) =>
    workerFacts(workerInfo(changed)).map(({ name }) => name);
  deepEqual(names({ state: "failed" }), ["Device", "Engine", "Restarts"]);
  deepEqual(names({ state: "starting", queued: true }), ["Device", "Engine", "Restarts"]);
});

Deno.test("logLine() shows what a worker printed and said, and what is gone", () => {
  equal(logLine("log", { line: "loading" }), "loading");
  equal(logLine("narration", { formatted: "[worker] ready" }), "[worker] ready");
  equal(logLine("gap", { from: 1, to: 20 }), "(20 earlier lines are no longer kept)");
  equal(logLine("gap", { from: 7, to: 7 }), "(1 earlier line is no longer kept)");
  equal(logLine("done", {}), undefined);
});

Deno.test("withLogLines() drops the oldest lines past its bound", () => {
  const many = Array.from({ length: MAX_LOG_LINES }, (_, at) => `${at}`);
  const lines = withLogLines(many, ["new"]);
  equal(lines.length, MAX_LOG_LINES);
  equal(lines[0], "1");
  equal(lines.at(-1), "new");
  equal(withLogLines(many, []), many);
});
