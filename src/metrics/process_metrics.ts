import process from "node:process";
import type { RoleMetrics } from "./role_metrics.ts";

const LAG_EVERY_MS = 1000;
const LAG_BUCKETS_S = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/**
 * Adds what a process uses: memory, processor, and how late its event loop is, measured once a second by
 * a timer that holds no process up. It needs no permission of Deno. Returns what ends the timer.
 */
export function addProcessMetrics(metrics: Pick<RoleMetrics, "gauge" | "counter" | "histogram">) {
  const startedS = performance.timeOrigin / 1000;
  metrics.gauge(
    { name: "process_resident_memory_bytes", help: "Resident memory of the process in bytes" },
    () => Deno.memoryUsage().rss,
  );
  metrics.gauge(
    { name: "process_heap_bytes", help: "Memory in use of JavaScript's heap in bytes" },
    () => Deno.memoryUsage().heapUsed,
  );
  metrics.gauge(
    { name: "process_start_time_seconds", help: "Start of the process in seconds since 1970" },
    () => startedS,
  );
  metrics.counter(
    { name: "process_cpu_seconds_total", help: "Time of all cores that the process has used" },
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  );
  const observe = metrics.histogram({
    name: "event_loop_lag_seconds",
    help: "How late a timer of the event loop was, measured once a second",
    buckets: LAG_BUCKETS_S,
  });
  let dueMs = performance.now() + LAG_EVERY_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    observe(Math.max(0, nowMs - dueMs) / 1000);
    dueMs = nowMs + LAG_EVERY_MS;
  }, LAG_EVERY_MS);
  Deno.unrefTimer(timer);
  return () => clearInterval(timer);
}
