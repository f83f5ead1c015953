import assert from "node:assert/strict";
import { JobRegistry } from "../../src/jobs/job_registry.ts";
import { addJobMetrics } from "../../src/jobs/job_metrics.ts";
import { RoleMetrics } from "../../src/metrics/role_metrics.ts";
import { narrate } from "../../src/narration/narrate.ts";

interface Measured extends Disposable {
  registry: JobRegistry;
  /** The value of a figure; undefined where there is none. */
  figure(series: string): Promise<number | undefined>;
}

function measured(): Measured {
  const metrics = new RoleMetrics("worker");
  const registry = new JobRegistry();
  addJobMetrics(metrics, registry);
  return {
    registry,
    async figure(series) {
      const start = `rbee_${
        series.replace(/\}?$/, series.includes("{") ? "," : "{")
      }role="worker"} `;
      const line = (await metrics.text()).split("\n").find((each) => each.startsWith(start));
      return line === undefined ? undefined : Number(line.slice(start.length));
    },
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  };
}

Deno.test("jobs are counted by operation and state while they are there and when they have ended", async () => {
  using measure = measured();
  const { registry } = measure;
  const [a, b, c] = [1, 2, 3].map(() => registry.create({ operation: "infer" }).job);
  a!.start();
  assert.equal(await measure.figure('jobs{operation="infer",state="queued"}'), 2);
  assert.equal(await measure.figure('jobs{operation="infer",state="running"}'), 1);
  a!.finishDone({ result: null });
  b!.cancel("on request");
  c!.finishError(new Error("broken"));
  await Promise.all([a!.ended, b!.ended, c!.ended]);
  assert.equal(await measure.figure('jobs{operation="infer",state="queued"}'), undefined);
  for (const state of ["done", "cancelled", "error"]) {
    assert.equal(await measure.figure(`jobs_total{operation="infer",state="${state}"}`), 1, state);
  }
});

Deno.test("tokens and the times to them are those of the answer", async () => {
  using measure = measured();
  const { job } = measure.registry.create({ operation: "infer" });
  job.start();
  for (const i of [0, 1, 2]) job.log.append({ type: "token", text: "a", i });
  job.finishDone({ result: null, usage: { prompt_tokens: 7, completion_tokens: 5 } });
  await job.ended;
  assert.equal(await measure.figure("tokens_prompt_total"), 7);
  assert.equal(await measure.figure("tokens_generated_total"), 5);
  assert.equal(await measure.figure("time_to_first_token_seconds_count"), 1);
  assert.equal(await measure.figure("time_per_token_seconds_count"), 1);
});

Deno.test("of an answer that broke off its pieces are counted, of a job without an answer none", async () => {
  using measure = measured();
  const broken = measure.registry.create({ operation: "infer" }).job;
  broken.start();
  broken.log.append({ type: "token", text: "a", i: 0 });
  broken.log.append({ type: "token", text: "b", i: 1 });
  broken.finishError(new Error("broken"));
  const other = measure.registry.create({ operation: "status" }).job;
  other.start();
  other.finishDone({ result: null });
  await Promise.all([broken.ended, other.ended]);
  assert.equal(await measure.figure("tokens_generated_total"), 2);
  assert.equal(await measure.figure("time_to_first_token_seconds_count"), 1);
});

Deno.test("readers and what they missed are counted", async () => {
  using measure = measured();
  const { job } = measure.registry.create({ operation: "infer" });
  job.start();
  const gone = job.addReader();
  assert.equal(await measure.figure("stream_readers"), 1);
  gone();
  gone();
  assert.equal(await measure.figure("stream_readers"), 0);
  const text = "x".repeat(100_000);
  for (let i = 0; i < 60; i++) job.log.append({ type: "token", text, i });
  const cursor = job.log.cursor(0);
  cursor.read();
  const missed = cursor.after;
  assert.ok(missed > 0 && missed < 60, `${missed} events were missed`);
  assert.equal(await measure.figure("stream_gap_events_total"), missed);
  job.finishDone({ result: null });
  await job.ended;
});

Deno.test("narration is counted by its level", async () => {
  using measure = measured();
  narrate("test", "One");
  narrate("test", "Two", { level: "warn" });
  narrate("test", "Three", { level: "warn" });
  assert.equal(await measure.figure('narration_events_total{level="info"}'), 1);
  assert.equal(await measure.figure('narration_events_total{level="warn"}'), 2);
});
