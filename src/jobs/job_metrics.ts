import type { RoleMetrics } from "../metrics/role_metrics.ts";
import { Tally } from "../metrics/tally.ts";
import { addNarrationSink } from "../narration/narration_sink.ts";
import type { Job } from "./job.ts";
import type { JobRegistry } from "./job_registry.ts";

const TO_FIRST_TOKEN_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const A_TOKEN_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const DURATION_S = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200];

/**
 * Adds the figures of a role's jobs: how many there are and were, how long they took, and what was
 * generated in them. All is noted when a job ends, or read when it is asked for: a token costs nothing.
 */
export function addJobMetrics(metrics: RoleMetrics, registry: JobRegistry): void {
  const ended = new Tally();
  let promptTokens = 0;
  let generatedTokens = 0;
  metrics.counter({
    name: "jobs_total",
    help: "Jobs that have ended, by operation and how they ended",
    labels: ["operation", "state"],
  }, () => ended.figures);
  metrics.gauge({
    name: "jobs",
    help: "Jobs that have not ended, by operation and state",
    labels: ["operation", "state"],
  }, () => countsOf(registry.active()));
  metrics.counter(
    { name: "tokens_prompt_total", help: "Tokens of the prompts that were answered or embedded" },
    () => promptTokens,
  );
  metrics.counter({
    name: "tokens_generated_total",
    help: "Tokens of answers; of an answer that broke off, its pieces of text",
  }, () => generatedTokens);
  metrics.gauge(
    { name: "stream_readers", help: "Readers of the streams of jobs" },
    () => registry.tally.readers,
  );
  metrics.counter({
    name: "stream_gap_events_total",
    help: "Events that a reader of a stream wanted and that were no longer kept",
  }, () => registry.tally.lostEvents);
  const toFirstToken = metrics.histogram({
    name: "time_to_first_token_seconds",
    help: "From the begin of a job to the first token of its answer",
    buckets: TO_FIRST_TOKEN_S,
  });
  const aToken = metrics.histogram({
    name: "time_per_token_seconds",
    help: "Mean time from one token of an answer to the next, one figure an answer",
    buckets: A_TOKEN_S,
  });
  const duration = metrics.histogram({
    name: "job_duration_seconds",
    help: "From the begin of a job to its end",
    labels: ["operation"],
    buckets: DURATION_S,
  });
  metrics.onClose(registry.onEnded((job) => {
    const { operation, state, usage, log } = job;
    ended.add({ operation, state });
    promptTokens += usage?.prompt_tokens ?? 0;
    const generated = usage?.completion_tokens ?? log.tokens;
    generatedTokens += generated;
    duration((log.lastAppendMs - log.beganMs) / 1000, { operation });
    if (log.firstTokenMs === undefined) return;
    toFirstToken((log.firstTokenMs - log.beganMs) / 1000);
    if (generated > 1) aToken((log.lastAppendMs - log.firstTokenMs) / 1000 / (generated - 1));
  }));
  addNarrationMetrics(metrics);
}

function addNarrationMetrics(metrics: RoleMetrics): void {
  const byLevel = { debug: 0, info: 0, warn: 0, error: 0 };
  metrics.onClose(addNarrationSink({ write: ({ level }) => void byLevel[level]++ }));
  metrics.counter({
    name: "narration_events_total",
    help: "What the process has narrated, by level",
    labels: ["level"],
  }, () => Object.entries(byLevel).map(([level, value]) => ({ labels: { level }, value })));
}

function countsOf(jobs: readonly Job[]) {
  const counts = new Tally();
  for (const { operation, state } of jobs) counts.add({ operation, state });
  return counts.figures;
}
