import type { WorkerTelemetry } from "../../contracts/telemetry.ts";
import { bytesText, rateText } from "../quantities.ts";
import { spanText } from "../plain_words.ts";

/** One thing that is known of a worker, and what it is called. */
export interface WorkerFact {
  name: string;
  value: string;
}

/** A worker's state, with how far it is. */
export function workerStateText(
  { state, queued, load_percent }: Pick<WorkerTelemetry, "state" | "queued" | "load_percent">,
): string {
  if (queued === true) return "waiting for a place";
  if (state !== "loading" || load_percent === undefined) return state;
  return `loading, ${Math.floor(load_percent)} %`;
}

/** What is known of a worker beside its state; what its hive does not tell is left out. */
export function workerFacts(worker: WorkerTelemetry): WorkerFact[] {
  const { device, engine, restarts, state } = worker;
  const isRunning = state !== "failed" && state !== "stopped" && worker.queued !== true;
  return [
    { name: "Device", value: device },
    { name: "Engine", value: engine },
    ...(isRunning ? runningFacts(worker) : []),
    { name: "Restarts", value: `${restarts}` },
  ];
}

function runningFacts(worker: WorkerTelemetry): WorkerFact[] {
  const { tokens_per_second: rate, cpu_percent: cpu, uptime_ms } = worker;
  const memory = memoryText(worker);
  return [
    { name: "Requests", value: requestsText(worker) },
    ...(rate === undefined ? [] : [{ name: "Tokens/s", value: rateText(rate) }]),
    ...(memory === undefined ? [] : [{ name: "Memory", value: memory }]),
    ...(cpu === null ? [] : [{ name: "CPU", value: `${Math.round(cpu)} %` }]),
    { name: "Up", value: spanText(uptime_ms) },
  ];
}

function requestsText({ requests, parallel, waiting }: WorkerTelemetry): string {
  const running = parallel === undefined ? `${requests}` : `${requests} of ${parallel}`;
  return waiting === 0 ? running : `${running}, ${waiting} waiting`;
}

function memoryText({ memory_bytes, memory }: WorkerTelemetry): string | undefined {
  const vram = memory?.vram_bytes ?? 0;
  const parts = [
    ...(memory_bytes === null ? [] : [bytesText(memory_bytes)]),
    ...(vram === 0 ? [] : [`${bytesText(vram)} VRAM`]),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}
